//! The keys of one epoch and what was done with them.
//!
//! Nothing in here leads back to an earlier epoch. A sequence number is used up before it seals anything, so
//! that a failure never leads to a nonce that is used twice.

use hybridge_crypto::aead;
use zeroize::Zeroizing;

use super::{Direction, SessionError, limits};
use crate::schedule::{EpochSecret, Secret, Transcript};
use crate::window::Window;
use crate::{CryptoError, Suite};

/// One epoch of one side.
pub(crate) struct Epoch {
    pub(crate) number: u32,
    /// All that was said until the epoch began.
    pub(crate) transcript: Transcript,
    pub(crate) send: Sending,
    pub(crate) receive: Receiving,
    /// Source of exported keys.
    pub(crate) exporter: Secret,
    /// Goes into the secret of the next epoch.
    pub(crate) rekey: Secret,
    /// Authenticates the client's wish for the next epoch.
    pub(crate) rekey_auth: Secret,
}

/// The direction in which this side seals.
pub(crate) struct Sending {
    key: DirectionKey,
    pub(crate) next: u64,
    pub(crate) bytes: u64,
}

/// The direction in which this side opens.
pub(crate) struct Receiving {
    key: DirectionKey,
    pub(crate) window: Window,
    pub(crate) bytes: u64,
    pub(crate) forgeries: u64,
}

struct DirectionKey {
    key: aead::Key,
    mask: Zeroizing<[u8; aead::NONCE_LEN]>,
}

impl Epoch {
    /// Derives everything and lets the secret go.
    pub(crate) fn new(
        suite: &Suite,
        number: u32,
        secret: EpochSecret,
        transcript: Transcript,
        sends: Direction,
    ) -> Result<Self, CryptoError> {
        let length = suite.hash.len();
        Ok(Self {
            number,
            transcript,
            send: Sending {
                key: DirectionKey::new(suite, &secret, sends)?,
                next: 0,
                bytes: 0,
            },
            receive: Receiving {
                key: DirectionKey::new(suite, &secret, sends.reversed())?,
                window: Window::default(),
                bytes: 0,
                forgeries: 0,
            },
            exporter: secret.derive(b"exporter", length)?,
            rekey: secret.derive(b"rekey", length)?,
            rekey_auth: secret.derive(b"rekey auth", length)?,
        })
    }
}

impl DirectionKey {
    fn new(suite: &Suite, secret: &EpochSecret, direction: Direction) -> Result<Self, CryptoError> {
        let [key, mask] = direction.labels();
        let key = secret.derive(key, aead::KEY_LEN)?;
        let mut bytes = Zeroizing::new([0; aead::NONCE_LEN]);
        bytes.copy_from_slice(&secret.derive(mask, aead::NONCE_LEN)?);
        Ok(Self {
            key: aead::Key::from_bytes(suite.aead(), &key)?,
            mask: bytes,
        })
    }

    /// The mask with the number added into its last 8 bytes (RFC 8446 §5.3).
    fn nonce(&self, sequence: u64) -> [u8; aead::NONCE_LEN] {
        let mut nonce = *self.mask;
        for (byte, number) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
            *byte ^= number;
        }
        nonce
    }
}

impl Sending {
    /// Uses up a sequence number for a message of that length.
    pub(crate) fn reserve(&mut self, length: usize) -> Result<u64, SessionError> {
        let max = limits::MESSAGE_LEN_MAX;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if length > limits::MESSAGE_LEN_MAX as u64 {
            return Err(SessionError::TooLong { max });
        }
        let bytes = self.bytes + length;
        if self.next >= limits::MESSAGES_MAX || bytes > limits::BYTES_MAX {
            return Err(SessionError::Exhausted);
        }
        let sequence = self.next;
        self.bytes = bytes;
        self.next += 1;
        Ok(sequence)
    }

    pub(crate) fn seal(&self, sequence: u64, bound: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(self.key.key.seal(self.key.nonce(sequence), bound, plaintext)?)
    }
}

impl Receiving {
    pub(crate) fn open(
        &mut self,
        sequence: u64,
        bound: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        let bytes = self.admit(sequence, ciphertext.len())?;
        match self.key.key.open(self.key.nonce(sequence), bound, ciphertext) {
            Ok(plaintext) => {
                self.window.receive(sequence);
                self.bytes = bytes;
                Ok(plaintext)
            }
            Err(aead::Error::Open { .. }) => {
                self.forgeries += 1;
                Err(SessionError::Forged)
            }
            Err(other) => Err(CryptoError::from(other).into()),
        }
    }

    /// Checks number and limits; returns what `bytes` will be.
    fn admit(&self, sequence: u64, sealed: usize) -> Result<u64, SessionError> {
        let max = limits::MESSAGE_LEN_MAX;
        let length = sealed.checked_sub(aead::TAG_LEN).ok_or(super::TOO_SHORT)?;
        if length > max {
            return Err(SessionError::TooLong { max });
        }
        if !self.window.accepts(sequence) {
            return Err(SessionError::Replayed { sequence });
        }
        let bytes = self.bytes + length as u64;
        let exhausted = sequence >= limits::MESSAGES_MAX
            || bytes > limits::BYTES_MAX
            || self.forgeries >= limits::FORGERIES_MAX;
        if exhausted {
            return Err(SessionError::Exhausted);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
impl Sending {
    pub(super) fn nonce(&self, sequence: u64) -> [u8; aead::NONCE_LEN] {
        self.key.nonce(sequence)
    }
}

#[cfg(test)]
impl Receiving {
    pub(super) fn nonce(&self, sequence: u64) -> [u8; aead::NONCE_LEN] {
        self.key.nonce(sequence)
    }
}
