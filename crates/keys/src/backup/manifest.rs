//! The manifest: what a backup holds, in JSON, in a DSSE envelope signed with the service's hybrid key.
//!
//! DSSE 1.0.2 (secure-systems-lab): the signature is over `PAE(type, payload)`, so the bytes that are signed
//! are the bytes that are read. The public key stands in the manifest; whether it is the right one is for
//! whoever knows the service's key to say, and [`Signer`] keeps the two apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hybridge_crypto::{Algorithm, digest, sign};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::recipient::text::hex;

const PAYLOAD_TYPE: &str = "application/vnd.hybridge.backup-manifest.v1+json";
const FORMAT: &str = "hybridge-backup-manifest/v1";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: String,
    pub name: String,
    /// Id of the store, 32 hexadecimal digits.
    pub store: String,
    pub generation: u64,
    pub taken: Timestamp,
    pub container: ContainerV1,
    pub sealed_to: Vec<SealedTo>,
    pub rows: u64,
    pub keys: u64,
    pub versions: u64,
    pub tombstones: TombstonesV1,
    pub head: HeadV1,
    /// Records that were damaged in the store already, and are not in the backup.
    pub damaged: Vec<String>,
    pub signer: SignerV1,
}

/// The file with the contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerV1 {
    pub bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// Who can open it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealedTo {
    Passphrase,
    Recipient { algorithm: String, fingerprint: String },
}

/// What was destroyed until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TombstonesV1 {
    pub count: u64,
    /// Over their sorted ids; 64 hexadecimal digits.
    pub sha256: String,
}

/// End of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadV1 {
    pub sequence: u64,
    /// 64 hexadecimal digits.
    pub hash: String,
}

/// The key that signed, as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerV1 {
    pub algorithm: String,
    /// Raw public key, base64.
    pub public_key: String,
}

/// A key whose signature is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub algorithm: &'static Algorithm,
    pub public_key: Vec<u8>,
}

impl Signer {
    /// The public half of a private key.
    #[must_use]
    pub fn of(key: &sign::PrivateKey) -> Self {
        Self {
            algorithm: key.algorithm(),
            public_key: key.public_key().to_vec(),
        }
    }

    /// SHA-256 of the raw public key, 64 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&digest::sha256(&self.public_key))
    }

    pub(super) fn v1(&self) -> SignerV1 {
        SignerV1 {
            algorithm: self.algorithm.name.to_owned(),
            public_key: STANDARD.encode(&self.public_key),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    keyid: String,
    sig: String,
}

impl Manifest {
    pub(super) fn format() -> String {
        FORMAT.to_owned()
    }

    /// The signed envelope.
    ///
    /// # Errors
    /// What signing gives.
    pub(super) fn seal(&self, key: &sign::PrivateKey) -> Result<Vec<u8>, Failure> {
        let payload = serde_json::to_vec(self)?;
        let signature = key.sign(&pae(&payload), &[])?;
        let envelope = Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(&payload),
            signatures: vec![Signature {
                keyid: Signer::of(key).fingerprint(),
                sig: STANDARD.encode(&signature),
            }],
        };
        Ok(serde_json::to_vec_pretty(&envelope)?)
    }

    /// Reads an envelope and checks its signature: against `known`, or else against the key that the
    /// manifest itself names, which shows that it is whole but not who made it.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn open(envelope: &[u8], known: Option<&Signer>) -> Result<Self, ManifestError> {
        let envelope: Envelope = serde_json::from_slice(envelope).map_err(ManifestError::Json)?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(ManifestError::Format);
        }
        let payload = base64(&envelope.payload)?;
        let [signature] = &envelope.signatures[..] else {
            return Err(ManifestError::Format);
        };
        // Read before it is checked only to learn which key it names.
        let manifest: Self = serde_json::from_slice(&payload).map_err(ManifestError::Json)?;
        let named = manifest.signer()?;
        if let Some(known) = known.filter(|known| **known != named) {
            return Err(ManifestError::OtherSigner {
                theirs: named.fingerprint(),
                known: known.fingerprint(),
            });
        }
        sign::verify(
            named.algorithm,
            &named.public_key,
            &pae(&payload),
            &[],
            &base64(&signature.sig)?,
        )
        .map_err(ManifestError::Signature)?;
        if manifest.format != FORMAT {
            return Err(ManifestError::Format);
        }
        Ok(manifest)
    }

    /// The key that signed it.
    ///
    /// # Errors
    /// [`ManifestError::Format`] when it names no key that can be used.
    pub fn signer(&self) -> Result<Signer, ManifestError> {
        let algorithm = Algorithm::by_name(&self.signer.algorithm).ok_or(ManifestError::Format)?;
        Ok(Signer {
            algorithm,
            public_key: base64(&self.signer.public_key)?,
        })
    }
}

/// DSSE's pre-authentication encoding.
fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn base64(text: &str) -> Result<Vec<u8>, ManifestError> {
    STANDARD.decode(text).map_err(|_detail| ManifestError::Format)
}

/// Why a manifest is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("it is not a manifest of this version")]
    Format,
    #[error("it cannot be read")]
    Json(#[source] serde_json::Error),
    #[error("it is signed with another key ({theirs}) than the service's ({known})")]
    OtherSigner { theirs: String, known: String },
    #[error("its signature does not match")]
    Signature(#[source] sign::Error),
}
