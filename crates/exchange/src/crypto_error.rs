//! What the provider refused, whichever of its parts it was.
//! It says that something failed, not whose fault it was: the callers know that.

use hybridge_crypto::{aead, kdf, kem, mac, random::RandomError, sign};

/// A cryptographic operation failed; the source names the algorithm.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// The KEM.
    #[error(transparent)]
    Kem(#[from] kem::Error),
    /// The signature.
    #[error(transparent)]
    Sign(#[from] sign::Error),
    /// The AEAD.
    #[error(transparent)]
    Aead(#[from] aead::Error),
    /// The MAC.
    #[error(transparent)]
    Mac(#[from] mac::Error),
    /// The key derivation.
    #[error(transparent)]
    Kdf(#[from] kdf::Error),
    /// The random generator.
    #[error(transparent)]
    Random(#[from] RandomError),
}
