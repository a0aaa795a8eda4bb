//! Digital signatures: ML-DSA (FIPS 204), SLH-DSA (FIPS 205), composites, ECDSA, EdDSA and RSA.
//!
//! A private key is expanded once and kept ready. Signing is hedged with the provider's randomness where
//! the standard offers it, and every signature is verified before it leaves; every new key signs and
//! verifies once. Messages are whole: no pre-hash variants. AWS-LC computes wherever it has the algorithm.

mod composite;
mod ecdsa;
mod eddsa;
mod error;
mod ml_dsa;
mod rsa;
mod scheme;
mod slh_dsa;

use zeroize::Zeroizing;

use crate::Algorithm;
use crate::state::{self, Test};

pub use error::Error;
pub(crate) use ml_dsa::expand as expand_ml_dsa;
pub use scheme::{Key, SCHEMES, Scheme, Signed};

/// The longest context that FIPS 204 §5.2, FIPS 205 §10.2 and composites take, in bytes.
pub const CONTEXT_MAX: usize = 255;

/// Signed and verified by every new key (FIPS 140-3 IG 10.3.A, pairwise consistency).
const PAIRWISE: &[u8] = b"hybridge pairwise consistency test";

/// A private signature key, ready to sign. Dropping it erases the secrets.
pub struct PrivateKey {
    algorithm: &'static Algorithm,
    contexts: bool,
    key: Box<dyn Key>,
}

impl PrivateKey {
    /// Makes a key pair and tests it: one signature is made and verified under the encoded public key.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Error::Provider`], [`Error::State`].
    pub fn generate(algorithm: &'static Algorithm) -> Result<Self, Error> {
        state::check()?;
        let scheme = scheme::find(algorithm)?;
        let key = scheme.generate()?;
        pairwise_consistent(scheme, &*key)?;
        Ok(Self::new(algorithm, scheme, key))
    }

    /// Reads the stored form: the seed (ML-DSA, Ed25519: 32 bytes), the scalar (ECDSA), SK (SLH-DSA),
    /// PKCS#8 DER (RSA), the draft's concatenation (composites). ML-DSA keys whose seed is lost are read
    /// in expanded form (FIPS 204 §4).
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Error::PrivateKey`], [`Error::State`].
    pub fn from_bytes(algorithm: &'static Algorithm, bytes: &[u8]) -> Result<Self, Error> {
        state::check()?;
        let scheme = scheme::find(algorithm)?;
        let key = scheme.read(bytes)?;
        Ok(Self::new(algorithm, scheme, key))
    }

    fn new(algorithm: &'static Algorithm, scheme: &dyn Scheme, key: Box<dyn Key>) -> Self {
        Self {
            algorithm,
            contexts: scheme.has_contexts(),
            key,
        }
    }

    /// The stored form that [`PrivateKey::from_bytes`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.key.to_bytes()
    }

    /// The algorithm of the key.
    #[must_use]
    pub fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// The public key in raw form; an uncompressed point for ECDSA, PKCS#1 `RSAPublicKey` DER for RSA.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.key.public_key()
    }

    /// Signs a message and verifies the signature before handing it out.
    ///
    /// # Errors
    /// [`Error::Context`], [`Error::Provider`], [`Error::State`].
    pub fn sign(&self, message: &[u8], context: &[u8]) -> Result<Vec<u8>, Error> {
        state::check()?;
        check_context(self.algorithm.name, self.contexts, context)?;
        let signed = Signed { message, context };
        sign_and_verify(&*self.key, |signature| self.key.verify(signed, signature), signed)?
            .ok_or_else(|| state::fail(self.algorithm.name, Test::VerifyAfterSign).into())
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sign::PrivateKey({}, <redacted>)", self.algorithm)
    }
}

/// Verifies a signature under a public key in raw form.
///
/// # Errors
/// [`Error::Unsupported`], [`Error::Context`], [`Error::PublicKey`], [`Error::Signature`], [`Error::State`].
pub fn verify(
    algorithm: &'static Algorithm,
    public_key: &[u8],
    message: &[u8],
    context: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    state::check()?;
    let scheme = scheme::find(algorithm)?;
    check_context(algorithm.name, scheme.has_contexts(), context)?;
    scheme.verify(public_key, Signed { message, context }, signature)
}

/// Checks that the bytes are a public key of the algorithm in raw form.
///
/// # Errors
/// [`Error::Unsupported`], [`Error::PublicKey`], [`Error::State`].
pub fn check_public_key(algorithm: &'static Algorithm, public_key: &[u8]) -> Result<(), Error> {
    state::check()?;
    scheme::find(algorithm)?.check_public_key(public_key)
}

/// Every algorithm that this build signs and verifies with.
pub fn algorithms() -> impl Iterator<Item = &'static Algorithm> {
    scheme::all().filter_map(|scheme| Algorithm::by_name(scheme.name()))
}

/// True where [`PrivateKey::sign`] and [`verify`] take a non-empty context.
#[must_use]
pub fn has_contexts(algorithm: &'static Algorithm) -> bool {
    scheme::find(algorithm).is_ok_and(Scheme::has_contexts)
}

fn pairwise_consistent(scheme: &dyn Scheme, key: &dyn Key) -> Result<(), Error> {
    let signed = Signed {
        message: PAIRWISE,
        context: b"",
    };
    let encoded = |signature: &[u8]| scheme.verify(key.public_key(), signed, signature);
    match sign_and_verify(key, encoded, signed)? {
        Some(_signature) => Ok(()),
        None => Err(state::fail(scheme.name(), Test::PairwiseConsistency).into()),
    }
}

/// Signs, and gives the signature only when it verifies.
fn sign_and_verify(
    key: &dyn Key,
    verify: impl FnOnce(&[u8]) -> Result<(), Error>,
    signed: Signed<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let signature = key.sign(signed)?;
    Ok(verify(&signature).is_ok().then_some(signature))
}

fn check_context(algorithm: &'static str, has_contexts: bool, context: &[u8]) -> Result<(), Error> {
    let why = match context.len() {
        0 => return Ok(()),
        _ if !has_contexts => "it has no contexts, leave it empty",
        1..=CONTEXT_MAX => return Ok(()),
        _ => "it is longer than 255 bytes",
    };
    Err(Error::Context { algorithm, why })
}

#[cfg(test)]
mod tests;
