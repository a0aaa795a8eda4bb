//! One component of an exchange: a curve or an ML-KEM parameter set, with its share lengths.
//!
//! It knows the provider and no protocol; how components are joined is the exchange's business.

use aws_lc_rs::agreement;

use crate::SharedSecret;
use crate::kem::{self, DecapsulationKey, ParameterSet};

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

/// What a component is to the provider.
enum Provided {
    Curve(&'static agreement::Algorithm),
    Kem(ParameterSet),
}

/// The private half of a share; the provider erases it when it is dropped.
#[derive(Debug)]
pub(super) enum Secret {
    Curve(agreement::PrivateKey),
    Kem(DecapsulationKey),
}

impl Component {
    /// Length of the client's share in bytes.
    pub(super) const fn client_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::P256 => 65,
            Self::P384 => 97,
            Self::P521 => 133,
            Self::MlKem512 => ParameterSet::MlKem512.encapsulation_key_len(),
            Self::MlKem768 => ParameterSet::MlKem768.encapsulation_key_len(),
            Self::MlKem1024 => ParameterSet::MlKem1024.encapsulation_key_len(),
        }
    }

    /// Length of the server's share in bytes.
    pub(super) const fn server_len(self) -> usize {
        match self.provided() {
            Provided::Curve(_) => self.client_len(),
            Provided::Kem(set) => set.ciphertext_len(),
        }
    }

    /// Makes a private half and its public share.
    pub(super) fn generate(self) -> Result<(Secret, Vec<u8>), ExchangeError> {
        match self.provided() {
            Provided::Curve(curve) => generate_on(curve).ok_or(ExchangeError::Provider { name: self.name() }),
            Provided::Kem(set) => DecapsulationKey::generate(set)
                .map(|(key, public)| (Secret::Kem(key), public))
                .map_err(|_kem| ExchangeError::Provider { name: self.name() }),
        }
    }

    /// Answers a client's share of exactly [`Self::client_len`] bytes; `None` when it is not valid.
    pub(super) fn respond(self, client_share: &[u8]) -> Option<(Vec<u8>, SharedSecret)> {
        match self.provided() {
            Provided::Curve(curve) => {
                let (secret, public) = generate_on(curve)?;
                Some((public, secret.complete(client_share)?))
            }
            Provided::Kem(set) => kem::encapsulate(set, client_share).ok(),
        }
    }

    const fn provided(self) -> Provided {
        match self {
            Self::X25519 => Provided::Curve(&agreement::X25519),
            Self::P256 => Provided::Curve(&agreement::ECDH_P256),
            Self::P384 => Provided::Curve(&agreement::ECDH_P384),
            Self::P521 => Provided::Curve(&agreement::ECDH_P521),
            Self::MlKem512 => Provided::Kem(ParameterSet::MlKem512),
            Self::MlKem768 => Provided::Kem(ParameterSet::MlKem768),
            Self::MlKem1024 => Provided::Kem(ParameterSet::MlKem1024),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::MlKem512 => ParameterSet::MlKem512.name(),
            Self::MlKem768 => ParameterSet::MlKem768.name(),
            Self::MlKem1024 => ParameterSet::MlKem1024.name(),
        }
    }
}

fn generate_on(curve: &'static agreement::Algorithm) -> Option<(Secret, Vec<u8>)> {
    let key = agreement::PrivateKey::generate(curve).ok()?;
    let public = key.compute_public_key().ok()?.as_ref().to_vec();
    Some((Secret::Curve(key), public))
}

impl Secret {
    /// Completes with the peer's share; `None` when the share is not valid (a low-order point, say).
    pub(super) fn complete(&self, peer_share: &[u8]) -> Option<SharedSecret> {
        match self {
            Self::Kem(key) => key.decapsulate(peer_share).ok(),
            Self::Curve(key) => {
                let peer = agreement::UnparsedPublicKey::new(key.algorithm(), peer_share);
                agreement::agree(key, peer, (), |secret| Ok(SharedSecret::new(secret.into()))).ok()
            }
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
