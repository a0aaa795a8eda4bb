//! What a checkpoint says and signs: the log had this many entries, and this was the hash of the last.
//!
//! Signed with the service's hybrid identity (MLDSA65-Ed25519-SHA512, draft-ietf-lamps-pq-composite-sigs)
//! under a context that tells a checkpoint inside the log from the end of an export, so that a log cut at a
//! checkpoint does not look like a whole export.

use hybridge_crypto::{Algorithm, encoding, sign};
use hybridge_store::{Head, StoreId};
use jiff::Timestamp;

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An entry of the log, over what comes before it.
    Log,
    /// The last line of an export, over all of it.
    Export,
}

impl Place {
    /// The context string of the signature.
    pub(crate) const fn context(self) -> &'static [u8] {
        match self {
            Self::Log => b"hybridge-audit-v1 checkpoint",
            Self::Export => b"hybridge-audit-v1 export",
        }
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The store whose log it is.
    pub store: StoreId,
    /// The end of the log.
    pub head: Head,
    /// When it was said, to the millisecond.
    pub time: Timestamp,
}

impl Statement {
    /// `store id 16 ‖ u64be sequence ‖ hash 32 ‖ u64be milliseconds since 1970`.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let millis = u64::try_from(self.time.as_millisecond()).unwrap_or(0);
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(&self.store.0);
        bytes.extend_from_slice(&self.head.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.head.hash);
        bytes.extend_from_slice(&millis.to_be_bytes());
        bytes
    }
}

/// A public key that checkpoints are believed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: &'static Algorithm,
    raw: Vec<u8>,
}

impl PublicKey {
    /// Takes a raw public key.
    #[must_use]
    pub const fn new(algorithm: &'static Algorithm, raw: Vec<u8>) -> Self {
        Self { algorithm, raw }
    }

    /// Reads SubjectPublicKeyInfo in DER or PEM.
    ///
    /// # Errors
    /// [`encoding::Error`] for anything else.
    pub fn parse(spki: &[u8]) -> Result<Self, encoding::Error> {
        let (algorithm, raw) = encoding::public_from(spki)?;
        Ok(Self { algorithm, raw })
    }

    /// SubjectPublicKeyInfo in PEM (RFC 7468).
    ///
    /// # Errors
    /// [`encoding::Error`] where the algorithm has no object identifier.
    pub fn to_pem(&self) -> Result<String, encoding::Error> {
        encoding::public_to_pem(self.algorithm, &self.raw)
    }

    /// True where the signature is this key's over the statement.
    #[must_use]
    pub fn signed(&self, statement: &Statement, place: Place, signature: &[u8]) -> bool {
        let message = statement.to_bytes();
        sign::verify(self.algorithm, &self.raw, &message, place.context(), signature).is_ok()
    }
}
