//! Shamir's secret sharing over GF(2^8): any `threshold` of the shares give the secret, fewer give nothing.
//!
//! It neither authenticates nor remembers the threshold: too few or changed shares combine to other bytes
//! without an error. Whoever splits a key keeps a check value beside the shares.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::constant_time;
use crate::random::{self, RandomError};
use crate::state::{self, Failed};

/// Longest secret in bytes.
pub const SECRET_LEN_MAX: usize = 4096;

/// One share, as secret as the whole once enough of them meet. Dropping it erases it.
#[derive(Clone)]
pub struct Share {
    /// Where the polynomials were evaluated, 1 to 255; unique within a split.
    pub index: u8,
    /// As many bytes as the secret has.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl PartialEq for Share {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && constant_time::eq(&self.bytes, &other.bytes)
    }
}

impl Eq for Share {}

impl std::fmt::Debug for Share {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Share({}, <redacted>)", self.index)
    }
}

/// Splits a secret of 1 to [`SECRET_LEN_MAX`] bytes into `shares` shares, any `threshold` of which suffice.
///
/// # Errors
/// [`Error::Bounds`] unless 2 ≤ `threshold` ≤ `shares`, [`Error::Secret`], [`Error::Random`], [`Error::State`].
pub fn split(secret: &[u8], threshold: u8, shares: u8) -> Result<Vec<Share>, Error> {
    state::check()?;
    if threshold < 2 || threshold > shares {
        return Err(Error::Bounds { threshold, shares });
    }
    if secret.is_empty() || secret.len() > SECRET_LEN_MAX {
        return Err(Error::Secret);
    }
    let mut generator = Generator { failed: false };
    let points = Gf256::split_bytes(threshold.into(), shares.into(), secret, &mut generator);
    let points = Zeroizing::new(points.map_err(|_bounds| Error::Bounds { threshold, shares })?);
    if generator.failed {
        return Err(Error::Random(RandomError));
    }
    points.iter().map(|point| share(point)).collect()
}

fn share(point: &[u8]) -> Result<Share, Error> {
    let (index, bytes) = point.split_first().ok_or(Error::Secret)?;
    Ok(Share {
        index: *index,
        bytes: Zeroizing::new(bytes.to_vec()),
    })
}

/// Combines shares of one split. With fewer than its threshold the result is unrelated to the secret.
///
/// # Errors
/// [`Error::TooFew`] below two, [`Error::Duplicate`], [`Error::Index`] for index 0, [`Error::Lengths`],
/// [`Error::State`].
pub fn combine(shares: &[Share]) -> Result<Zeroizing<Vec<u8>>, Error> {
    state::check()?;
    check_shares(shares)?;
    let point = |share: &Share| {
        let mut point = Vec::with_capacity(1 + share.bytes.len());
        point.push(share.index);
        point.extend_from_slice(&share.bytes);
        point
    };
    let points = Zeroizing::new(shares.iter().map(point).collect::<Vec<_>>());
    let secret = Gf256::combine_bytes(&*points).map_err(|_shape| Error::Lengths)?;
    Ok(Zeroizing::new(secret))
}

fn check_shares(shares: &[Share]) -> Result<(), Error> {
    let [first, _, ..] = shares else {
        return Err(Error::TooFew);
    };
    let length = first.bytes.len();
    if length == 0 || shares.iter().any(|share| share.bytes.len() != length) {
        return Err(Error::Lengths);
    }
    let mut seen = [false; 256];
    seen[0] = true;
    for Share { index, .. } in shares {
        if std::mem::replace(&mut seen[usize::from(*index)], true) {
            return Err(match index {
                0 => Error::Index,
                index => Error::Duplicate { index: *index },
            });
        }
    }
    Ok(())
}

/// The provider's generator for a library that cannot hear of a failure: it is remembered, and what was made
/// is thrown away.
struct Generator {
    failed: bool,
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        if random::fill(out).is_err() {
            self.failed = true;
        }
        Ok(())
    }
}

impl TryCryptoRng for Generator {}

/// Why a secret was not split or combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A self-test failed earlier.
    #[error(transparent)]
    State(#[from] Failed),
    /// The random generator failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Not 2 ≤ threshold ≤ shares.
    #[error("{threshold} of {shares} shares cannot be: at least 2, and no more than there are")]
    Bounds {
        /// Shares needed.
        threshold: u8,
        /// Shares made.
        shares: u8,
    },
    /// The secret is empty or too long.
    #[error("a secret to be split has 1 to {SECRET_LEN_MAX} bytes")]
    Secret,
    /// Fewer than two shares.
    #[error("at least two shares are needed")]
    TooFew,
    /// The same share twice.
    #[error("share {index} was given twice")]
    Duplicate {
        /// Its index.
        index: u8,
    },
    /// A share with index 0.
    #[error("no share has index 0")]
    Index,
    /// The shares have different lengths, or none.
    #[error("the shares are not of one secret: their lengths differ")]
    Lengths,
}

#[cfg(test)]
mod tests;
