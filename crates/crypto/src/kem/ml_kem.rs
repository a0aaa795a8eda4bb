//! ML-KEM (FIPS 203): the one place that runs it, for stored keys, hybrids and key exchanges alike.
//!
//! AWS-LC does the work and takes expanded keys alone, so a stored seed is expanded once, by the `ml-kem`
//! crate, and the result handed over. AWS-LC checks encapsulation keys (§7.2) and decapsulation keys (§7.3).

use aws_lc_rs::kem;
use zeroize::{Zeroize, Zeroizing};

use super::scheme::{Decapsulate, Encapsulated, Kem};
use crate::{SharedSecret, random};

/// Length of the seed d‖z in bytes (FIPS 203 §7.1), the same for every parameter set.
pub(crate) const SEED_LEN: usize = 64;

/// A parameter set of FIPS 203 §8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ParameterSet {
    /// ML-KEM-512, category 1.
    MlKem512,
    /// ML-KEM-768, category 3.
    MlKem768,
    /// ML-KEM-1024, category 5.
    MlKem1024,
}

impl ParameterSet {
    /// The standard name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MlKem512 => "ML-KEM-512",
            Self::MlKem768 => "ML-KEM-768",
            Self::MlKem1024 => "ML-KEM-1024",
        }
    }

    /// Length of an encapsulation key in bytes.
    pub(crate) const fn encapsulation_key_len(self) -> usize {
        match self {
            Self::MlKem512 => 800,
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }

    /// Length of a ciphertext in bytes.
    pub(crate) const fn ciphertext_len(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }

    /// The expanded decapsulation key of a seed (FIPS 203 §6.1): dk_PKE ‖ ek ‖ H(ek) ‖ z.
    pub(crate) fn expand(self, seed: &[u8; SEED_LEN]) -> Zeroizing<Vec<u8>> {
        let mut seed = ml_kem::Seed::from(*seed);
        let expanded = match self {
            Self::MlKem512 => encode(&ml_kem::DecapsulationKey512::from_seed(seed)),
            Self::MlKem768 => encode(&ml_kem::DecapsulationKey768::from_seed(seed)),
            Self::MlKem1024 => encode(&ml_kem::DecapsulationKey1024::from_seed(seed)),
        };
        seed.as_mut_slice().zeroize();
        expanded
    }

    /// The encapsulation key inside an expanded decapsulation key; it stands before H(ek) and z.
    fn encapsulation_key_of(self, expanded: &[u8]) -> &[u8] {
        let end = expanded.len() - 64;
        &expanded[end - self.encapsulation_key_len()..end]
    }

    const fn provider(self) -> &'static kem::Algorithm {
        match self {
            Self::MlKem512 => &kem::ML_KEM_512,
            Self::MlKem768 => &kem::ML_KEM_768,
            Self::MlKem1024 => &kem::ML_KEM_1024,
        }
    }
}

#[expect(
    deprecated,
    reason = "AWS-LC reads the expanded form alone; it is never stored"
)]
fn encode(key: &impl ml_kem::ExpandedKeyEncoding) -> Zeroizing<Vec<u8>> {
    let mut encoded = key.to_expanded_bytes();
    let copy = Zeroizing::new(encoded.as_slice().to_vec());
    encoded.as_mut_slice().zeroize();
    copy
}

/// A decapsulation key and its encapsulation key. AWS-LC erases the key when it is dropped.
pub(crate) struct DecapsulationKey {
    key: kem::DecapsulationKey,
    encapsulation_key: Vec<u8>,
}

impl DecapsulationKey {
    /// Makes a key pair that lives in memory alone: it has no seed (FIPS 203 §7.1). `None`: the generator failed.
    pub(crate) fn ephemeral(set: ParameterSet) -> Option<Self> {
        let key = kem::DecapsulationKey::generate(set.provider()).ok()?;
        let encapsulation_key = key.encapsulation_key().ok()?.key_bytes().ok()?.as_ref().to_vec();
        Some(Self {
            key,
            encapsulation_key,
        })
    }

    /// Expands a seed. `None` when AWS-LC refuses the result, which it does not for any seed.
    pub(crate) fn from_seed(set: ParameterSet, seed: &[u8; SEED_LEN]) -> Option<Self> {
        Self::from_expanded(set, &set.expand(seed))
    }

    /// Takes an expanded key: 1632, 2400 or 3168 bytes. What is inside is checked at each use (FIPS 203 §7.3).
    pub(crate) fn from_expanded(set: ParameterSet, expanded: &[u8]) -> Option<Self> {
        let key = kem::DecapsulationKey::new(set.provider(), expanded).ok()?;
        let encapsulation_key = set.encapsulation_key_of(expanded).to_vec();
        Some(Self {
            key,
            encapsulation_key,
        })
    }

    pub(crate) fn encapsulation_key(&self) -> &[u8] {
        &self.encapsulation_key
    }

    /// Decapsulates (FIPS 203 §7.3). A forged ciphertext of the right length gives a pseudo-random secret.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Option<SharedSecret> {
        let secret = self.key.decapsulate(ciphertext.into()).ok()?;
        Some(SharedSecret::new(secret.as_ref().into()))
    }
}

impl std::fmt::Debug for DecapsulationKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DecapsulationKey(<redacted>)")
    }
}

/// Encapsulates (FIPS 203 §7.2); `None` when the key fails the length or the modulus check.
pub(crate) fn encapsulate(set: ParameterSet, encapsulation_key: &[u8]) -> Option<Encapsulated> {
    let key = kem::EncapsulationKey::new(set.provider(), encapsulation_key).ok()?;
    let (ciphertext, secret) = key.encapsulate().ok()?;
    Some((
        ciphertext.as_ref().to_vec(),
        SharedSecret::new(secret.as_ref().into()),
    ))
}

/// ML-KEM as a KEM for stored keys, and in HPKE (draft-ietf-hpke-pq-03 §3).
#[derive(Debug)]
pub(super) struct MlKem {
    pub(super) set: ParameterSet,
    pub(super) hpke_id: u16,
}

impl Kem for MlKem {
    fn name(&self) -> &'static str {
        self.set.name()
    }

    fn hpke_id(&self) -> u16 {
        self.hpke_id
    }

    fn generate(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut seed = Zeroizing::new(vec![0; SEED_LEN]);
        random::fill(&mut seed).ok()?;
        Some(seed)
    }

    fn expand(&self, private: &[u8]) -> Option<Box<dyn Decapsulate>> {
        Some(Box::new(DecapsulationKey::from_seed(
            self.set,
            private.try_into().ok()?,
        )?))
    }

    fn encapsulate(&self, public_key: &[u8]) -> Option<Encapsulated> {
        encapsulate(self.set, public_key)
    }
}

impl Decapsulate for DecapsulationKey {
    fn public_key(&self) -> &[u8] {
        &self.encapsulation_key
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Option<SharedSecret> {
        Self::decapsulate(self, ciphertext)
    }
}
