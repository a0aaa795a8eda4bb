//! One component of an exchange: a curve or an ML-KEM parameter set, with its share lengths.
//!
//! It knows the provider and no protocol; how components are joined is the exchange's business.

use crate::SharedSecret;
use crate::curve::{Curve, CurveKey};
use crate::kem::ml_kem::{self, DecapsulationKey, ParameterSet};

/// A curve or a KEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    X25519,
    P256,
    P384,
    P521,
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// Which of the two kinds a component is.
enum Mechanism {
    Curve(Curve),
    Kem(ParameterSet),
}

/// The private half of a share; the provider erases it when it is dropped.
#[derive(Debug)]
pub(super) enum Secret {
    Curve(CurveKey),
    Kem(DecapsulationKey),
}

impl Component {
    /// Length of the client's share in bytes.
    pub(super) const fn client_len(self) -> usize {
        match self.mechanism() {
            Mechanism::Curve(curve) => curve.share_len(),
            Mechanism::Kem(set) => set.encapsulation_key_len(),
        }
    }

    /// Length of the server's share in bytes.
    pub(super) const fn server_len(self) -> usize {
        match self.mechanism() {
            Mechanism::Curve(curve) => curve.share_len(),
            Mechanism::Kem(set) => set.ciphertext_len(),
        }
    }

    /// Makes a private half and its public share.
    pub(super) fn generate(self) -> Result<(Secret, Vec<u8>), ExchangeError> {
        let made = match self.mechanism() {
            Mechanism::Curve(curve) => CurveKey::generate(curve).map(|key| {
                let share = key.share().to_vec();
                (Secret::Curve(key), share)
            }),
            Mechanism::Kem(set) => DecapsulationKey::ephemeral(set).map(|key| {
                let share = key.encapsulation_key().to_vec();
                (Secret::Kem(key), share)
            }),
        };
        made.ok_or(ExchangeError::Provider { name: self.name() })
    }

    /// Answers a client's share of exactly [`Self::client_len`] bytes; `None` when it is not valid.
    pub(super) fn respond(self, client_share: &[u8]) -> Option<(Vec<u8>, SharedSecret)> {
        match self.mechanism() {
            Mechanism::Curve(curve) => {
                let key = CurveKey::generate(curve)?;
                let secret = key.agree(client_share)?;
                Some((key.share().to_vec(), secret))
            }
            Mechanism::Kem(set) => ml_kem::encapsulate(set, client_share),
        }
    }

    const fn mechanism(self) -> Mechanism {
        match self {
            Self::X25519 => Mechanism::Curve(Curve::X25519),
            Self::P256 => Mechanism::Curve(Curve::P256),
            Self::P384 => Mechanism::Curve(Curve::P384),
            Self::P521 => Mechanism::Curve(Curve::P521),
            Self::MlKem512 => Mechanism::Kem(ParameterSet::MlKem512),
            Self::MlKem768 => Mechanism::Kem(ParameterSet::MlKem768),
            Self::MlKem1024 => Mechanism::Kem(ParameterSet::MlKem1024),
        }
    }

    const fn name(self) -> &'static str {
        match self.mechanism() {
            Mechanism::Curve(curve) => curve.name(),
            Mechanism::Kem(set) => set.name(),
        }
    }
}

impl Secret {
    /// Completes with the peer's share; `None` when the share is not valid (a low-order point, say).
    pub(super) fn complete(&self, peer_share: &[u8]) -> Option<SharedSecret> {
        match self {
            Self::Kem(key) => key.decapsulate(peer_share),
            Self::Curve(key) => key.agree(peer_share),
        }
    }
}

/// Why an exchange failed; the provider tells no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The provider could not make a share.
    #[error("the provider could not make a {name} share")]
    Provider {
        /// The exchange or component.
        name: &'static str,
    },
    /// The peer's share has the wrong length or is not a valid one.
    #[error("not a valid {name} share")]
    Share {
        /// The exchange.
        name: &'static str,
    },
}
