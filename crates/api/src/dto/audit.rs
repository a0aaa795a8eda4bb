//! The audit log as clients see it.
//!
//! An entry is what was written, member for member; the hash is over its exact bytes, which an export has.

use hybridge_keys::audit::Entry;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuditQuery {
    pub(crate) from: Option<u64>,
    pub(crate) limit: Option<usize>,
}

/// From which entry on to export.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuditExportQuery {
    pub(crate) from: Option<u64>,
}

/// Part of the log, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// The number to go on from; of an entry that may not be there yet.
    pub next: u64,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub sequence: u64,
    /// SHA-256 in the chain, 64 hexadecimal digits.
    pub hash: String,
    /// What was written: event, outcome, principal, request, key and more.
    #[schema(value_type = Object)]
    pub entry: Value,
}

/// A key that signs the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditKey {
    /// SPKI in PEM: what `hybridge audit verify --key` takes.
    pub pem: String,
}

/// How far the log is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditCheckpoint {
    /// The last entry that the signature covers.
    pub sequence: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

impl From<&Entry> for AuditEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            hash: hex(&entry.hash),
            entry: serde_json::from_slice(&entry.bytes).unwrap_or(Value::Null),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
