//! Probes: what to ask of a server, and what it can do with the verdict on it.
//!
//! The findings differ by protocol and have files of their own; exactly one of them is there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SshFindings, TlsFindings};

/// What to probe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeRequest {
    /// `HOST:PORT`, or `ssh://HOST:PORT`.
    pub target: String,
    /// Server name to ask for, when it is not the host.
    #[serde(default)]
    pub sni: Option<String>,
    /// Protocol to upgrade from, for example `smtp`, `imap` or `postgres`.
    #[serde(default)]
    pub starttls: Option<String>,
}

/// What the probe found, and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProbeReport {
    /// What was probed, as it was asked for.
    pub target: String,
    /// The address that answered.
    pub address: String,
    pub verdict: Verdict,
    /// Why, the heaviest first.
    pub reasons: Vec<Reason>,
    /// Findings at a TLS endpoint.
    pub tls: Option<TlsFindings>,
    /// Findings at an SSH endpoint.
    pub ssh: Option<SshFindings>,
}

/// What an endpoint is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to do.
    Pass,
    /// Works, with something to mend.
    Warn,
    /// Not acceptable.
    Fail,
    /// Something that decides could not be found out.
    Indeterminate,
}

/// One reason behind a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    pub severity: Severity,
    /// A stable word for programs, such as `tls-version-deprecated`.
    pub code: String,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Note,
    Warn,
    /// A fact that decides is missing.
    Unknown,
    Fail,
}

/// What the endpoint did when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Support {
    pub answer: Answer,
    /// The reason behind every answer but yes.
    pub because: Option<String>,
}

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Yes,
    /// It refused, in a way that can be read as a refusal.
    No,
    /// It was asked and gave no usable answer.
    Unknown,
    /// It was not asked.
    NotTried,
}
