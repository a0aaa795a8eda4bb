//! The server's identity: a composite signature key that clients have pinned, and its id.
//!
//! Only composites of ML-DSA with a classical signature are identities, so that the server's authenticity
//! holds while either component does. The id is the SHA-256 of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).

use hybridge_crypto::{Algorithm, Family, digest, encoding, sign};

use crate::CryptoError;
use crate::message::Encoded;
use crate::message::{Answer, Init};

/// Domain of the server's signature: the context string of the composite signature.
pub(crate) const SIGNATURE_CONTEXT: &[u8] = b"hybridge-exchange-v1 server";

/// SHA-256 of the key's SubjectPublicKeyInfo in DER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

/// The public half of an identity key.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    algorithm: &'static Algorithm,
    public_key: Vec<u8>,
    id: KeyId,
}

impl Identity {
    /// An identity from its raw public key.
    ///
    /// # Errors
    /// [`IdentityError`] where the algorithm is not a composite or the key is not one of its keys.
    pub fn new(algorithm: &'static Algorithm, public_key: &[u8]) -> Result<Self, IdentityError> {
        if algorithm.family != Family::CompositeMlDsa {
            return Err(IdentityError::NotComposite { algorithm });
        }
        sign::check_public_key(algorithm, public_key)?;
        let spki = encoding::public_to_spki(algorithm, public_key)?;
        Ok(Self {
            algorithm,
            public_key: public_key.to_vec(),
            id: KeyId(digest::sha256(&spki)),
        })
    }

    /// The identity of a private key.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(key: &sign::PrivateKey) -> Result<Self, IdentityError> {
        Self::new(key.algorithm(), key.public_key())
    }

    /// An identity from a SubjectPublicKeyInfo, PEM or DER.
    ///
    /// # Errors
    /// [`IdentityError`] where it does not parse; otherwise as [`Self::new`].
    pub fn from_spki(bytes: &[u8]) -> Result<Self, IdentityError> {
        let (algorithm, public_key) = encoding::public_from(bytes)?;
        Self::new(algorithm, &public_key)
    }

    /// What the messages call this key.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The signature algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// The raw public key.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(crate) fn verify(
        &self,
        init: &Encoded<Init>,
        answer: &Encoded<Answer>,
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let message = signed_message(init, answer);
        sign::verify(
            self.algorithm,
            &self.public_key,
            &message,
            SIGNATURE_CONTEXT,
            signature,
        )?;
        Ok(())
    }
}

/// What the identity key signs: both messages whole, each behind its length.
pub(crate) fn signed_message(init: &Encoded<Init>, answer: &Encoded<Answer>) -> Vec<u8> {
    let parts = [init.as_bytes(), answer.as_bytes()];
    let mut message = Vec::with_capacity(parts.iter().map(|part| 4 + part.len()).sum());
    for part in parts {
        let length = u32::try_from(part.len()).expect("a message has at most 64 KiB");
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Identity({}, {})", self.algorithm, self.id)
    }
}

/// Why a key cannot be an identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Another family of algorithms.
    #[error("{algorithm} is not a composite ML-DSA signature, which an identity needs")]
    NotComposite {
        /// What was given.
        algorithm: &'static Algorithm,
    },
    /// Not a public key of its algorithm.
    #[error(transparent)]
    Key(#[from] sign::Error),
    /// Not a SubjectPublicKeyInfo.
    #[error(transparent)]
    Encoding(#[from] encoding::Error),
}
