//! Probes: what a TLS or SSH server can do, asked by our own hellos.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// What the probe found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProbeReport {
    /// What was probed.
    pub target: String,
}
