//! Key derivation: HKDF (RFC 5869) from secrets that are random, Argon2id (RFC 9106) from passwords.
//!
//! Every output is erased when dropped. Costs come from stored headers too, so they are bounded before any
//! memory is taken.

use argon2::{AssociatedData, Block, ParamsBuilder, Version};
use aws_lc_rs::{hkdf as provider, hmac};
use zeroize::Zeroizing;

use crate::state::{self, Failed};

/// The hash inside HKDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Hash {
    /// Length of the hash's output in bytes; a pseudo-random key has it.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a hash is no collection")]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Name of the key derivation in the table of algorithms.
    #[must_use]
    pub const fn hkdf_name(self) -> &'static str {
        match self {
            Self::Sha256 => "HKDF-SHA-256",
            Self::Sha384 => "HKDF-SHA-384",
            Self::Sha512 => "HKDF-SHA-512",
        }
    }

    fn provider(self) -> provider::Algorithm {
        match self {
            Self::Sha256 => provider::HKDF_SHA256,
            Self::Sha384 => provider::HKDF_SHA384,
            Self::Sha512 => provider::HKDF_SHA512,
        }
    }
}

/// HKDF-Extract (RFC 5869 §2.2): a pseudo-random key of the hash's length.
///
/// # Errors
/// [`Error::State`].
pub fn hkdf_extract(hash: Hash, salt: &[u8], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    state::check()?;
    let key = hmac::Key::new(hash.provider().hmac_algorithm(), salt);
    Ok(Zeroizing::new(hmac::sign(&key, input).as_ref().to_vec()))
}

/// HKDF-Expand (RFC 5869 §2.3): `len` bytes from a pseudo-random key of the hash's length.
///
/// # Errors
/// [`Error::State`], [`Error::PseudoRandomKey`], or [`Error::Length`] beyond 255 hashes.
pub fn hkdf_expand(hash: Hash, key: &[u8], info: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    state::check()?;
    if key.len() != hash.len() {
        return Err(Error::PseudoRandomKey {
            hash: hash.hkdf_name(),
        });
    }
    fill(
        hash,
        &provider::Prk::new_less_safe(hash.provider(), key),
        info,
        len,
    )
}

/// HKDF (RFC 5869): extract, then expand to `len` bytes. An empty salt means a salt of zeros.
///
/// # Errors
/// [`Error::State`], or [`Error::Length`] beyond 255 hashes.
pub fn hkdf(
    hash: Hash,
    salt: &[u8],
    input: &[u8],
    info: &[u8],
    len: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    state::check()?;
    let key = provider::Salt::new(hash.provider(), salt).extract(input);
    fill(hash, &key, info, len)
}

fn fill(hash: Hash, key: &provider::Prk, info: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_long = |_unspecified| Error::Length {
        hash: hash.hkdf_name(),
    };
    let mut out = Zeroizing::new(vec![0; len.min(255 * hash.len())]);
    let okm = key.expand(std::slice::from_ref(&info), OutputLen(len));
    okm.and_then(|okm| okm.fill(&mut out)).map_err(too_long)?;
    Ok(out)
}

struct OutputLen(usize);

impl provider::KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}

/// What one derivation from a password costs (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB, 8 per lane at least.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub passes: u32,
    /// Lanes; they are computed one after the other here.
    pub lanes: u32,
}

impl Cost {
    /// The second recommended choice of RFC 9106 §4: 64 MiB, 3 passes, 4 lanes.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };
    /// What a stored header may ask for at most: 2 GiB, 64 passes, 64 lanes.
    pub const MAX: Self = Self {
        memory_kib: 2 * 1024 * 1024,
        passes: 64,
        lanes: 64,
    };
}

impl Default for Cost {
    fn default() -> Self {
        Self::RECOMMENDED
    }
}

/// Argon2id, version 0x13 (RFC 9106): 32 bytes from a password and a salt of 8 to 64 bytes (16 is right).
///
/// Takes the memory and the time that the cost names; never call it on a runtime's worker thread.
///
/// # Errors
/// [`Error::State`], [`Error::Cost`] outside [`Cost::MAX`], [`Error::Salt`], or [`Error::Argon2`]
/// when there is not enough memory.
pub fn argon2id(password: &[u8], salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 32]>, Error> {
    argon2id_with(password, salt, cost, [&[], &[]])
}

/// With the secret and the associated data that RFC 9106 §5.3 uses in its vector.
pub(crate) fn argon2id_with(
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    [secret, associated]: [&[u8]; 2],
) -> Result<Zeroizing<[u8; 32]>, Error> {
    state::check()?;
    let max = Cost::MAX;
    if cost.memory_kib > max.memory_kib || cost.passes > max.passes || cost.lanes > max.lanes {
        return Err(Error::Cost(cost));
    }
    if !(8..=64).contains(&salt.len()) {
        return Err(Error::Salt);
    }
    let mut builder = ParamsBuilder::new();
    builder
        .m_cost(cost.memory_kib)
        .t_cost(cost.passes)
        .p_cost(cost.lanes);
    builder.output_len(32).data(AssociatedData::new(associated)?);
    let params = builder.build().map_err(|_out_of_bounds| Error::Cost(cost))?;
    let context =
        argon2::Argon2::new_with_secret(secret, argon2::Algorithm::Argon2id, Version::V0x13, params)?;
    let mut memory = blocks(context.params().block_count())?;
    let mut out = Zeroizing::new([0; 32]);
    context.hash_password_into_with_memory(password, salt, &mut *out, &mut **memory)?;
    Ok(out)
}

/// The working memory, erased when dropped; an error instead of an abort when there is too little.
fn blocks(count: usize) -> Result<Zeroizing<Vec<Block>>, Error> {
    let mut blocks = Zeroizing::new(Vec::new());
    let reserved = blocks.try_reserve_exact(count);
    reserved.map_err(|_exhausted| Error::Argon2(argon2::Error::OutOfMemory))?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}

/// Why no key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A self-test failed earlier.
    #[error(transparent)]
    State(#[from] Failed),
    /// The pseudo-random key has not the hash's length.
    #[error("the pseudo-random key is not as long as the hash of {hash}")]
    PseudoRandomKey {
        /// Which HKDF.
        hash: &'static str,
    },
    /// More output was asked for than 255 hashes.
    #[error("{hash} gives at most 255 times its hash's length")]
    Length {
        /// Which HKDF.
        hash: &'static str,
    },
    /// The cost is outside what is accepted.
    #[error("an Argon2id cost of {} KiB, {} passes and {} lanes is out of bounds", .0.memory_kib, .0.passes, .0.lanes)]
    Cost(Cost),
    /// The salt has not 8 to 64 bytes.
    #[error("a salt for Argon2id has 8 to 64 bytes")]
    Salt,
    /// The password is out of bounds, or memory is short.
    #[error("Argon2id: {0}")]
    Argon2(argon2::Error),
}

impl From<argon2::Error> for Error {
    fn from(error: argon2::Error) -> Self {
        Self::Argon2(error)
    }
}

#[cfg(test)]
mod tests;
