//! Key encapsulation with stored keys: ML-KEM, DHKEM over curves, and their hybrids, behind one interface.
//!
//! A private key is stored in its shortest standard form, a seed or a scalar, and prepared once, when it is
//! read; each use is then the mathematics alone, and AWS-LC does it. Secrets go to a key schedule (`hpke`, or
//! the caller's own), never over the wire. Ephemeral exchanges of TLS and SSH are the business of `kex`.

mod dhkem;
mod hybrid;
pub(crate) mod ml_kem;
mod scheme;

use zeroize::Zeroizing;

use crate::state::{self, Failed, Test};
use crate::{Algorithm, SharedSecret, constant_time};

pub use scheme::{Decapsulate, Kem};

pub(crate) use ml_kem::ParameterSet;
pub(crate) use scheme::ALL;

/// A private key, ready for use. Dropping it erases it.
pub struct PrivateKey {
    algorithm: &'static Algorithm,
    bytes: Zeroizing<Vec<u8>>,
    prepared: Box<dyn Decapsulate>,
}

impl PrivateKey {
    /// Makes a fresh key, and encapsulates to it and decapsulates once (FIPS 140-3 IG 10.3.A, SP 800-227 §4.1).
    ///
    /// # Errors
    /// [`Error::State`], also when that test fails; [`Error::Unsupported`]; [`Error::Provider`] when the
    /// generator fails.
    pub fn generate(algorithm: &'static Algorithm) -> Result<Self, Error> {
        state::check()?;
        let bytes = find(algorithm)?.generate().ok_or(Error::Provider { algorithm })?;
        let key = Self::from_bytes(algorithm, &bytes)?;
        if key.is_consistent() {
            Ok(key)
        } else {
            Err(state::fail(algorithm.name, Test::PairwiseConsistency).into())
        }
    }

    /// Reads a key in its stored form and prepares it.
    ///
    /// The form is d‖z of 64 bytes for ML-KEM (FIPS 203 §7.1), the seed of 32 bytes for hybrids, 32 bytes for
    /// X25519 (RFC 7748 §5), and a big-endian scalar of 32 or 48 bytes for P-256 and P-384 (RFC 9180 §7.1.2).
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Unsupported`], or [`Error::PrivateKey`] for another length and for scalars
    /// that are 0 or not below the order.
    pub fn from_bytes(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        state::check()?;
        let prepared = find(algorithm)?
            .expand(bytes)
            .ok_or(Error::PrivateKey { algorithm })?;
        Ok(Self {
            algorithm,
            bytes: Zeroizing::new(bytes.to_vec()),
            prepared,
        })
    }

    /// The stored form, as [`Self::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.bytes.clone()
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// The public key: the encapsulation key of FIPS 203, `SerializePublicKey` of RFC 9180 §7.1.1, or, for a
    /// hybrid, ML-KEM's followed by the curve's.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.prepared.public_key()
    }

    /// The secret inside a ciphertext.
    ///
    /// A changed ML-KEM ciphertext gives a pseudo-random secret (implicit rejection, FIPS 203 §6.3).
    ///
    /// # Errors
    /// [`Error::State`], or [`Error::Ciphertext`] for another length and for curve shares that are no valid
    /// point or of low order.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<SharedSecret, Error> {
        state::check()?;
        self.prepared.decapsulate(ciphertext).ok_or(Error::Ciphertext {
            algorithm: self.algorithm,
        })
    }

    fn is_consistent(&self) -> bool {
        encapsulate(self.algorithm, self.public_key()).is_ok_and(|(ciphertext, sent)| {
            self.prepared
                .decapsulate(&ciphertext)
                .is_some_and(|received| constant_time::eq(sent.as_bytes(), received.as_bytes()))
        })
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "kem::PrivateKey({}, <redacted>)", self.algorithm)
    }
}

/// Encapsulates a fresh secret to a public key; returns the ciphertext and the secret.
///
/// # Errors
/// [`Error::State`], [`Error::Unsupported`], or [`Error::PublicKey`] as [`check_public_key`].
pub fn encapsulate(
    algorithm: &'static Algorithm,
    public_key: &[u8],
) -> Result<(Vec<u8>, SharedSecret), Error> {
    state::check()?;
    find(algorithm)?
        .encapsulate(public_key)
        .ok_or(Error::PublicKey { algorithm })
}

/// Checks a foreign public key: its length, ML-KEM's modulus check (FIPS 203 §7.2), and that a curve's share is
/// a point of the curve and not of low order (RFC 9180 §7.1.4). It costs one encapsulation.
///
/// # Errors
/// [`Error::State`], [`Error::Unsupported`], or [`Error::PublicKey`].
pub fn check_public_key(algorithm: &'static Algorithm, public_key: &[u8]) -> Result<(), Error> {
    encapsulate(algorithm, public_key).map(|_encapsulated| ())
}

/// The algorithms that are implemented.
pub fn algorithms() -> impl Iterator<Item = &'static Algorithm> {
    ALL.iter().filter_map(|kem| Algorithm::by_name(kem.name()))
}

/// The identifier in the HPKE registry (RFC 9180 §7.1, draft-ietf-hpke-pq-03); `None` for what is not here.
#[must_use]
pub fn hpke_id(algorithm: &Algorithm) -> Option<u16> {
    ALL.iter()
        .find(|kem| kem.name() == algorithm.name)
        .map(|kem| kem.hpke_id())
}

fn find(algorithm: &'static Algorithm) -> Result<&'static dyn Kem, Error> {
    ALL.iter()
        .copied()
        .find(|kem| kem.name() == algorithm.name)
        .ok_or(Error::Unsupported { algorithm })
}

/// Why a KEM operation failed; the library tells no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A self-test failed, now or earlier.
    #[error(transparent)]
    State(#[from] Failed),
    /// There is no such KEM here.
    #[error("{algorithm} is not a KEM that this build implements")]
    Unsupported {
        /// What was asked for.
        algorithm: &'static Algorithm,
    },
    /// The random generator failed.
    #[error("the provider could not make a {algorithm} key")]
    Provider {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
    /// The private key has the wrong length or is out of range.
    #[error("not a valid {algorithm} private key")]
    PrivateKey {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
    /// The public key has the wrong length or fails the check its standard asks for.
    #[error("not a valid {algorithm} public key")]
    PublicKey {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
    /// The ciphertext has the wrong length or fails the check its standard asks for.
    #[error("not a valid {algorithm} ciphertext")]
    Ciphertext {
        /// The algorithm.
        algorithm: &'static Algorithm,
    },
}

#[cfg(test)]
mod tests;
