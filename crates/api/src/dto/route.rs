//! Routes: what listens where, on which rung, and how it fares.
//!
//! Totals count since the process started. A change leaves alone what it does not mention.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Outcome;

/// One route as it runs now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Route {
    /// Unique name from the configuration.
    pub name: String,
    /// Address and port that clients connect to.
    pub listen: String,
    pub mode: Mode,
    pub protocol: Protocol,
    /// Address and port that the route forwards to.
    pub upstream: String,
    /// Rung of the control arm; null where the mode has none (`observe`).
    pub rung: Option<Rung>,
    /// The canary arm; null when every handshake goes to the control arm.
    pub canary: Option<Canary>,
    pub certificates: Vec<Certificate>,
    pub totals: Totals,
}

/// What a route does with the TLS that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// TLS in, plaintext or TLS out.
    Terminate,
    /// Plaintext or TLS in, hybrid TLS out.
    Originate,
    /// Bytes forwarded untouched; the hellos are read in passing.
    Observe,
}

impl Mode {
    /// The rungs that a route in this mode can stand on, lowest first.
    pub fn rungs(self) -> &'static [Rung] {
        match self {
            Self::Terminate => &[Rung::Classical, Rung::Accept, Rung::Upgrade, Rung::Require],
            Self::Originate => &[Rung::Classical, Rung::Advertise, Rung::Share, Rung::Require],
            Self::Observe => &[],
        }
    }
}

/// What is spoken inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Tcp,
    Http,
}

/// How hard a route tries for post-quantum key exchange.
///
/// Towards clients: `classical`, `accept`, `upgrade`, `require`; towards an origin: `classical`,
/// `advertise`, `share`, `require`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Classical groups only.
    Classical,
    /// The post-quantum group when the client sends a share for it.
    Accept,
    /// The post-quantum group whenever the client lists it, by HelloRetryRequest if need be.
    Upgrade,
    /// The post-quantum group is listed towards the origin, the share is classical.
    Advertise,
    /// The post-quantum share is sent to the origin first.
    Share,
    /// No handshake without a post-quantum group.
    Require,
}

impl Rung {
    pub const ALL: [Self; 6] = [
        Self::Classical,
        Self::Accept,
        Self::Upgrade,
        Self::Advertise,
        Self::Share,
        Self::Require,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classical => "classical",
            Self::Accept => "accept",
            Self::Upgrade => "upgrade",
            Self::Advertise => "advertise",
            Self::Share => "share",
            Self::Require => "require",
        }
    }
}

/// Which side of a comparison a handshake was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    Control,
    Canary,
}

/// A part of the traffic on a rung of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    pub rung: Rung,
    /// Parts per ten thousand of the clients: 0 to 10000.
    #[schema(minimum = 0, maximum = 10000)]
    pub weight: u16,
}

/// A certificate that the route presents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Certificate {
    /// Subject alternative names.
    pub names: Vec<String>,
    /// For example `ECDSA P-256` or `ML-DSA-65`.
    pub key_algorithm: String,
    pub expires_at: Timestamp,
}

/// Counts since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Totals {
    /// Handshakes that ended, well or not.
    pub handshakes: u64,
    /// Those of them that did not succeed.
    pub failures: u64,
    /// Successful handshakes on a post-quantum group.
    pub post_quantum: u64,
    /// Handshakes that could have been post-quantum on rung `upgrade` and were not; must stay 0.
    pub missed_upgrades: u64,
    /// Handshakes that `require` would have refused.
    pub would_reject: u64,
    /// Failures by the stage where they ended; stages without a failure are left out.
    pub failures_by_stage: BTreeMap<Outcome, u64>,
}

/// A change to a route; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteChange {
    /// New rung of the control arm.
    #[serde(default)]
    pub rung: Option<Rung>,
    /// New canary arm; `null` removes it.
    #[serde(default)]
    #[schema(value_type = Option<Canary>)]
    pub canary: CanaryChange,
}

/// What happens to the canary arm: JSON leaves the member out, says `null`, or gives one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CanaryChange {
    #[default]
    Keep,
    Remove,
    Set(Canary),
}

impl<'de> Deserialize<'de> for CanaryChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let canary = Option::<Canary>::deserialize(deserializer)?;
        Ok(canary.map_or(Self::Remove, Self::Set))
    }
}

/// What one arm of a route did in one interval.
///
/// Every interval is there: an idle one has zero handshakes. Intervals before the process
/// started are absent, and a chart leaves a gap for both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShareSample {
    /// End of the interval.
    pub at: Timestamp,
    pub route: String,
    pub arm: Arm,
    /// Handshakes that ended in the interval, well or not.
    pub handshakes: u64,
    /// Successful handshakes on a post-quantum group.
    pub post_quantum: u64,
    pub failures: u64,
}
