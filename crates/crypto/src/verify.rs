//! Checks signatures of peers whose key arrived in the parts of its protocol: SSH host keys today.
//!
//! Here ECDSA signatures are r‖s and an RSA key is two integers of any size up to 8192 bits, as SSH and JOSE
//! have them; keys and signatures that have names, in the forms of X.509, are the business of `sign`.
//! It answers one question, valid or not, and gives no reason for "not": the provider gives none.

use aws_lc_rs::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};

/// A public key in the parts its protocol carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// Ed25519: 32 bytes; ECDSA: an uncompressed point (SEC 1 §2.3.3).
    Raw(&'a [u8]),
    /// RSA: big-endian integers; leading zeros are ignored.
    Rsa {
        /// Modulus n, 2048 to 8192 bits.
        modulus: &'a [u8],
        /// Public exponent e.
        exponent: &'a [u8],
    },
}

/// A signature algorithm with its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RFC 8032 §5.1.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, signature r‖s of 64 bytes (FIPS 186-5 §6).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384, signature r‖s of 96 bytes.
    EcdsaP384Sha384,
    /// ECDSA on P-521 with SHA-512, signature r‖s of 132 bytes.
    EcdsaP521Sha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
}

/// Checks one signature over a message.
///
/// # Errors
/// [`VerifyError`] when the key does not fit the scheme, is malformed, or did not make this signature.
pub fn verify(
    scheme: Scheme,
    key: PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    let verified = match (scheme.verification(), key) {
        (Verification::Raw(algorithm), PublicKey::Raw(bytes)) => {
            UnparsedPublicKey::new(algorithm, bytes).verify(message, signature)
        }
        (Verification::Rsa(parameters), PublicKey::Rsa { modulus, exponent }) => {
            let components = RsaPublicKeyComponents {
                n: without_zeros(modulus),
                e: without_zeros(exponent),
            };
            components.verify(parameters, message, signature)
        }
        _ => return Err(VerifyError { scheme }),
    };
    verified.map_err(|_unspecified| VerifyError { scheme })
}

/// The signature did not verify under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {scheme:?} signature does not verify under this key")]
pub struct VerifyError {
    /// The scheme that was asked for.
    pub scheme: Scheme,
}

enum Verification {
    Raw(&'static dyn VerificationAlgorithm),
    Rsa(&'static signature::RsaParameters),
}

impl Scheme {
    fn verification(self) -> Verification {
        match self {
            Self::Ed25519 => Verification::Raw(&signature::ED25519),
            Self::EcdsaP256Sha256 => Verification::Raw(&signature::ECDSA_P256_SHA256_FIXED),
            Self::EcdsaP384Sha384 => Verification::Raw(&signature::ECDSA_P384_SHA384_FIXED),
            Self::EcdsaP521Sha512 => Verification::Raw(&signature::ECDSA_P521_SHA512_FIXED),
            Self::RsaPkcs1Sha256 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Self::RsaPkcs1Sha512 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        }
    }
}

fn without_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}

#[cfg(test)]
mod tests;
