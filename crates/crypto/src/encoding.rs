//! Keys as others write them: PKCS#8, `SubjectPublicKeyInfo`, PEM and raw, for every KEM and signature.
//!
//! Reads what strangers send, so every refusal names what is wrong and the remedy, and nothing panics. A seed,
//! an expanded key and both are read for ML-KEM and ML-DSA (RFC 9935, RFC 9881); the seed is written. What
//! comes out has passed the checks of its algorithm; private and public halves that are both there belong
//! together.

pub(crate) mod asn1;
mod choice;
mod container;
mod error;
pub(crate) mod identifier;
mod private;
mod pss;
mod public;
pub(crate) mod traditional;

use zeroize::Zeroizing;

use crate::{Algorithm, kem, sign};

pub use error::Error;

/// A private key of either kind, ready for use.
#[derive(Debug)]
pub enum PrivateKey {
    /// It decapsulates.
    Kem(kem::PrivateKey),
    /// It signs.
    Sign(sign::PrivateKey),
}

impl PrivateKey {
    /// Reads the raw, stored form (see [`kem::PrivateKey::from_bytes`] and [`sign::PrivateKey::from_bytes`]).
    ///
    /// # Errors
    /// [`Error::Kem`] or [`Error::Sign`].
    pub fn from_bytes(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        match sign::algorithms().any(|one| one == algorithm) {
            true => Ok(Self::Sign(sign::PrivateKey::from_bytes(algorithm, bytes)?)),
            false => Ok(Self::Kem(kem::PrivateKey::from_bytes(algorithm, bytes)?)),
        }
    }

    /// The raw, stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Kem(key) => key.to_bytes(),
            Self::Sign(key) => key.to_bytes(),
        }
    }

    /// The algorithm of the key.
    #[must_use]
    pub fn algorithm(&self) -> &'static Algorithm {
        match self {
            Self::Kem(key) => key.algorithm(),
            Self::Sign(key) => key.algorithm(),
        }
    }

    /// The public key in raw form.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        match self {
            Self::Kem(key) => key.public_key(),
            Self::Sign(key) => key.public_key(),
        }
    }
}

/// Reads a private key from PKCS#8, DER or PEM. A key on a NIST curve or an RSA key, which do not say what
/// they are for, is a signature key, RSA with PSS and SHA-256; [`private_from_as`] reads it otherwise.
///
/// # Errors
/// [`Error`], with what is wrong and the remedy.
pub fn private_from(bytes: &[u8]) -> Result<PrivateKey, Error> {
    private::read(None, &container::der(bytes, container::PRIVATE_KEY)?)
}

/// Reads a private key for one algorithm from PKCS#8, DER or PEM.
///
/// # Errors
/// [`Error::OtherAlgorithm`] when the key is for another one, and what [`private_from`] gives.
pub fn private_from_as(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<PrivateKey, Error> {
    private::read(Some(algorithm), &container::der(bytes, container::PRIVATE_KEY)?)
}

/// Reads a private key from PKCS#8 DER.
///
/// # Errors
/// [`Error`], with what is wrong and the remedy.
pub fn private_from_pkcs8(der: &[u8]) -> Result<PrivateKey, Error> {
    private::read(None, der)
}

/// Writes PKCS#8 DER; the seed where there is one. Of an RSA key, padding and hash are not written: whoever
/// reads it again names them ([`private_from_as`]).
///
/// # Errors
/// [`Error::NoEncoding`] for a KEM that has no object identifier.
pub fn private_to_pkcs8(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    private::write(key)
}

/// Writes PKCS#8 as PEM.
///
/// # Errors
/// [`Error::NoEncoding`] for a KEM that has no object identifier.
pub fn private_to_pem(key: &PrivateKey) -> Result<Zeroizing<String>, Error> {
    Ok(container::pem(&private::write(key)?, container::PRIVATE_KEY))
}

/// Reads a public key from SPKI, DER or PEM, and returns it in raw form; defaults as in [`private_from`].
///
/// # Errors
/// [`Error`], with what is wrong and the remedy.
pub fn public_from(bytes: &[u8]) -> Result<(&'static Algorithm, Vec<u8>), Error> {
    public::read(None, &container::der(bytes, container::PUBLIC_KEY)?)
}

/// Reads a public key for one algorithm from SPKI, DER or PEM, and returns it in raw form.
///
/// # Errors
/// [`Error::OtherAlgorithm`] when the key is for another one, and what [`public_from`] gives.
pub fn public_from_as(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let read = public::read(Some(algorithm), &container::der(bytes, container::PUBLIC_KEY)?)?;
    Ok(read.1)
}

/// Reads a public key from SPKI DER, and returns it in raw form.
///
/// # Errors
/// [`Error`], with what is wrong and the remedy.
pub fn public_from_spki(der: &[u8]) -> Result<(&'static Algorithm, Vec<u8>), Error> {
    public::read(None, der)
}

/// Checks a public key in raw form.
///
/// # Errors
/// [`Error::Kem`] or [`Error::Sign`].
pub fn check_public_key(algorithm: &'static Algorithm, raw: &[u8]) -> Result<(), Error> {
    public::check(algorithm, raw)
}

/// Writes SPKI DER from the raw form.
///
/// # Errors
/// [`Error::NoEncoding`] for a KEM that has no object identifier; [`Error::Kem`], [`Error::Sign`] for a key
/// that is not valid.
pub fn public_to_spki(algorithm: &'static Algorithm, raw: &[u8]) -> Result<Vec<u8>, Error> {
    public::write(algorithm, raw)
}

/// Writes SPKI as PEM from the raw form.
///
/// # Errors
/// As [`public_to_spki`].
pub fn public_to_pem(algorithm: &'static Algorithm, raw: &[u8]) -> Result<String, Error> {
    let pem = container::pem(&public::write(algorithm, raw)?, container::PUBLIC_KEY);
    Ok(pem.to_string())
}

#[cfg(test)]
mod tests;
