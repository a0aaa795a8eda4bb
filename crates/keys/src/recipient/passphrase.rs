//! Passphrases as recipients: Argon2id (RFC 9106) turns one into the seed of an X-Wing key.
//!
//! Salt and cost stand in the header, so whoever opens needs the words alone. The cost of what comes from
//! outside is bounded, because a header must not be able to ask for all memory there is.

use hybridge_crypto::{Algorithm, kdf, kem};
use zeroize::Zeroizing;

use super::OpenError;

pub use kdf::Cost;

/// RFC 9106 §4, second recommended option: 64 MiB, three passes, four lanes.
pub const DEFAULT_COST: Cost = Cost::RECOMMENDED;

/// Bytes of salt (RFC 9106 §3.1).
pub(crate) const SALT_LEN: usize = 16;

/// A passphrase and what deriving a key from it shall cost when something is sealed with it.
#[derive(Clone)]
pub struct Passphrase {
    words: Zeroizing<String>,
    cost: Cost,
}

impl Passphrase {
    /// With the default cost.
    #[must_use]
    pub fn new(words: Zeroizing<String>) -> Self {
        Self::with_cost(words, DEFAULT_COST)
    }

    /// With a cost of its own. Opening takes the cost that was stored, whatever stands here.
    #[must_use]
    pub fn with_cost(words: Zeroizing<String>, cost: Cost) -> Self {
        Self { words, cost }
    }

    /// Cost for sealing.
    pub(crate) fn cost(&self) -> Cost {
        self.cost
    }

    /// 32 bytes, for a salt and a cost that were checked or chosen here.
    pub(crate) fn derive(&self, salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 32]>, kdf::Error> {
        kdf::argon2id(self.words.as_bytes(), salt, cost)
    }

    /// The X-Wing key that stands for this passphrase under a salt.
    pub(super) fn key(&self, salt: &[u8], cost: Cost) -> Result<kem::PrivateKey, OpenError> {
        let seed = self
            .derive(salt, cost)
            .map_err(|source| OpenError::Crypto("Argon2id", source.into()))?;
        kem::PrivateKey::from_bytes(x_wing(), &seed[..])
            .map_err(|source| OpenError::Crypto("X-Wing", source.into()))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Passphrase(<redacted>)")
    }
}

/// True for a cost that RFC 9106 §3.1 allows and that a header may ask for.
pub(crate) fn is_acceptable(cost: Cost) -> bool {
    (1..=Cost::MAX.passes).contains(&cost.passes)
        && (1..=Cost::MAX.lanes).contains(&cost.lanes)
        && (8 * cost.lanes..=Cost::MAX.memory_kib).contains(&cost.memory_kib)
}

pub(super) fn x_wing() -> &'static Algorithm {
    Algorithm::by_name("X-Wing").expect("the table of algorithms names X-Wing")
}
