//! Keys as the API shows and takes them; never a secret.
//!
//! What is left out of a request keeps the default of its purpose; an unknown member is refused.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Base64;

/// A key and its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Key {
    /// 1 to 128 of `a-z 0-9 . _ - /`.
    pub name: String,
    /// `kem`, `sign`, `encrypt`, `mac` or `wrap`.
    pub purpose: &'static str,
    /// The algorithm of versions made from now on, by its standard name.
    pub algorithm: &'static str,
    pub policy: KeyPolicy,
    /// How long what it protects must stay protected.
    pub lifetime_seconds: Option<u64>,
    pub labels: BTreeMap<String, String>,
    /// The version that protects; there is exactly one.
    pub primary: u32,
    pub created: Timestamp,
    /// Since when no version may be used; `null` while they may.
    pub disabled: Option<Timestamp>,
    /// When all of it will be destroyed; until then that can be cancelled.
    pub destroy_after: Option<Timestamp>,
    /// Since when all of it is gone; what is left is the record that it was.
    pub destroyed: Option<Timestamp>,
    /// When the schedule rotates it next.
    pub rotate_after: Option<Timestamp>,
    /// Newest first. A list of keys leaves them out (`null`).
    pub versions: Option<Vec<KeyVersion>>,
    /// Versions whose records are damaged; they are quarantined and the others are not affected.
    pub damaged: Vec<u32>,
}

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyVersion {
    /// From 1, never given twice.
    pub number: u32,
    pub algorithm: &'static str,
    /// SP 800-57 Part 1 §7: `pre-activation`, `active`, `suspended`, `deactivated`, `compromised`, `destroyed`.
    pub state: &'static str,
    pub created: Timestamp,
    pub activated: Timestamp,
    pub suspended: Option<Timestamp>,
    pub deactivated: Option<Timestamp>,
    pub compromised: Option<Timestamp>,
    pub destroyed: Option<Timestamp>,
    /// Compromised and not released: nothing of it opens.
    pub quarantined: bool,
    pub destroy_after: Option<Timestamp>,
    /// `generated` or `imported`.
    pub origin: &'static str,
    /// The public half as SubjectPublicKeyInfo in PEM (RFC 7468 §13); `null` for symmetric keys.
    pub public_key: Option<String>,
    /// The public half in its raw form; where no object identifier is registered, the only one there is.
    pub public_key_raw: Option<Base64>,
}

/// What a key may be used for, how often and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyPolicy {
    pub exportable: bool,
    /// Destroying and exporting need a second administrator.
    pub dual_control: bool,
    /// A KEM key that agrees session keys; rotates every 24 hours unless a period is given.
    pub exchange: bool,
    /// Operations that may be asked for.
    pub operations: Vec<&'static str>,
    /// Protections that one version may apply; `null` leaves the algorithm's own limit.
    pub usage_limit: Option<u64>,
    /// `null` is never.
    pub rotation_period_seconds: Option<u64>,
    /// How long after its activation a version may be used at all.
    pub crypto_period_seconds: Option<u64>,
    /// Versions below this one are refused.
    pub minimum_version: u32,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyPage {
    /// In the order of their names.
    pub keys: Vec<Key>,
    /// Names of keys on this page whose records are damaged.
    pub damaged: Vec<String>,
    /// Ask for what comes `after` this name; `null` on the last page.
    pub next: Option<String>,
}

/// Which keys to list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyQuery {
    pub prefix: Option<String>,
    pub after: Option<String>,
    pub limit: Option<usize>,
}

/// A key to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyCreate {
    pub name: String,
    /// `kem`, `sign`, `encrypt`, `mac` or `wrap`.
    pub purpose: String,
    /// A standard name; without it the purpose's default (X-Wing, MLDSA65-Ed25519-SHA512, AES-256-GCM, HMAC-SHA-256).
    pub algorithm: Option<String>,
    #[serde(default)]
    pub policy: KeyPolicyRequest,
    pub lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// When it becomes active; at once without it.
    pub activate_at: Option<Timestamp>,
}

/// A key to bring in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyImport {
    pub purpose: String,
    /// Found in the material where that is PKCS#8; else as for a new key.
    pub algorithm: Option<String>,
    #[serde(default)]
    pub policy: KeyPolicyRequest,
    pub lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// PKCS#8 in DER or PEM, or the raw secret (a seed where the algorithm has one).
    pub material: Base64,
}

/// A policy as far as somebody has an opinion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyPolicyRequest {
    pub exportable: Option<bool>,
    pub dual_control: Option<bool>,
    pub exchange: Option<bool>,
    pub operations: Option<Vec<String>>,
    /// `null` lifts it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    pub usage_limit: Option<Option<u64>>,
    /// 0 is never.
    pub rotation_period_seconds: Option<u64>,
    /// `null` lifts it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    pub crypto_period_seconds: Option<Option<u64>>,
    pub minimum_version: Option<u32>,
}

/// Tells `null` from nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
