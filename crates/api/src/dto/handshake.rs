//! Handshakes: one record each, success or failure.
//!
//! A member that the handshake did not get as far as is null.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Arm, Rung};

/// One TLS handshake as the edge saw it.
///
/// Groups, versions, suites and schemes are given by their IANA names; what has no name is given as
/// a hexadecimal code point such as `0x9a9a`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Handshake {
    /// When it ended.
    pub at: Timestamp,
    pub route: String,
    /// Which side of the route it was on.
    pub side: Side,
    /// Null where it ended before the client had an arm: without a whole ClientHello, or by a rate limit.
    pub arm: Option<Arm>,
    /// Rung in force; null without an arm, and where the route only observes.
    pub rung: Option<Rung>,
    /// Client network: /24 for IPv4, /56 for IPv6.
    pub client_prefix: String,
    /// How the server name relates to the route's certificates.
    pub sni_class: Option<String>,
    /// Groups listed in the ClientHello (RFC 8446 §4.2.7), in the client's order.
    pub offered_groups: Vec<String>,
    /// Groups that came with a key share (RFC 8446 §4.2.8).
    pub shared_groups: Vec<String>,
    /// Negotiated group.
    pub group: Option<String>,
    /// Whether the negotiated group withstands a quantum computer.
    pub post_quantum: bool,
    pub version: Option<String>,
    pub suite: Option<String>,
    pub signature_scheme: Option<String>,
    pub ja4: Option<String>,
    /// JA4 without what changes on resumption.
    pub ja4_stable: Option<String>,
    /// Length of the ClientHello in bytes.
    pub hello_bytes: Option<u32>,
    /// TCP segments (reads) that it came in.
    pub hello_segments: Option<u32>,
    /// TLS records that it came in.
    pub hello_records: Option<u32>,
    pub hello_retry_request: bool,
    pub resumed: bool,
    /// From accept to the complete ClientHello, in microseconds.
    pub time_to_hello_us: Option<u64>,
    /// From accept to the client's Finished, in microseconds.
    pub time_to_finished_us: Option<u64>,
    pub outcome: Outcome,
    /// More about a failure, for a person.
    pub detail: Option<String>,
}

/// How a handshake ended; everything but `success` names the stage where it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A client's handshake with us.
    Downstream,
    /// Ours with an upstream.
    Upstream,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    /// The connection ended before a whole ClientHello came.
    HelloIncomplete,
    /// What came is not a ClientHello.
    HelloMalformed,
    /// The client went away after the ServerHello.
    AfterServerHello,
    /// The client went away after a HelloRetryRequest.
    AfterRetry,
    /// The client sent a fatal alert.
    AlertIn,
    /// We sent a fatal alert.
    AlertOut,
    /// The rung or a limit refused the handshake.
    Policy,
    /// A deadline passed.
    Timeout,
    /// The upstream could not be reached or failed its own handshake.
    Upstream,
}

impl Outcome {
    /// The name on the wire and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::HelloIncomplete => "hello_incomplete",
            Self::HelloMalformed => "hello_malformed",
            Self::AfterServerHello => "after_server_hello",
            Self::AfterRetry => "after_retry",
            Self::AlertIn => "alert_in",
            Self::AlertOut => "alert_out",
            Self::Policy => "policy",
            Self::Timeout => "timeout",
            Self::Upstream => "upstream",
        }
    }
}
