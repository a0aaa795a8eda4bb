//! What a signature algorithm must offer, and the list of those that do.
//!
//! Adding an algorithm is one file that implements [`Scheme`] and one line in [`SCHEMES`].

use zeroize::Zeroizing;

use super::{Error, composite, ecdsa, eddsa, ml_dsa, rsa, slh_dsa};
use crate::Algorithm;

/// A signature algorithm: makes and reads private keys, and verifies.
pub trait Scheme: Send + Sync {
    /// Name of its entry in [`Algorithm::ALL`].
    fn name(&self) -> &'static str;

    /// True where the algorithm takes a context string of up to 255 bytes.
    fn has_contexts(&self) -> bool;

    /// Makes a key from the provider's randomness.
    ///
    /// # Errors
    /// [`Error::Provider`].
    fn generate(&self) -> Result<Box<dyn Key>, Error>;

    /// Reads a private key in stored form and checks that it is consistent.
    ///
    /// # Errors
    /// [`Error::PrivateKey`].
    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error>;

    /// Checks that the bytes are a public key of this algorithm.
    ///
    /// # Errors
    /// [`Error::PublicKey`].
    fn check_public_key(&self, public_key: &[u8]) -> Result<(), Error>;

    /// Verifies one signature under a public key in raw form.
    ///
    /// # Errors
    /// [`Error::PublicKey`] or [`Error::Signature`].
    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Result<(), Error>;
}

/// A private key that is ready to sign: expanded once, with its public key prepared.
pub trait Key: Send + Sync {
    /// The public key in raw form.
    fn public_key(&self) -> &[u8];

    /// The stored form that [`Scheme::read`] takes.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;

    /// Signs without checking the result.
    ///
    /// # Errors
    /// [`Error::Provider`].
    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error>;

    /// Verifies with the prepared public key.
    ///
    /// # Errors
    /// [`Error::Signature`].
    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error>;
}

/// What a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The message, hashed by the algorithm itself.
    pub message: &'a [u8],
    /// The context, empty where the algorithm has none.
    pub context: &'a [u8],
}

/// Every signature algorithm of this build, in the order of the table.
pub static SCHEMES: &[&[&dyn Scheme]] = &[
    ml_dsa::SCHEMES,
    slh_dsa::SCHEMES,
    composite::SCHEMES,
    ecdsa::SCHEMES,
    eddsa::SCHEMES,
    rsa::SCHEMES,
];

/// The scheme of an algorithm.
pub(super) fn find(algorithm: &'static Algorithm) -> Result<&'static dyn Scheme, Error> {
    by_name(algorithm.name)
}

/// The scheme of a component, by its name in the table.
pub(super) fn by_name(algorithm: &'static str) -> Result<&'static dyn Scheme, Error> {
    all()
        .find(|scheme| scheme.name() == algorithm)
        .ok_or(Error::Unsupported { algorithm })
}

/// All schemes, one after the other.
pub(super) fn all() -> impl Iterator<Item = &'static dyn Scheme> {
    SCHEMES.iter().flat_map(|family| family.iter().copied())
}
