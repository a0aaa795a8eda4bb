//! The key exchange and its sessions in JSON, as `docs/key-exchange.md` §HTTP has them.
//!
//! Messages are opaque here: base64url of the bytes that the protocol defines. Everything beside them is for
//! people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Base64;

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeInit {
    pub init: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeAnswer {
    pub response: Base64,
    /// 32 lower-case hexadecimal digits.
    pub session: String,
    pub suite: &'static str,
    pub expires: Timestamp,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeConfirm {
    pub confirm: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeConfirmed {
    pub session: String,
    pub suite: &'static str,
    pub expires: Timestamp,
}

/// What the server signs key exchanges with, and what it agrees to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeTerms {
    /// Newest first: pin the first one.
    pub identities: Vec<ExchangeIdentity>,
    /// Suites that are allowed, hybrid ones alone.
    pub suites: Vec<&'static str>,
    /// Classical suites that open exceptions allow now; none as a rule.
    pub exceptions: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExchangeIdentity {
    /// SHA-256 of the SubjectPublicKeyInfo, in hexadecimal.
    pub id: String,
    pub algorithm: &'static str,
    /// SubjectPublicKeyInfo in PEM.
    pub public_key: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRekey {
    pub rekey: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionRekeyed {
    pub rekeyed: Base64,
    pub epoch: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSeal {
    pub plaintext: Base64,
    #[serde(default)]
    pub aad: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionSealed {
    pub sealed: Base64,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionOpen {
    pub sealed: Base64,
    #[serde(default)]
    pub aad: Base64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionOpened {
    pub plaintext: Base64,
    pub epoch: u32,
    pub sequence: u64,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionExport {
    /// 1 to 245 bytes of text.
    pub label: String,
    #[serde(default)]
    pub context: Base64,
    /// Bytes.
    pub length: usize,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionExported {
    pub exported: Base64,
    pub epoch: u32,
}

/// A door to classical suites, with an owner and an end.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Exception {
    pub name: String,
    pub owner: String,
    pub reason: String,
    pub suites: Vec<&'static str>,
    pub opened_by: String,
    pub opened: Timestamp,
    /// From here on it allows nothing.
    pub expires: Timestamp,
}

/// An exception to open.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionNew {
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    pub reason: String,
    /// Classical suites by name.
    pub suites: Vec<String>,
    /// At most 90 days.
    pub lifetime_seconds: u64,
}
