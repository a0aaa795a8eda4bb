//! Message authentication codes: HMAC with SHA-256, SHA-384 and SHA-512 (FIPS 198-1, RFC 2104).
//!
//! Rules: the inner and outer hash of a key are computed once, when the key is made; tags have full length
//! and are compared in constant time; a truncated tag is a wrong tag.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::random::{self, RandomError};
use crate::state::{self, Failed};
use crate::{Algorithm, Kind};

/// Shortest key in bytes: 112 bits (SP 800-131A §10).
pub const KEY_LEN_MIN: usize = 14;
/// Longest key in bytes; anything beyond a hash's block adds no strength.
pub const KEY_LEN_MAX: usize = 256;

/// A prepared key. Dropping it erases it.
pub struct Key {
    algorithm: &'static Algorithm,
    // Boxed: the prepared state lies in the value itself, and a move would leave a copy behind.
    prepared: Box<hmac::Key>,
    bytes: Zeroizing<Box<[u8]>>,
}

impl Key {
    /// Makes a fresh key as long as the hash's output.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::Random`] when the generator fails.
    pub fn generate(algorithm: &'static Algorithm) -> Result<Self, Error> {
        state::check()?;
        let provider = provider(algorithm).ok_or(Error::Unsupported { algorithm })?;
        let mut bytes = Zeroizing::new(vec![0; provider.tag_len()]);
        random::fill(&mut bytes)?;
        Self::from_bytes(algorithm, &bytes)
    }

    /// Prepares a key of [`KEY_LEN_MIN`] to [`KEY_LEN_MAX`] bytes.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::KeyLength`].
    pub fn from_bytes(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        state::check()?;
        let provider = provider(algorithm).ok_or(Error::Unsupported { algorithm })?;
        if !(KEY_LEN_MIN..=KEY_LEN_MAX).contains(&bytes.len()) {
            return Err(Error::KeyLength { algorithm });
        }
        Ok(Self {
            algorithm,
            prepared: Box::new(hmac::Key::new(provider, bytes)),
            bytes: Zeroizing::new(bytes.into()),
        })
    }

    /// The key's bytes, to be stored.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.bytes.to_vec())
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// The tag of a message: 32, 48 or 64 bytes.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn tag(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        state::check()?;
        Ok(hmac::sign(&self.prepared, message).as_ref().to_vec())
    }

    /// Checks a tag of full length in constant time.
    ///
    /// # Errors
    /// [`Error::State`], or [`Error::Verify`] when the tag is another one.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), Error> {
        state::check()?;
        let algorithm = self.algorithm;
        hmac::verify(&self.prepared, message, tag).map_err(|_unspecified| Error::Verify { algorithm })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "mac::Key({}, <redacted>)", self.algorithm)
    }
}

/// The algorithms that a key can be made for.
pub fn algorithms() -> impl Iterator<Item = &'static Algorithm> {
    let macs = Algorithm::ALL
        .iter()
        .filter(|algorithm| algorithm.kind == Kind::Mac);
    macs.filter(|algorithm| provider(algorithm).is_some())
}

fn provider(algorithm: &Algorithm) -> Option<hmac::Algorithm> {
    match algorithm.name {
        "HMAC-SHA-256" => Some(hmac::HMAC_SHA256),
        "HMAC-SHA-384" => Some(hmac::HMAC_SHA384),
        "HMAC-SHA-512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

/// Why no tag was made or accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A self-test failed earlier.
    #[error(transparent)]
    State(#[from] Failed),
    /// The random generator failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The provider has no such MAC.
    #[error("{algorithm} is not a MAC that this build implements")]
    Unsupported {
        /// What was asked for.
        algorithm: &'static Algorithm,
    },
    /// The key is too short or too long.
    #[error("a key of {algorithm} has {KEY_LEN_MIN} to {KEY_LEN_MAX} bytes")]
    KeyLength {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
    /// The tag does not belong to this key and message.
    #[error("not the {algorithm} tag of this message")]
    Verify {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
}

#[cfg(test)]
mod tests;
