//! What is wrong with an encoded key, and what to do about it.
//!
//! Messages name the structure and the remedy; they never quote key material.

use crate::{kem, sign};

/// Why an encoded key was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not the structure they should be.
    #[error("not a {what}: {why}")]
    Malformed {
        /// The structure that was expected.
        what: &'static str,
        /// Where it fails, and the remedy where there is one.
        why: String,
    },
    /// The private key is encrypted under a password.
    #[error("the private key is encrypted; decrypt it first: openssl pkcs8 -in KEY -out PLAIN")]
    Encrypted,
    /// A PEM block of another kind.
    #[error("the PEM block is a {label}, not a {expected}; {remedy}")]
    Label {
        /// What the block says it is.
        label: String,
        /// What is read here.
        expected: &'static str,
        /// How to make it.
        remedy: &'static str,
    },
    /// The object identifier names nothing that this build implements.
    #[error("the key is for {named} ({oid}), which this build does not implement")]
    UnknownAlgorithm {
        /// Dotted object identifier of the algorithm or curve.
        oid: String,
        /// Its name, where the table knows it.
        named: &'static str,
    },
    /// The parameters beside the object identifier are wrong.
    #[error("the parameters of {oid} cannot be read; {remedy}")]
    Parameters {
        /// Dotted object identifier.
        oid: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The key is for another algorithm than the caller named.
    #[error("the key is for {found}, not for {wanted}; name the algorithm of the key")]
    OtherAlgorithm {
        /// What the caller named.
        wanted: &'static str,
        /// What the key says, or the default reading of it.
        found: &'static str,
    },
    /// An RSA modulus of a length that is not supported.
    #[error("the RSA key has {bits} bits; use 2048, 3072 or 4096")]
    RsaSize {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// The parts of a key contradict each other.
    #[error("the {algorithm} key contradicts itself: {what}; get it again from where it was made")]
    Mismatch {
        /// The algorithm of the key.
        algorithm: &'static str,
        /// Which parts differ.
        what: &'static str,
    },
    /// Only the expanded form of the key is there and the seed cannot be computed from it.
    #[error(
        "the {algorithm} key has no seed, and none can be recovered from the expanded form; \
         export it with the seed (RFC 9935 §6) or make a new key"
    )]
    SeedMissing {
        /// The algorithm of the key.
        algorithm: &'static str,
    },
    /// No document gives this algorithm a PKCS#8 or SPKI form.
    #[error("{algorithm} has no registered object identifier; use the raw form")]
    NoEncoding {
        /// The algorithm that was asked for.
        algorithm: &'static str,
    },
    /// The key itself is not valid.
    #[error(transparent)]
    Kem(#[from] kem::Error),
    /// The key itself is not valid.
    #[error(transparent)]
    Sign(#[from] sign::Error),
}

impl Error {
    pub(super) fn malformed(what: &'static str, why: impl std::fmt::Display) -> Self {
        let why = why.to_string();
        Self::Malformed { what, why }
    }
}
