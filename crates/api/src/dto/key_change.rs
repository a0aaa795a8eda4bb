//! Changes of keys: what is asked for, and what happened.
//!
//! What an answer says has been committed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Key, KeyPolicyRequest, KeyVersion};

/// Which version; the key as a whole, or its primary version, without one.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VersionChoice {
    pub version: Option<u32>,
}

/// No members.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What to change of a key; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyChange {
    pub policy: Option<KeyPolicyRequest>,
    /// All labels, as they shall be.
    pub labels: Option<BTreeMap<String, String>>,
    pub lifetime_seconds: Option<u64>,
}

/// What to destroy, and when.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyDestroy {
    /// One version that is not the primary one; the whole key without it.
    pub version: Option<u32>,
    /// How long it can be cancelled; the service's window (7 days) without it.
    pub wait_seconds: Option<u64>,
    /// Of another administrator, for a key under dual control.
    pub approval: Option<String>,
}

/// A rotation that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyRotated {
    pub key: Key,
    /// The version that was primary; what it protected still opens.
    pub old: KeyVersion,
    pub new: KeyVersion,
}

/// A compromise that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyCompromised {
    /// The key as it is now, with a new primary version.
    pub key: Key,
    /// The version in quarantine.
    pub version: KeyVersion,
    /// What it had protected.
    pub protected: KeyProtected,
}

/// What a version had protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyProtected {
    /// At most how often it protected something here; what others encapsulated to its public key is not known.
    pub protections: u64,
    /// At most how many data keys it wrapped; whatever those encrypted is at risk too.
    pub data_keys: u64,
    pub labels: BTreeMap<String, String>,
    pub lifetime_seconds: Option<u64>,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A version in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuarantineEntry {
    pub key: String,
    pub version: u32,
}

/// A version to release from quarantine.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineRelease {
    pub key: String,
    pub version: u32,
}

/// Whom to export a key to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyExport {
    /// A post-quantum recipient, as `hybridge recipient create` prints it.
    pub recipient: String,
    /// The version; the primary one without it.
    pub version: Option<u32>,
    /// Of another administrator, for a key under dual control.
    pub approval: Option<String>,
}

/// A key that left the service, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyExported {
    pub name: String,
    pub version: u32,
    pub algorithm: &'static str,
    /// What is inside: `pkcs8`, or `raw` for symmetric keys and where no object identifier is registered.
    pub form: &'static str,
    /// Sealed to the recipient: PKCS#8 of a key pair, the raw bytes of a symmetric key.
    pub sealed: super::Base64,
}
