//! Message authentication codes: HMAC with SHA-256, SHA-384 and SHA-512 (FIPS 198-1, RFC 2104).
//!
//! Rules: the inner and outer hash of a key are computed once, when the key is made; tags have full length
//! and are compared in constant time; a truncated tag is a wrong tag.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::Algorithm;
use crate::random::{self, RandomError};
use crate::state::{self, Failed};

/// Shortest key in bytes: 112 bits (SP 800-131A §10).
pub const KEY_LEN_MIN: usize = 14;
/// Longest key in bytes; anything beyond a hash's block adds no strength.
pub const KEY_LEN_MAX: usize = 256;

/// A prepared key. Dropping it erases it.
pub struct Key {
    algorithm: &'static Algorithm,
    prepared: Prepared,
    bytes: Zeroizing<Box<[u8]>>,
}

impl Key {
    /// Makes a fresh key as long as the hash's output.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::Random`] when the generator fails.
    pub fn generate(algorithm: &'static Algorithm) -> Result<Self, Error> {
        state::check()?;
        let mac = find(algorithm)?;
        let mut bytes = Zeroizing::new(vec![0; mac.tag_len()]);
        random::fill(&mut bytes)?;
        Self::from_bytes(algorithm, &bytes)
    }

    /// Prepares a key of [`KEY_LEN_MIN`] to [`KEY_LEN_MAX`] bytes.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::KeyLength`].
    pub fn from_bytes(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        state::check()?;
        let mac = find(algorithm)?;
        if !(KEY_LEN_MIN..=KEY_LEN_MAX).contains(&bytes.len()) {
            return Err(Error::KeyLength { algorithm });
        }
        Ok(Self {
            algorithm,
            prepared: mac.prepare(bytes),
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
        Ok(hmac::sign(&self.prepared.0, message).as_ref().to_vec())
    }

    /// Checks a tag of full length in constant time.
    ///
    /// # Errors
    /// [`Error::State`], or [`Error::Verify`] when the tag is another one.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), Error> {
        state::check()?;
        let algorithm = self.algorithm;
        hmac::verify(&self.prepared.0, message, tag).map_err(|_unspecified| Error::Verify { algorithm })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "mac::Key({}, <redacted>)", self.algorithm)
    }
}

/// A MAC with tags of full length.
pub trait Mac: Sync {
    /// The name in the table of algorithms.
    fn name(&self) -> &'static str;

    /// Length of a tag, and of a generated key, in bytes.
    fn tag_len(&self) -> usize;

    /// Prepares a key of any length.
    fn prepare(&self, key: &[u8]) -> Prepared;
}

/// The hashes of the padded key. Boxed: they lie in the value itself, and a move would leave a copy behind.
pub struct Prepared(Box<hmac::Key>);

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Prepared(<redacted>)")
    }
}

struct Hmac {
    name: &'static str,
    algorithm: hmac::Algorithm,
}

impl Mac for Hmac {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tag_len(&self) -> usize {
        self.algorithm.tag_len()
    }

    fn prepare(&self, key: &[u8]) -> Prepared {
        Prepared(Box::new(hmac::Key::new(self.algorithm, key)))
    }
}

/// Every MAC that is implemented.
pub(crate) static ALL: &[&dyn Mac] = &[
    &Hmac {
        name: "HMAC-SHA-256",
        algorithm: hmac::HMAC_SHA256,
    },
    &Hmac {
        name: "HMAC-SHA-384",
        algorithm: hmac::HMAC_SHA384,
    },
    &Hmac {
        name: "HMAC-SHA-512",
        algorithm: hmac::HMAC_SHA512,
    },
];

/// The algorithms that a key can be made for.
pub fn algorithms() -> impl Iterator<Item = &'static Algorithm> {
    ALL.iter().filter_map(|mac| Algorithm::by_name(mac.name()))
}

fn find(algorithm: &'static Algorithm) -> Result<&'static dyn Mac, Error> {
    let found = ALL.iter().find(|mac| mac.name() == algorithm.name);
    found.copied().ok_or(Error::Unsupported { algorithm })
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
