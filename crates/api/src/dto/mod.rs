//! The shapes that cross the wire: the only types of this crate that are serialised.
//!
//! Rules: snake_case names; times are RFC 3339 in UTC; a duration carries its unit in its name
//! (`_us`, `_seconds`); what was not learned is `null`, never a made-up zero. Domain types are
//! turned into these by whoever wires the service, so that a change inside changes no answer; only
//! the report of a probe, which is deep, is turned here.

mod client;
mod from_scan;
mod handshake;
mod health;
mod probe;
mod probe_ssh;
mod probe_tls;
mod route;

pub use client::{Client, ClientState};
pub use handshake::{Handshake, Outcome, Side};
pub use health::Health;
pub use probe::{Answer, ProbeReport, ProbeRequest, Reason, Severity, Support, Verdict};
pub use probe_ssh::{HostKeyFinding, KexFinding, SshFindings};
pub use probe_tls::{
    CertificateFinding, Chain, Greeting, GroupFinding, GroupSupport, Preference, PreferenceOrder,
    SplitFinding, SuiteList, Tls12Choice, TlsFindings, UpgradeFinding, VersionFinding,
};
pub use route::{
    Arm, Canary, CanaryChange, Certificate, Mode, Protocol, Route, RouteChange, Rung, ShareSample, Totals,
};
