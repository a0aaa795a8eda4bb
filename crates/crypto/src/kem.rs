//! ML-KEM (FIPS 203): encapsulation keys are checked before use, secrets are erased.
//!
//! The provider keeps only expanded decapsulation keys; seeds are the business of whoever stores keys.

use aws_lc_rs::kem;

use crate::SharedSecret;

/// A parameter set of FIPS 203 §8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterSet {
    /// ML-KEM-512, category 1.
    MlKem512,
    /// ML-KEM-768, category 3.
    MlKem768,
    /// ML-KEM-1024, category 5.
    MlKem1024,
}

impl ParameterSet {
    /// The standard name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MlKem512 => "ML-KEM-512",
            Self::MlKem768 => "ML-KEM-768",
            Self::MlKem1024 => "ML-KEM-1024",
        }
    }

    /// Length of an encapsulation key in bytes.
    #[must_use]
    pub const fn encapsulation_key_len(self) -> usize {
        match self {
            Self::MlKem512 => 800,
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }

    /// Length of a ciphertext in bytes.
    #[must_use]
    pub const fn ciphertext_len(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }

    const fn provider(self) -> &'static kem::Algorithm {
        match self {
            Self::MlKem512 => &kem::ML_KEM_512,
            Self::MlKem768 => &kem::ML_KEM_768,
            Self::MlKem1024 => &kem::ML_KEM_1024,
        }
    }
}

/// A decapsulation key. The provider erases it when it is dropped.
pub struct DecapsulationKey {
    set: ParameterSet,
    key: kem::DecapsulationKey,
}

impl DecapsulationKey {
    /// Makes a fresh key pair and returns it with the encapsulation key (FIPS 203 §7.1).
    ///
    /// # Errors
    /// [`KemError::Provider`] when the provider's generator fails.
    pub fn generate(set: ParameterSet) -> Result<(Self, Vec<u8>), KemError> {
        let failed = |_unspecified| KemError::Provider { set: set.name() };
        let key = kem::DecapsulationKey::generate(set.provider()).map_err(failed)?;
        let public = key
            .encapsulation_key()
            .and_then(|public| Ok(public.key_bytes()?.as_ref().to_vec()));
        Ok((Self { set, key }, public.map_err(failed)?))
    }

    /// Reads an expanded decapsulation key (FIPS 203 §6.1): 1632, 2400 or 3168 bytes.
    ///
    /// # Errors
    /// [`KemError::Key`] when the length is wrong or the provider refuses the bytes.
    pub fn from_expanded(set: ParameterSet, bytes: &[u8]) -> Result<Self, KemError> {
        let key = kem::DecapsulationKey::new(set.provider(), bytes)
            .map_err(|_rejected| KemError::Key { set: set.name() })?;
        Ok(Self { set, key })
    }

    /// Decapsulates (FIPS 203 §7.3). A forged ciphertext of the right length gives a pseudo-random secret.
    ///
    /// # Errors
    /// [`KemError::Ciphertext`] when the length is wrong or the provider refuses the key's contents.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<SharedSecret, KemError> {
        self.key
            .decapsulate(ciphertext.into())
            .map(|secret| SharedSecret::new(secret.as_ref().into()))
            .map_err(|_unspecified| KemError::Ciphertext { set: self.set.name() })
    }
}

impl std::fmt::Debug for DecapsulationKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DecapsulationKey({}, <redacted>)", self.set.name())
    }
}

/// Encapsulates to a foreign key; returns the ciphertext and the secret (FIPS 203 §7.2).
///
/// # Errors
/// [`KemError::Key`] when the encapsulation key fails the length or the modulus check.
pub fn encapsulate(set: ParameterSet, encapsulation_key: &[u8]) -> Result<(Vec<u8>, SharedSecret), KemError> {
    let rejected = KemError::Key { set: set.name() };
    let key = kem::EncapsulationKey::new(set.provider(), encapsulation_key)
        .map_err(|_rejected| rejected.clone())?;
    let (ciphertext, secret) = key.encapsulate().map_err(|_unspecified| rejected)?;
    Ok((
        ciphertext.as_ref().to_vec(),
        SharedSecret::new(secret.as_ref().into()),
    ))
}

/// Why an ML-KEM operation failed; the provider tells no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KemError {
    /// The provider could not make a key.
    #[error("the provider could not make a {set} key")]
    Provider {
        /// The parameter set.
        set: &'static str,
    },
    /// The key has the wrong length or fails the modulus check.
    #[error("not a valid {set} key")]
    Key {
        /// The parameter set.
        set: &'static str,
    },
    /// The ciphertext cannot be decapsulated with this key.
    #[error("not a valid {set} ciphertext")]
    Ciphertext {
        /// The parameter set.
        set: &'static str,
    },
}

#[cfg(test)]
mod tests;
