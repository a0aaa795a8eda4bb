//! What a key is for, which algorithms serve that, and which operations it can be asked for.
//!
//! A key has one purpose for life (SP 800-57 Part 1 §5.2): an operation of another purpose is refused
//! whatever the policy says.

use hybridge_crypto::{Algorithm, aead, kem, mac, sign};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Agrees secrets: encapsulate, decapsulate.
    Kem,
    /// Signs and verifies.
    Sign,
    /// Encrypts payloads, and makes data keys.
    Encrypt,
    /// Authenticates messages.
    Mac,
    /// Wraps data keys, and nothing else.
    Wrap,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] = [Self::Kem, Self::Sign, Self::Encrypt, Self::Mac, Self::Wrap];

    /// The word in the API, the command line and the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kem => "kem",
            Self::Sign => "sign",
            Self::Encrypt => "encrypt",
            Self::Mac => "mac",
            Self::Wrap => "wrap",
        }
    }

    /// Looks up the word.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// The algorithm of a key whose creator named none.
    #[must_use]
    pub fn default_algorithm(self) -> &'static Algorithm {
        let name = match self {
            Self::Kem => "X-Wing",
            Self::Sign => "MLDSA65-Ed25519-SHA512",
            Self::Encrypt | Self::Wrap => "AES-256-GCM",
            Self::Mac => "HMAC-SHA-256",
        };
        Algorithm::by_name(name).expect("the default algorithms are in the table")
    }

    /// True where keys of this purpose may use the algorithm, and this build implements it.
    #[must_use]
    pub fn allows(self, algorithm: &Algorithm) -> bool {
        let is_it = |known: &'static Algorithm| known == algorithm;
        match self {
            Self::Kem => kem::algorithms().any(is_it),
            Self::Sign => sign::algorithms().any(is_it),
            Self::Encrypt | Self::Wrap => aead::algorithms().any(is_it),
            Self::Mac => mac::algorithms().any(is_it),
        }
    }

    /// The algorithms that keys of this purpose may use.
    pub fn algorithms(self) -> impl Iterator<Item = &'static Algorithm> {
        let allowed = move |algorithm: &&'static Algorithm| self.allows(algorithm);
        Algorithm::ALL.iter().filter(allowed)
    }

    /// The operations that keys of this purpose can be asked for.
    #[must_use]
    pub const fn operations(self) -> &'static [Operation] {
        match self {
            Self::Kem => &[Operation::Encapsulate, Operation::Decapsulate],
            Self::Sign => &[Operation::Sign, Operation::Verify],
            Self::Encrypt => &[
                Operation::Encrypt,
                Operation::Decrypt,
                Operation::Rewrap,
                Operation::DataKey,
            ],
            Self::Mac => &[Operation::Mac, Operation::MacVerify],
            Self::Wrap => &[Operation::DataKey, Operation::Decrypt, Operation::Rewrap],
        }
    }
}

/// Something a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Makes a shared secret for the key's public half.
    Encapsulate,
    /// Recovers a shared secret.
    Decapsulate,
    /// Signs a message.
    Sign,
    /// Checks a signature.
    Verify,
    /// Encrypts a payload.
    Encrypt,
    /// Decrypts a payload, or unwraps a data key.
    Decrypt,
    /// Moves a ciphertext to the newest version; the plaintext never leaves.
    Rewrap,
    /// Makes a data key: plain and wrapped.
    DataKey,
    /// Computes a tag.
    Mac,
    /// Checks a tag.
    MacVerify,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 10] = [
        Self::Encapsulate,
        Self::Decapsulate,
        Self::Sign,
        Self::Verify,
        Self::Encrypt,
        Self::Decrypt,
        Self::Rewrap,
        Self::DataKey,
        Self::Mac,
        Self::MacVerify,
    ];

    /// The word in the API, the command line, policies and the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encapsulate => "encapsulate",
            Self::Decapsulate => "decapsulate",
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Rewrap => "rewrap",
            Self::DataKey => "data-key",
            Self::Mac => "mac",
            Self::MacVerify => "mac-verify",
        }
    }

    /// Looks up the word.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// The audit event.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Encapsulate => "key.encapsulate",
            Self::Decapsulate => "key.decapsulate",
            Self::Sign => "key.sign",
            Self::Verify => "key.verify",
            Self::Encrypt => "key.encrypt",
            Self::Decrypt => "key.decrypt",
            Self::Rewrap => "key.rewrap",
            Self::DataKey => "key.data-key",
            Self::Mac => "key.mac",
            Self::MacVerify => "key.mac-verify",
        }
    }

    /// True where it applies new protection, false where it processes what was protected before
    /// (SP 800-57 Part 1 §5.3.5: originator-usage and recipient-usage period).
    #[must_use]
    pub const fn protects(self) -> bool {
        matches!(
            self,
            Self::Encapsulate | Self::Sign | Self::Encrypt | Self::Rewrap | Self::DataKey | Self::Mac
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Purpose};

    #[test]
    fn every_purpose_allows_its_default_algorithm() {
        for purpose in Purpose::ALL {
            assert!(purpose.allows(purpose.default_algorithm()), "{purpose:?}");
        }
    }

    #[test]
    fn words_lead_back_to_what_they_name() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::by_name(purpose.name()), Some(purpose));
        }
        for operation in Operation::ALL {
            assert_eq!(Operation::by_name(operation.name()), Some(operation));
            assert_eq!(operation.event(), format!("key.{}", operation.name()));
        }
    }

    #[test]
    fn every_operation_belongs_to_a_purpose() {
        for operation in Operation::ALL {
            assert!(
                Purpose::ALL
                    .iter()
                    .any(|purpose| purpose.operations().contains(&operation))
            );
        }
    }
}
