//! What a key-encapsulation mechanism is to this crate: a name, how keys are made and expanded, and one use.
//!
//! A scheme says yes or no; errors with the algorithm's name are made by the module that asks it. Adding one
//! is a value in [`ALL`] and a row in the table of algorithms.

use zeroize::Zeroizing;

use super::dhkem::Dhkem;
use super::hybrid;
use super::ml_kem::{MlKem, ParameterSet};
use crate::SharedSecret;
use crate::curve::Curve;

/// A ciphertext and the secret inside.
pub(crate) type Encapsulated = (Vec<u8>, SharedSecret);

/// A key-encapsulation mechanism (RFC 9794 §2, RFC 9180 §4).
pub trait Kem: std::fmt::Debug + Sync {
    /// The name in the table of algorithms.
    fn name(&self) -> &'static str;

    /// The identifier in the HPKE registry (RFC 9180 §7.1).
    fn hpke_id(&self) -> u16;

    /// A fresh private key in its stored form; `None` when the generator fails.
    fn generate(&self) -> Option<Zeroizing<Vec<u8>>>;

    /// Prepares a stored private key for use; `None` when it is not a valid one.
    fn expand(&self, private: &[u8]) -> Option<Box<dyn Decapsulate>>;

    /// A fresh secret for a public key; `None` when the key is not a valid one.
    fn encapsulate(&self, public_key: &[u8]) -> Option<Encapsulated>;
}

/// A private key that is ready for use. It is erased when it is dropped.
pub trait Decapsulate: Send + Sync {
    /// The public key, in the encoding of RFC 9180 §4 (`SerializePublicKey`).
    fn public_key(&self) -> &[u8];

    /// The secret inside a ciphertext; `None` when the ciphertext is not a valid one.
    fn decapsulate(&self, ciphertext: &[u8]) -> Option<SharedSecret>;
}

/// Every KEM that is implemented.
pub(crate) const ALL: &[&dyn Kem] = &[
    &MlKem {
        set: ParameterSet::MlKem512,
        hpke_id: 0x0040,
    },
    &MlKem {
        set: ParameterSet::MlKem768,
        hpke_id: 0x0041,
    },
    &MlKem {
        set: ParameterSet::MlKem1024,
        hpke_id: 0x0042,
    },
    &Dhkem {
        curve: Curve::X25519,
        hpke_id: 0x0020,
    },
    &Dhkem {
        curve: Curve::P256,
        hpke_id: 0x0010,
    },
    &Dhkem {
        curve: Curve::P384,
        hpke_id: 0x0011,
    },
    &hybrid::X_WING,
    &hybrid::MLKEM768_P256,
    &hybrid::MLKEM1024_P384,
];
