//! Why a signature operation failed, with the algorithm's name.
//!
//! The primitive libraries give no reasons; what is said here is what was checked before they were called.

/// Why a key could not be made, read or used, or a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table knows the algorithm, this build cannot sign with it.
    #[error("{algorithm} is not implemented for signatures; use one of `sign::algorithms()`")]
    Unsupported {
        /// The algorithm that was asked for.
        algorithm: &'static str,
    },
    /// The private key has the wrong length, is malformed, or its parts contradict each other.
    #[error("not a valid {algorithm} private key: {why}")]
    PrivateKey {
        /// The algorithm the key was read for.
        algorithm: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The public key has the wrong length or is malformed.
    #[error("not a valid {algorithm} public key; check that it is whole, and of this algorithm")]
    PublicKey {
        /// The algorithm the key was read for.
        algorithm: &'static str,
    },
    /// The signature does not verify. Nothing tells a malformed signature from a forged one.
    #[error("the {algorithm} signature does not verify under this key")]
    Signature {
        /// The algorithm of the key.
        algorithm: &'static str,
    },
    /// A context was given to an algorithm that has none, or is longer than 255 bytes (FIPS 204 §5.2).
    #[error("{algorithm} cannot take this context: {why}")]
    Context {
        /// The algorithm of the key.
        algorithm: &'static str,
        /// Whether it has no contexts or this one is too long.
        why: &'static str,
    },
    /// The provider failed, its random generator included.
    #[error("the provider failed while it worked with {algorithm}")]
    Provider {
        /// The algorithm of the key.
        algorithm: &'static str,
    },
    /// A self-test failed, now or earlier (a fresh signature that does not verify is withheld); no cryptographic service until the process is restarted and passes.
    #[error(transparent)]
    State(#[from] crate::state::Failed),
}

impl Error {
    pub(crate) const fn private_key(algorithm: &'static str, why: &'static str) -> Self {
        Self::PrivateKey { algorithm, why }
    }
}
