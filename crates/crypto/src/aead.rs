//! Authenticated encryption: AES-256-GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439).
//!
//! Rules: the key schedule is computed once, when the key is made; a nonce seals at most once per key. Who
//! has no counter uses [`Key::seal_random`] and rotates before [`RANDOM_NONCE_LIMIT`]. Opening tells no more
//! than "no": which of key, nonce, associated data and ciphertext was wrong cannot be seen.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::Algorithm;
use crate::random::{self, RandomError};
use crate::state::{self, Failed};

/// Bytes of a key.
pub const KEY_LEN: usize = 32;
/// Bytes of a nonce.
pub const NONCE_LEN: usize = 12;
/// Bytes that sealing adds.
pub const TAG_LEN: usize = 16;
/// Messages that one key may seal under random 96-bit nonces (SP 800-38D §8.3).
pub const RANDOM_NONCE_LIMIT: u64 = 1 << 32;

/// A prepared key. Dropping it erases it.
pub struct Key {
    algorithm: &'static Algorithm,
    prepared: LessSafeKey,
    bytes: Zeroizing<Box<[u8]>>,
}

impl Key {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::Random`] when the generator fails.
    pub fn generate(algorithm: &'static Algorithm) -> Result<Self, Error> {
        state::check()?;
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        random::fill(&mut *bytes)?;
        Self::from_bytes(algorithm, &*bytes)
    }

    /// Prepares a key of [`KEY_LEN`] bytes.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::KeyLength`].
    pub fn from_bytes(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        state::check()?;
        let prepared = find(algorithm)?.prepare(bytes);
        let Prepared(prepared) = prepared.ok_or(Error::KeyLength { algorithm })?;
        Ok(Self {
            algorithm,
            prepared,
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

    /// Seals; returns ciphertext and tag. The nonce must never have sealed under this key.
    ///
    /// # Errors
    /// [`Error::State`], or [`Error::TooLong`] beyond the algorithm's limit (SP 800-38D §5.2.1.1).
    pub fn seal(&self, nonce: [u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let mut sealed = vec![0; plaintext.len() + TAG_LEN];
        self.seal_into(nonce, aad, plaintext, &mut sealed)?;
        Ok(sealed)
    }

    /// Seals in place and appends the tag; keep [`TAG_LEN`] bytes of spare capacity to avoid a copy.
    ///
    /// # Errors
    /// As [`Key::seal`].
    pub fn seal_in_place(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        state::check()?;
        buffer.reserve_exact(TAG_LEN);
        self.prepared
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), buffer)
            .map_err(|_unspecified| self.too_long())
    }

    /// Opens ciphertext and tag.
    ///
    /// # Errors
    /// [`Error::State`], or [`Error::Open`] when the bytes were not sealed so.
    pub fn open(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        state::check()?;
        let length = sealed.len().checked_sub(TAG_LEN).ok_or(self.refused())?;
        let (ciphertext, tag) = sealed.split_at(length);
        let mut plaintext = Zeroizing::new(vec![0; length]);
        self.prepared
            .open_separate_gather(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                ciphertext,
                tag,
                &mut plaintext,
            )
            .map_err(|_unspecified| self.refused())?;
        Ok(plaintext)
    }

    /// Opens in place and returns the plaintext, the front of the buffer. On an error the buffer holds no plaintext.
    ///
    /// # Errors
    /// As [`Key::open`].
    pub fn open_in_place<'a>(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        buffer: &'a mut [u8],
    ) -> Result<&'a mut [u8], Error> {
        state::check()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.prepared
            .open_in_place(nonce, Aad::from(aad), buffer)
            .map_err(|_unspecified| self.refused())
    }

    /// Seals under a random nonce; returns nonce ‖ ciphertext ‖ tag.
    ///
    /// At most [`RANDOM_NONCE_LIMIT`] messages per key (SP 800-38D §8.3); counting them is the caller's business.
    ///
    /// # Errors
    /// As [`Key::seal`], and [`Error::Random`].
    pub fn seal_random(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce = random::bytes::<NONCE_LEN>()?;
        let mut sealed = vec![0; NONCE_LEN + plaintext.len() + TAG_LEN];
        sealed[..NONCE_LEN].copy_from_slice(&nonce);
        self.seal_into(nonce, aad, plaintext, &mut sealed[NONCE_LEN..])?;
        Ok(sealed)
    }

    /// Opens what [`Key::seal_random`] made.
    ///
    /// # Errors
    /// As [`Key::open`].
    pub fn open_random(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(self.refused())?;
        self.open(*nonce, aad, sealed)
    }

    /// `out` has room for exactly ciphertext and tag.
    fn seal_into(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        state::check()?;
        let (ciphertext, tag) = out.split_at_mut(plaintext.len());
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.prepared
            .seal_out_of_place_scatter(nonce, Aad::from(aad), plaintext, ciphertext, &[], tag)
            .map_err(|_unspecified| self.too_long())
    }

    fn refused(&self) -> Error {
        Error::Open {
            algorithm: self.algorithm,
        }
    }

    fn too_long(&self) -> Error {
        Error::TooLong {
            algorithm: self.algorithm,
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "aead::Key({}, <redacted>)", self.algorithm)
    }
}

/// An AEAD with keys of [`KEY_LEN`], nonces of [`NONCE_LEN`] and tags of [`TAG_LEN`] bytes.
pub trait Aead: Sync {
    /// The name in the table of algorithms.
    fn name(&self) -> &'static str;

    /// Prepares a key; `None` when it has another length.
    fn prepare(&self, key: &[u8]) -> Option<Prepared>;
}

/// A key schedule; the provider erases it.
pub struct Prepared(LessSafeKey);

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Prepared(<redacted>)")
    }
}

struct AwsLc {
    name: &'static str,
    algorithm: &'static aead::Algorithm,
}

impl Aead for AwsLc {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self, key: &[u8]) -> Option<Prepared> {
        let unbound = UnboundKey::new(self.algorithm, key).ok()?;
        Some(Prepared(LessSafeKey::new(unbound)))
    }
}

/// Every AEAD that is implemented.
pub(crate) static ALL: &[&dyn Aead] = &[
    &AwsLc {
        name: "AES-256-GCM",
        algorithm: &aead::AES_256_GCM,
    },
    &AwsLc {
        name: "ChaCha20-Poly1305",
        algorithm: &aead::CHACHA20_POLY1305,
    },
];

/// The algorithms that a key can be made for.
pub fn algorithms() -> impl Iterator<Item = &'static Algorithm> {
    ALL.iter().filter_map(|aead| Algorithm::by_name(aead.name()))
}

fn find(algorithm: &'static Algorithm) -> Result<&'static dyn Aead, Error> {
    let found = ALL.iter().find(|aead| aead.name() == algorithm.name);
    found.copied().ok_or(Error::Unsupported { algorithm })
}

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A self-test failed earlier.
    #[error(transparent)]
    State(#[from] Failed),
    /// The random generator failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The provider has no such AEAD.
    #[error("{algorithm} is not an AEAD that this build implements")]
    Unsupported {
        /// What was asked for.
        algorithm: &'static Algorithm,
    },
    /// The key has not [`KEY_LEN`] bytes.
    #[error("a key of {algorithm} has {KEY_LEN} bytes")]
    KeyLength {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
    /// The plaintext or the associated data is longer than the algorithm allows.
    #[error("too long for one {algorithm} message")]
    TooLong {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
    /// Wrong key, nonce, associated data, or changed bytes.
    #[error("not sealed with this {algorithm} key, nonce and associated data")]
    Open {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
}

#[cfg(test)]
mod tests;
