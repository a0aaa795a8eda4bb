//! Findings at a TLS endpoint. Groups, suites and schemes have their IANA names.
//!
//! What was asked and refused, asked without an answer, and not asked are told apart by [`Support`].

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Support;

/// What a TLS endpoint can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TlsFindings {
    /// The server name in our hellos.
    pub server_name: Option<String>,
    /// The plaintext protocol before TLS.
    pub starttls: Option<String>,
    /// What the hello of an ordinary modern client got.
    pub greeting: Option<Greeting>,
    /// Why it got nothing.
    pub greeting_failure: Option<String>,
    /// Every group that was asked for, post-quantum ones first.
    pub groups: Vec<GroupFinding>,
    pub preference: Preference,
    /// What typical clients end up with; empty when the server lacks one kind of group.
    pub upgrades: Vec<UpgradeFinding>,
    pub versions: Vec<VersionFinding>,
    pub suites_tls13: SuiteList,
    pub suites_tls12: SuiteList,
    /// The choices of a TLS 1.2 handshake.
    pub tls12: Option<Tls12Choice>,
    pub chain: Option<Chain>,
    /// Why the chain was not seen.
    pub chain_missing: Option<String>,
    pub split: SplitFinding,
}

/// The server's answer to an ordinary hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Greeting {
    pub version: String,
    pub suite: String,
    pub group: Option<String>,
    /// Whether it asked for another share first (HelloRetryRequest).
    pub by_retry: bool,
}

/// One group and how it can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupFinding {
    pub group: String,
    pub post_quantum: bool,
    pub support: GroupSupport,
    /// A hello that shares only this group gets a ServerHello with it.
    pub by_share: Support,
    /// A hello that lists it without a share gets a HelloRetryRequest for it.
    pub by_retry: Support,
}

/// The two findings in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupSupport {
    ByShare,
    /// Only by HelloRetryRequest.
    ByRetry,
    NotOffered,
    Unknown,
}

/// Whose order of groups decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Preference {
    pub order: PreferenceOrder,
    /// `server`: its groups, best first. `mixed`: its choices from our order and from the reverse.
    pub groups: Vec<String>,
    /// Why it is undetermined.
    pub because: Option<String>,
}

/// Whose order decides, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreferenceOrder {
    Server,
    Client,
    /// Neither order explains the choices.
    Mixed,
    Undetermined,
}

/// What a typical client ends up with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UpgradeFinding {
    /// Continues the sentence "a client that …".
    pub client: String,
    pub classical: String,
    pub post_quantum: String,
    /// The group it gets.
    pub group: Option<String>,
    pub by_retry: bool,
    /// Whether it got a classical group although both sides have the post-quantum one.
    pub missed: bool,
    /// Why it gets none.
    pub failure: Option<String>,
}

/// One protocol version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionFinding {
    pub version: String,
    pub support: Support,
}

/// Suites, in the order of the server's choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuiteList {
    pub suites: Vec<String>,
    /// Why the list may lack some.
    pub missing: Option<String>,
}

/// What a TLS 1.2 handshake showed in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tls12Choice {
    pub suite: String,
    pub group: Option<String>,
    pub signature_scheme: Option<String>,
}

/// The certificates, leaf first; whether they are trusted is not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Chain {
    pub certificates: Vec<CertificateFinding>,
    /// Whether the leaf is valid for the server name; null when none was asked for.
    pub name_matches: Option<bool>,
    /// Of the handshake in which they were seen.
    pub version: Option<String>,
    pub suite: Option<String>,
    pub group: Option<String>,
    pub signature_scheme: Option<String>,
    pub alpn: Option<String>,
}

/// What a certificate says (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CertificateFinding {
    pub subject: String,
    pub issuer: String,
    /// DNS names and addresses it is valid for.
    pub names: Vec<String>,
    /// Null when the time is beyond what RFC 3339 can say.
    pub valid_from: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub key_algorithm: String,
    pub signature_algorithm: String,
    pub self_signed: bool,
    /// Whether it may sign others.
    pub is_authority: bool,
    /// SHA-256 of the DER encoding, in hexadecimal.
    pub fingerprint_sha256: String,
    /// Size of the DER encoding.
    pub der_bytes: usize,
}

/// Whether a ClientHello in pieces gets the answer that a whole one gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SplitFinding {
    /// Size of the hello, record header included.
    pub hello_bytes: usize,
    /// In two TCP segments with a pause between them.
    pub segments: Support,
    /// In three TLS records.
    pub records: Support,
}
