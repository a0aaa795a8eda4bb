//! The root record: what a sealed store knows about how it is opened.
//!
//! One version byte, then postcard of [`RootV1`]. It holds no secret in the clear: the keyring is wrapped,
//! check values and digests are of secrets with 256 bits. Everything but the wrapped keyring is its
//! associated data, so that nothing in the record can be changed without the keyring refusing to open.

use hybridge_crypto::digest::sha256;
use hybridge_crypto::kdf::{self, Cost};
use hybridge_crypto::{Algorithm, aead};
use hybridge_store::{Keyring, StoreId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const CHECK_LABEL: &[u8] = b"hybridge-root-v1 check";
const WRAP_LABEL: &[u8] = b"hybridge-root-v1 wrap";
const AAD_LABEL: &[u8] = b"hybridge-root-v1 record";
const SHARE_LABEL: &[u8] = b"hybridge-root-v1 share";

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A root record that was read. Says how the store is opened; opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(pub(super) RootV1);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RootV1 {
    pub(super) store: [u8; 16],
    /// Grows by one at each rekey, so that old key files and shares are told.
    pub(super) sealing: u32,
    pub(super) protector: ProtectorV1,
    /// Nonce, ciphertext and tag of the keyring under a key derived from the root key.
    pub(super) keyring: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ProtectorV1 {
    KeyFile {
        check: [u8; 32],
    },
    Passphrase {
        salt: Vec<u8>,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        /// Of the key that Argon2id gives: tells a wrong passphrase from a damaged record.
        check: [u8; 32],
        /// The root key under that key.
        root_key: Vec<u8>,
    },
    Shares {
        threshold: u8,
        check: [u8; 32],
        holders: Vec<HolderV1>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HolderV1 {
    pub(super) index: u8,
    pub(super) name: String,
    pub(super) digest: [u8; 32],
    /// Fingerprint of the recipient that the share was sealed to.
    pub(super) recipient: Option<String>,
}

/// How a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    KeyFile,
    Passphrase { cost: Cost },
    Shares { threshold: u8, holders: Vec<Holder> },
}

/// Who holds a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Number of the share, from 1.
    pub index: u8,
    pub name: String,
    /// Fingerprint of the recipient that the share was sealed to, where it was.
    pub recipient: Option<String>,
}

impl Root {
    /// Reads a root record.
    ///
    /// # Errors
    /// [`RootError`] for another version, or bytes that are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, RootError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self(postcard::from_bytes(rest).map_err(RootError::Malformed)?)),
            Some((&version, _)) => Err(RootError::Version(version)),
            None => Err(RootError::Empty),
        }
    }

    /// The record's bytes, for `Store::put_root`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(postcard::to_allocvec(&self.0).expect("a record of plain fields always encodes"));
        bytes
    }

    /// Which store it belongs to.
    #[must_use]
    pub fn store(&self) -> StoreId {
        StoreId(self.0.store)
    }

    /// How many times the store was sealed anew, from 1; old key files and shares carry a smaller number.
    #[must_use]
    pub fn sealing(&self) -> u32 {
        self.0.sealing
    }

    /// How it is opened.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match &self.0.protector {
            ProtectorV1::KeyFile { .. } => Scheme::KeyFile,
            &ProtectorV1::Passphrase {
                memory_kib,
                passes,
                lanes,
                ..
            } => Scheme::Passphrase {
                cost: Cost {
                    memory_kib,
                    passes,
                    lanes,
                },
            },
            ProtectorV1::Shares {
                threshold, holders, ..
            } => Scheme::Shares {
                threshold: *threshold,
                holders: holders.iter().map(HolderV1::shown).collect(),
            },
        }
    }
}

impl HolderV1 {
    fn shown(&self) -> Holder {
        Holder {
            index: self.index,
            name: self.name.clone(),
            recipient: self.recipient.clone(),
        }
    }
}

impl RootV1 {
    /// Everything but the wrapped keyring.
    fn associated(&self) -> Vec<u8> {
        let bare = Self {
            keyring: Vec::new(),
            ..self.clone()
        };
        let mut associated = AAD_LABEL.to_vec();
        associated.extend(postcard::to_allocvec(&bare).expect("a record of plain fields always encodes"));
        associated
    }

    pub(super) fn wrap(&mut self, root_key: &RootKey, keyring: &Keyring) -> Result<(), Failure> {
        let associated = self.associated();
        self.keyring = root_key
            .wrapping()?
            .seal_random(&associated, &keyring.to_bytes())?;
        Ok(())
    }

    pub(super) fn unwrap(&self, root_key: &RootKey) -> Result<Keyring, Failure> {
        let opened = root_key
            .wrapping()?
            .open_random(&self.associated(), &self.keyring)?;
        Ok(Keyring::from_bytes(&opened)?)
    }

    /// Ties the wrapped root key of a passphrase to this store and sealing.
    pub(super) fn passphrase_associated(store: [u8; 16], sealing: u32) -> Vec<u8> {
        [b"hybridge-root-v1 passphrase", &store[..], &sealing.to_be_bytes()].concat()
    }
}

/// 32 random bytes under which the keyring is wrapped, or from which the root key is.
#[derive(Clone)]
pub(super) struct RootKey(pub(super) Zeroizing<Vec<u8>>);

impl RootKey {
    pub(super) const LEN: usize = 32;

    pub(super) fn generate() -> Result<Self, Failure> {
        let mut bytes = Zeroizing::new(vec![0; Self::LEN]);
        hybridge_crypto::random::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A value that tells the right key from another and gives nothing of it away.
    pub(super) fn check(&self, store: [u8; 16]) -> Result<[u8; 32], Failure> {
        let value = kdf::hkdf(kdf::Hash::Sha256, &store, &self.0, CHECK_LABEL, 32)?;
        Ok(value[..].try_into().expect("32 bytes were asked for"))
    }

    pub(super) fn wrapping(&self) -> Result<aead::Key, Failure> {
        let bytes = kdf::hkdf(kdf::Hash::Sha256, &[], &self.0, WRAP_LABEL, aead::KEY_LEN)?;
        let algorithm = Algorithm::by_name("AES-256-GCM").expect("the table of algorithms has AES-256-GCM");
        Ok(aead::Key::from_bytes(algorithm, &bytes)?)
    }
}

impl std::fmt::Debug for RootKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RootKey(<redacted>)")
    }
}

/// The digest by which a share is known: of store, sealing, index and bytes.
pub(super) fn share_digest(store: [u8; 16], sealing: u32, index: u8, bytes: &[u8]) -> [u8; 32] {
    let covered = [SHARE_LABEL, &store[..], &sealing.to_be_bytes(), &[index], bytes].concat();
    sha256(&Zeroizing::new(covered))
}

/// Why a root record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error("the root record is empty")]
    Empty,
    #[error("the root record has version {0}, which a newer release wrote")]
    Version(u8),
    #[error("the root record is damaged")]
    Malformed(#[source] postcard::Error),
}
