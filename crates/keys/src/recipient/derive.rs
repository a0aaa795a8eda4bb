//! What the container derives from a file key: the key of its header's MAC and the key of its body.
//!
//! The shapes follow the age format (C2SP age, "Header MAC" and "Payload"): HKDF-SHA-256 over the file key,
//! with a label for each use. Here the file key has 32 bytes and the body is AES-256-GCM.

use hybridge_crypto::{Algorithm, aead, kdf, mac, random};
use zeroize::Zeroizing;

pub(super) const FILE_KEY_LEN: usize = 32;
/// Bytes of salt in front of the body, fresh in each container.
pub(super) const BODY_SALT_LEN: usize = 32;

const HEADER_LABEL: &[u8] = b"hybridge-sealed/v1 header";
const BODY_LABEL: &[u8] = b"hybridge-sealed/v1 body";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The random key that every recipient gets.
pub(super) struct FileKey(Zeroizing<Vec<u8>>);

impl FileKey {
    pub(super) fn generate() -> Result<Self, random::RandomError> {
        let mut bytes = Zeroizing::new(vec![0; FILE_KEY_LEN]);
        random::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// `None` for another length: it was not a file key that was sealed.
    pub(super) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        (bytes.len() == FILE_KEY_LEN).then_some(Self(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// HMAC-SHA-256 key of the header. It also commits to the file key, which AES-GCM alone does not.
    pub(super) fn header_key(&self) -> Result<mac::Key, Failure> {
        let bytes = kdf::hkdf(kdf::Hash::Sha256, &[], &self.0, HEADER_LABEL, 32)?;
        Ok(mac::Key::from_bytes(named("HMAC-SHA-256"), &bytes)?)
    }

    /// AES-256-GCM key of the body.
    pub(super) fn body_key(&self, salt: &[u8; BODY_SALT_LEN]) -> Result<aead::Key, Failure> {
        let bytes = kdf::hkdf(kdf::Hash::Sha256, salt, &self.0, BODY_LABEL, aead::KEY_LEN)?;
        Ok(aead::Key::from_bytes(named("AES-256-GCM"), &bytes)?)
    }
}

fn named(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect("the table of algorithms names what the container is made of")
}
