//! The contexts of RFC 9180 §5.2 and §5.3: messages in order, each under its own nonce, and the exporter.
//!
//! A receiver opens messages in the order in which they were sealed; one that does not open moves nothing.

use zeroize::Zeroizing;

use super::{Error, Suite, labeled::Labeled};
use crate::aead::{self, NONCE_LEN};

/// What both sides derive.
pub(super) struct Context {
    pub(super) suite: Suite,
    pub(super) id: [u8; 10],
    pub(super) key: aead::Key,
    pub(super) base_nonce: [u8; NONCE_LEN],
    pub(super) sequence: u64,
    pub(super) exporter: Zeroizing<Vec<u8>>,
}

impl Context {
    /// `ComputeNonce`: the base nonce xor the message's number. The last number is never used.
    fn nonce(&self) -> Result<[u8; NONCE_LEN], Error> {
        if self.sequence == u64::MAX {
            return Err(Error::MessageLimit);
        }
        let mut nonce = self.base_nonce;
        for (byte, number) in nonce[NONCE_LEN - 8..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        Ok(nonce)
    }

    fn export(&self, context: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let labeled = Labeled::new(self.suite.kdf, &self.id);
        Ok(labeled.expand(&self.exporter, b"sec", context, len)?)
    }

    fn fmt(&self, side: &str, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "hpke::{side}({}, <redacted>)", self.suite.kem)
    }
}

/// The sender's context.
pub struct Sender(pub(super) Context);

impl Sender {
    /// `ContextS.Seal`: ciphertext and tag of the next message.
    ///
    /// # Errors
    /// [`Error::MessageLimit`], or [`Error::Aead`] when the plaintext is too long.
    pub fn seal(&mut self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let sealed = self.0.key.seal(self.0.nonce()?, aad, plaintext)?;
        self.0.sequence += 1;
        Ok(sealed)
    }

    /// `Context.Export`: a secret of `len` bytes that both sides share, at most 255 hashes long.
    ///
    /// # Errors
    /// [`Error::Kdf`] when `len` is larger.
    pub fn export(&self, context: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.0.export(context, len)
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt("Sender", formatter)
    }
}

/// The recipient's context.
pub struct Receiver(pub(super) Context);

impl Receiver {
    /// `ContextR.Open`: opens the next message.
    ///
    /// # Errors
    /// [`Error::MessageLimit`], or [`Error::Aead`] when it is not the next message of this context.
    pub fn open(&mut self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plaintext = self.0.key.open(self.0.nonce()?, aad, sealed)?;
        self.0.sequence += 1;
        Ok(plaintext)
    }

    /// `Context.Export`: a secret of `len` bytes that both sides share, at most 255 hashes long.
    ///
    /// # Errors
    /// [`Error::Kdf`] when `len` is larger.
    pub fn export(&self, context: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.0.export(context, len)
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt("Receiver", formatter)
    }
}
