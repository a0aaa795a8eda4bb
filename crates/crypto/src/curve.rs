//! Diffie-Hellman over X25519, P-256, P-384 and P-521: the one place that runs it.
//!
//! Shares have one encoding each: 32 bytes for X25519 (RFC 7748 §5), uncompressed points for the others
//! (SEC 1 §2.3.3). AWS-LC checks that a point is on its curve and refuses an all-zero X25519 result
//! (RFC 7748 §6.1). Nothing here is a KEM or a protocol.

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use zeroize::Zeroizing;

use crate::SharedSecret;

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Curve {
    X25519,
    P256,
    P384,
    P521,
}

impl Curve {
    /// The standard name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Length of a share in bytes.
    pub(crate) const fn share_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::P256 => 65,
            Self::P384 => 97,
            Self::P521 => 133,
        }
    }

    /// Length of a private key in bytes: what X25519 calls the scalar's encoding, a big-endian integer elsewhere.
    pub(crate) const fn scalar_len(self) -> usize {
        match self {
            Self::X25519 | Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn accepts(self, share: &[u8]) -> bool {
        share.len() == self.share_len() && (self == Self::X25519 || share[0] == 4)
    }

    const fn provider(self) -> &'static agreement::Algorithm {
        match self {
            Self::X25519 => &agreement::X25519,
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            Self::P521 => &agreement::ECDH_P521,
        }
    }
}

/// A private key and its share. AWS-LC erases the key when it is dropped.
pub(crate) struct CurveKey {
    curve: Curve,
    key: agreement::PrivateKey,
    share: agreement::PublicKey,
}

impl CurveKey {
    /// Makes a fresh key; `None` when the generator fails.
    pub(crate) fn generate(curve: Curve) -> Option<Self> {
        Self::new(curve, agreement::PrivateKey::generate(curve.provider()).ok()?)
    }

    /// Reads a private key of exactly [`Curve::scalar_len`] bytes; `None` when it is 0 or not below the order.
    pub(crate) fn from_scalar(curve: Curve, scalar: &[u8]) -> Option<Self> {
        Self::new(
            curve,
            agreement::PrivateKey::from_private_key(curve.provider(), scalar).ok()?,
        )
    }

    fn new(curve: Curve, key: agreement::PrivateKey) -> Option<Self> {
        let share = key.compute_public_key().ok()?;
        Some(Self { curve, key, share })
    }

    /// The private key's bytes, as [`Self::from_scalar`] reads them.
    pub(crate) fn scalar(&self) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = if self.curve == Curve::X25519 {
            let encoded: Curve25519SeedBin<'_> = self.key.as_be_bytes().ok()?;
            encoded.as_ref().to_vec()
        } else {
            let encoded: EcPrivateKeyBin<'_> = self.key.as_be_bytes().ok()?;
            encoded.as_ref().to_vec()
        };
        Some(Zeroizing::new(bytes))
    }

    pub(crate) fn share(&self) -> &[u8] {
        self.share.as_ref()
    }

    /// Agrees with a peer's share; `None` when it has another length or encoding, is not on the curve, or is
    /// of low order.
    pub(crate) fn agree(&self, peer_share: &[u8]) -> Option<SharedSecret> {
        if !self.curve.accepts(peer_share) {
            return None;
        }
        let peer = agreement::UnparsedPublicKey::new(self.curve.provider(), peer_share);
        agreement::agree(&self.key, peer, (), |secret| Ok(SharedSecret::new(secret.into()))).ok()
    }
}

impl std::fmt::Debug for CurveKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "CurveKey({}, <redacted>)", self.curve.name())
    }
}

#[cfg(test)]
mod tests;
