//! An agreed session: messages sealed and opened in both directions, and keys exported from it.
//!
//! Nonces are sequence numbers, so nothing random can collide; a message is opened once. Each epoch has its
//! own keys, numbers and limits. A session has an end that nothing moves: who wants to go on exchanges anew.

mod direction;
mod epoch;
mod export;
pub mod limits;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use zeroize::Zeroizing;

pub(crate) use direction::Direction;
pub(crate) use epoch::Epoch;

use crate::message::{Encoded, Kind, Rekeyed, header};
use crate::{CryptoError, KeyId, Malformed, Suite, Time};

/// Names a session: 16 random bytes. Knowing it gives no access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

/// What both sides agreed on. All of it was in the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Names the session.
    pub session: SessionId,
    /// The suite.
    pub suite: &'static Suite,
    /// From here on the session is refused.
    pub expires: Time,
    /// The identity key that signed.
    pub identity: KeyId,
    /// Under which name the server knows the client.
    pub caller: String,
    /// The exception under which a classical suite was chosen; empty for a hybrid one.
    pub exception: String,
    /// What the client's application bound to the session.
    pub client_context: Vec<u8>,
    /// What the server's application bound to the session.
    pub server_context: Vec<u8>,
}

/// One of the two sides of a session: [`Client`] or [`Server`].
pub trait Side: direction::Sends {}
impl<S: direction::Sends> Side for S {}

/// The side that began the exchange.
#[derive(Debug)]
pub enum Client {}

/// The side that holds the identity key.
#[derive(Debug)]
pub enum Server {}

/// One end of a session. Dropping it erases its keys.
pub struct Session<S> {
    pub(crate) agreed: Agreed,
    pub(crate) epoch: Epoch,
    /// What the server answered to the last re-key, for a client that did not get it.
    pub(crate) last_rekey: Option<(Vec<u8>, Encoded<Rekeyed>)>,
    side: PhantomData<fn() -> S>,
}

/// A message that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The epoch it was sealed in.
    pub epoch: u32,
    /// Its number in its direction and epoch, from 0.
    pub sequence: u64,
    /// What was sealed.
    pub plaintext: Zeroizing<Vec<u8>>,
}

impl<S: Side> Session<S> {
    pub(crate) const fn new(agreed: Agreed, epoch: Epoch) -> Self {
        Self {
            agreed,
            epoch,
            last_rekey: None,
            side: PhantomData,
        }
    }

    /// What was agreed.
    #[must_use]
    pub const fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The epoch: 0 after the exchange, one more after each re-key.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch.number
    }

    /// From here on everything is refused.
    #[must_use]
    pub const fn expires(&self) -> Time {
        self.agreed.expires
    }

    /// Seals a message for the other side: epoch, sequence number, ciphertext and tag.
    ///
    /// # Errors
    /// [`SessionError::Expired`], [`SessionError::TooLong`], [`SessionError::Exhausted`] (re-key then),
    /// [`SessionError::Crypto`].
    pub fn seal(&mut self, aad: &[u8], plaintext: &[u8], now: Time) -> Result<Vec<u8>, SessionError> {
        self.alive(now)?;
        let sequence = self.epoch.send.reserve(plaintext.len())?;
        let mut sealed = self.epoch.number.to_be_bytes().to_vec();
        sealed.extend_from_slice(&sequence.to_be_bytes());
        let bound = self.bound(S::SENDS, &sealed, aad);
        sealed.extend(self.epoch.send.seal(sequence, &bound, plaintext)?);
        Ok(sealed)
    }

    /// Opens a message of the other side, once.
    ///
    /// # Errors
    /// [`SessionError`]; nothing has changed then, except that a forgery was counted.
    pub fn open(&mut self, aad: &[u8], sealed: &[u8], now: Time) -> Result<Opened, SessionError> {
        self.alive(now)?;
        let (head, ciphertext) = sealed.split_first_chunk::<12>().ok_or(TOO_SHORT)?;
        let [a, b, c, d, sequence @ ..] = *head;
        let (epoch, sequence) = (u32::from_be_bytes([a, b, c, d]), u64::from_be_bytes(sequence));
        if epoch != self.epoch.number {
            let ours = self.epoch.number;
            return Err(SessionError::Epoch { ours, theirs: epoch });
        }
        let bound = self.bound(S::SENDS.reversed(), head, aad);
        let plaintext = self.epoch.receive.open(sequence, &bound, ciphertext)?;
        Ok(Opened {
            epoch,
            sequence,
            plaintext,
        })
    }

    /// What the AEAD authenticates beside the ciphertext. Fixed lengths come first, so it is unambiguous.
    fn bound(&self, direction: Direction, head: &[u8], aad: &[u8]) -> Vec<u8> {
        let mut bound = header(Kind::Sealed).to_vec();
        bound.extend_from_slice(&self.agreed.session.0);
        bound.push(direction as u8);
        bound.extend_from_slice(head);
        bound.extend_from_slice(aad);
        bound
    }

    pub(crate) fn alive(&self, now: Time) -> Result<(), SessionError> {
        let expires = self.agreed.expires;
        if now < expires {
            Ok(())
        } else {
            Err(SessionError::Expired { expires })
        }
    }
}

const TOO_SHORT: SessionError = SessionError::Malformed(Malformed {
    offset: 0,
    reason: "a sealed message has at least 28 bytes",
});

impl<S> std::fmt::Debug for Session<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (agreed, epoch) = (&self.agreed, self.epoch.number);
        write!(formatter, "Session({agreed:?}, epoch {epoch}, <redacted>)")
    }
}

impl SessionId {
    /// Reads the 32 hexadecimal digits that `Display` writes; upper case is refused, one name for one session.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let lower = digits
            .iter()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if digits.len() != 32 || !lower {
            return None;
        }
        let number = u128::from_str_radix(text, 16).ok()?;
        Some(Self(number.to_be_bytes()))
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SessionId({self})")
    }
}

/// Why a session refuses. Nothing in it tells an attacker more than that it does.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The session is over.
    #[error("the session has expired; exchange keys anew")]
    Expired {
        /// When it ended.
        expires: Time,
    },
    /// A limit of the epoch is reached ([`limits`]).
    #[error("the epoch has done all it may; re-key the session")]
    Exhausted,
    /// The plaintext or an argument is longer than the limit.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// The message is of another epoch than the session.
    #[error("the message is of epoch {theirs}, the session is in epoch {ours}")]
    Epoch {
        /// This side's epoch.
        ours: u32,
        /// The message's.
        theirs: u32,
    },
    /// The message was opened before, or is more than 63 behind the newest.
    #[error("message {sequence} was opened before or is too old to know")]
    Replayed {
        /// Its number.
        sequence: u64,
    },
    /// The message does not open: altered, of another session or direction, or with other associated data.
    #[error("the message does not open")]
    Forged,
    /// The bytes are not a sealed message.
    #[error("not a sealed message: {0}")]
    Malformed(Malformed),
    /// The label of an export is empty or too long.
    #[error("a label has 1 to {max} bytes")]
    Label {
        /// The limit in bytes.
        max: usize,
    },
    /// The provider failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl SessionError {
    /// The stable code of the HTTP mapping.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "session_expired",
            Self::Exhausted => "session_exhausted",
            Self::TooLong { .. } | Self::Label { .. } => "field_invalid",
            Self::Epoch { .. } | Self::Replayed { .. } | Self::Forged | Self::Malformed(_) => {
                "message_refused"
            }
            Self::Crypto(_) => "exchange_failed",
        }
    }
}
