//! The edge's configuration as it stands in the TOML file, and its validation.
//!
//! Unknown fields are refused. `Config` is what was written; `Config::validate` returns the proof
//! that the routes make sense together. Nothing here touches the disk or the network.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hybridge_policy::{Group, Ladder, Rung};
use serde::Deserialize;

use crate::duration;

/// Everything that the edge reads from the file: `[[route]]` tables and `[limits]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The routes, in the order of the file.
    #[serde(rename = "route")]
    pub routes: Vec<Route>,
    /// Limits of the whole process.
    pub process: Process,
}

/// `[process]`: what all routes share.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Process {
    /// Threads that serve traffic, one runtime each. Default: one per available core.
    pub cores: Option<usize>,
    /// How long connections may finish after SIGTERM. Default 30 s.
    #[serde(with = "duration")]
    pub drain: Duration,
    /// Salt of the sticky arm assignment; change it to draw the canary population anew.
    pub salt: String,
    /// Clients (fingerprint and network) that the register remembers. Default 4096.
    pub register_size: usize,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            cores: None,
            drain: Duration::from_secs(30),
            salt: String::new(),
            register_size: 4096,
        }
    }
}

/// `[[route]]`: one listener and what happens to its connections.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Name in API, metrics and logs: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What is done with TLS. Default `terminate`.
    #[serde(default)]
    pub mode: Mode,
    /// What runs inside. Default `tcp`.
    #[serde(default)]
    pub protocol: Protocol,
    /// Where connections go.
    pub upstream: Upstream,
    /// Certificates for the downstream side, chosen by SNI and signature schemes.
    #[serde(default, rename = "certificate")]
    pub certificates: Vec<CertificateFiles>,
    /// The rung of the control arm: downstream ladder, or upstream ladder for `originate`.
    pub rung: Option<Rung>,
    /// The canary arm.
    pub canary: Option<Canary>,
    /// Groups that may be negotiated, preferred first. Default: all, hybrids first.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Certificates asked of clients. Default: none.
    pub client_auth: Option<ClientAuth>,
    /// PROXY protocol header expected from whoever connects. Default `off`.
    #[serde(default)]
    pub accept_proxy: AcceptProxy,
    /// Limits of this route.
    #[serde(default)]
    pub limits: Limits,
}

/// `canary = { rung = "upgrade", weight = 100 }`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The rung of the canary arm.
    pub rung: Rung,
    /// Share of clients in the canary arm, in parts per ten thousand (0 to 10000).
    pub weight: u16,
}

/// `client_auth = { ca = "clients.pem", mode = "required" }`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ClientAuth {
    /// PEM file with the authorities whose certificates are believed.
    pub ca: PathBuf,
    /// What becomes of a client without a certificate. Default `required`.
    #[serde(default)]
    pub mode: ClientAuthMode,
}

/// What becomes of a client without a certificate. A bad one is always refused.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthMode {
    /// It is refused.
    #[default]
    Required,
    /// It is let in, and the upstream is told of no certificate.
    Optional,
}

impl ClientAuthMode {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
        }
    }
}

/// A field that we add to each request for an upstream in this process, so that it knows us; what a client
/// sends under its name is dropped. Not configurable: who wires the process sets it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof(pub std::sync::Arc<str>);

impl Proof {
    /// The field's name.
    pub const FIELD: &str = "hybridge-edge-proof";
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(<redacted>)")
    }
}

/// What a route does with TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// TLS in; plaintext or TLS out.
    #[default]
    Terminate,
    /// Plaintext or TLS in; hybrid TLS out to a remote origin.
    Originate,
    /// Bytes pass untouched; hellos are read on the way.
    Observe,
}

impl Mode {
    /// The name in configuration and API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Originate => "originate",
            Self::Observe => "observe",
        }
    }
}

/// What runs inside the connection.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Any protocol; bytes are forwarded.
    #[default]
    Tcp,
    /// HTTP/1.1 and HTTP/2, with WebSocket upgrade.
    Http,
}

impl Protocol {
    /// The name in configuration and API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
        }
    }
}

/// PROXY protocol on accepted connections.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum AcceptProxy {
    /// None expected: a header is a malformed hello.
    #[default]
    Off,
    /// Version 1 or 2 must come first; without it the connection is refused.
    Required,
}

/// PROXY protocol on connections that we open.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SendProxy {
    /// None.
    #[default]
    Off,
    /// The text header.
    V1,
    /// The binary header.
    V2,
}

/// `[route.upstream]`: where connections go.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `HOST:PORT`; a name is resolved at each new connection.
    pub address: String,
    /// TLS towards the upstream. Default: plaintext, except for `originate`.
    pub tls: Option<UpstreamTls>,
    /// PROXY protocol header sent first. Default `off`.
    #[serde(default)]
    pub send_proxy: SendProxy,
    /// What an upstream in this process knows us by.
    #[serde(skip)]
    pub proof: Option<Proof>,
}

/// `[route.upstream.tls]`: how we are a TLS client.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamTls {
    /// Name for SNI and verification. Default: the host of the address.
    pub name: Option<String>,
    /// PEM file with the authorities to trust. Default: those of the system.
    pub authorities: Option<PathBuf>,
    /// Rung of the upstream side in `terminate` mode. Default `share`.
    pub rung: Option<Rung>,
    /// Accept any certificate. For tests and emergencies: says so at start.
    pub danger_accept_any_certificate: bool,
}

/// A chain and its key, both PEM.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// PEM file with the certificate chain, leaf first.
    pub chain: PathBuf,
    /// PEM file with the private key (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
}

/// `[route.limits]`: what one route may use.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections, all cores together. Default 20000.
    pub connections: usize,
    /// Connections that have not finished their handshake, all cores together. Default 4096.
    pub half_open: usize,
    /// Open connections of one client prefix (/24, /56). Default: a quarter of `connections`, at least 16.
    pub connections_per_client: Option<usize>,
    /// Connections of one client prefix that have not finished their handshake. Default: a quarter of
    /// `half_open`, at least 16.
    pub half_open_per_client: Option<usize>,
    /// Handshakes per second and client prefix (/24, /56), all cores together; 0 is unlimited. Default 0.
    pub handshakes_per_second: u32,
    /// Handshakes that a client prefix may make at once before the rate counts. Default 200.
    pub handshake_burst: u32,
    /// Time for the whole ClientHello. Default 5 s.
    #[serde(with = "duration")]
    pub hello_timeout: Duration,
    /// Time for the whole handshake, hello included. Default 10 s.
    #[serde(with = "duration")]
    pub handshake_timeout: Duration,
    /// Time without a byte in either direction. Default 5 min.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// Time to connect to the upstream, its TLS handshake included. Default 5 s.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// HTTP: time until the upstream's response begins. Default 60 s.
    #[serde(with = "duration")]
    pub response_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            half_open: 4096,
            connections_per_client: None,
            half_open_per_client: None,
            handshakes_per_second: 0,
            handshake_burst: 200,
            hello_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(5),
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_mins(1),
        }
    }
}

impl Limits {
    /// Open connections that one client prefix may have, all cores together.
    pub fn connections_of_client(&self) -> usize {
        self.connections_per_client
            .unwrap_or_else(|| quarter(self.connections))
    }

    /// Unfinished handshakes that one client prefix may have, all cores together.
    pub fn half_open_of_client(&self) -> usize {
        self.half_open_per_client
            .unwrap_or_else(|| quarter(self.half_open))
    }
}

fn quarter(limit: usize) -> usize {
    (limit / 4).max(16)
}

/// What is wrong with a configuration, and where.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidConfig {
    /// There is nothing to do.
    #[error("no [[route]] is configured")]
    NoRoutes,
    /// One route is wrong.
    #[error("route {route:?}: {field}: {reason}")]
    Route {
        /// The route's name.
        route: String,
        /// The field's path.
        field: &'static str,
        /// What is wrong with it, and the remedy.
        reason: String,
    },
    /// A setting of `[process]` is wrong.
    #[error("process.{field}: {reason}")]
    Process {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Config {
    /// Refuses a configuration with nothing to serve.
    ///
    /// # Errors
    /// [`InvalidConfig::NoRoutes`].
    pub fn require_routes(&self) -> Result<(), InvalidConfig> {
        if self.routes.is_empty() {
            return Err(InvalidConfig::NoRoutes);
        }
        Ok(())
    }

    /// Checks each route and all of them together. No route at all is no mistake here: a process may serve
    /// something else beside.
    ///
    /// # Errors
    /// The first thing that is wrong, with the route and the field.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        if self.process.cores == Some(0) {
            return Err(InvalidConfig::Process {
                field: "cores",
                reason: "must be at least 1",
            });
        }
        let (mut names, mut addresses) = (HashSet::new(), HashSet::new());
        for route in &self.routes {
            route.validate()?;
            if !names.insert(&route.name) {
                return Err(route.wrong("name", "another route has this name"));
            }
            if route.listen.port() != 0 && !addresses.insert(route.listen) {
                return Err(route.wrong("listen", "another route listens here"));
            }
        }
        Ok(())
    }
}

impl Route {
    /// The ladder that `rung` and `canary` stand on.
    pub const fn ladder(&self) -> Ladder {
        match self.mode {
            Mode::Originate => Ladder::Upstream,
            Mode::Terminate | Mode::Observe => Ladder::Downstream,
        }
    }

    /// The rung of the control arm: as written, else `accept` downstream and `share` upstream.
    pub fn control_rung(&self) -> Rung {
        let default = if self.mode == Mode::Originate {
            Rung::Share
        } else {
            Rung::Accept
        };
        self.rung.unwrap_or(default)
    }

    /// The order of preference: as written, else all groups with the hybrids first.
    pub fn group_order(&self) -> &[Group] {
        if self.groups.is_empty() {
            &Group::ALL
        } else {
            &self.groups
        }
    }

    fn wrong(&self, field: &'static str, reason: impl Into<String>) -> InvalidConfig {
        InvalidConfig::Route {
            route: self.name.clone(),
            field,
            reason: reason.into(),
        }
    }

    fn validate(&self) -> Result<(), InvalidConfig> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(allowed) {
            return Err(self.wrong("name", "use 1 to 64 letters, digits, '-', '_' or '.'"));
        }
        self.validate_address()?;
        self.validate_mode()?;
        self.validate_rungs()?;
        self.validate_groups()?;
        self.validate_limits()
    }

    fn validate_address(&self) -> Result<(), InvalidConfig> {
        let port = self
            .upstream
            .address
            .rsplit_once(':')
            .and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>().ok()).flatten());
        match port {
            Some(port) if port > 0 => Ok(()),
            _ => Err(self.wrong(
                "upstream.address",
                "write HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080",
            )),
        }
    }

    fn validate_mode(&self) -> Result<(), InvalidConfig> {
        let has_certificates = !self.certificates.is_empty();
        match self.mode {
            Mode::Terminate if !has_certificates => {
                Err(self.wrong("certificate", "mode terminate needs at least one certificate"))
            }
            Mode::Observe if has_certificates => Err(self.wrong(
                "certificate",
                "mode observe forwards bytes untouched and has no use for a certificate",
            )),
            Mode::Observe if self.protocol == Protocol::Http => Err(self.wrong(
                "protocol",
                "mode observe cannot read HTTP inside TLS; use protocol \"tcp\"",
            )),
            Mode::Observe if self.upstream.tls.is_some() => {
                Err(self.wrong("upstream.tls", "mode observe forwards the client's own TLS"))
            }
            Mode::Observe if self.rung.is_some() || self.canary.is_some() => {
                Err(self.wrong("rung", "mode observe changes nothing and has no rung"))
            }
            _ if self.client_auth.is_some() && !has_certificates => Err(self.wrong(
                "client_auth",
                "clients can be asked for certificates only where TLS ends here: give a certificate",
            )),
            Mode::Originate if self.upstream.tls.as_ref().is_some_and(|tls| tls.rung.is_some()) => Err(self
                .wrong(
                    "upstream.tls.rung",
                    "for mode originate the route's own rung is the upstream's",
                )),
            _ => Ok(()),
        }
    }

    fn validate_rungs(&self) -> Result<(), InvalidConfig> {
        let check = |ladder: Ladder, rung: Rung, field| {
            let known = ladder.rungs().map(Rung::name).join(", ");
            let reason = format!(
                "{rung} is not on the ladder of mode {}: {known}",
                self.mode.name()
            );
            if ladder.has(rung) {
                Ok(())
            } else {
                Err(self.wrong(field, reason))
            }
        };
        check(self.ladder(), self.control_rung(), "rung")?;
        if let Some(canary) = &self.canary {
            check(self.ladder(), canary.rung, "canary.rung")?;
            if canary.weight > 10_000 {
                return Err(self.wrong("canary.weight", "parts per ten thousand: 0 to 10000"));
            }
        }
        match self.upstream.tls.as_ref().and_then(|tls| tls.rung) {
            Some(rung) => check(Ladder::Upstream, rung, "upstream.tls.rung"),
            None => Ok(()),
        }
    }

    fn validate_groups(&self) -> Result<(), InvalidConfig> {
        let order = self.group_order();
        if order.iter().collect::<HashSet<_>>().len() != order.len() {
            return Err(self.wrong("groups", "a group is named twice"));
        }
        let canary = self.canary.map(|canary| canary.rung);
        let upstream = self.upstream.tls.as_ref().and_then(|tls| tls.rung);
        let needs_classical = [Some(self.control_rung()), canary]
            .into_iter()
            .flatten()
            .any(|rung| rung != Rung::Require)
            || upstream == Some(Rung::Classical);
        if needs_classical && order.iter().all(|group| group.is_post_quantum()) {
            return Err(self.wrong(
                "groups",
                "every rung but require needs a classical group too, for example x25519",
            ));
        }
        if !order.iter().any(|group| group.is_post_quantum()) {
            return Err(self.wrong("groups", "name a post-quantum group, for example X25519MLKEM768"));
        }
        Ok(())
    }

    fn validate_limits(&self) -> Result<(), InvalidConfig> {
        let limits = &self.limits;
        if limits.connections == 0 || limits.half_open == 0 {
            return Err(self.wrong("limits", "connections and half_open must be at least 1"));
        }
        if limits.connections_of_client() == 0 || limits.half_open_of_client() == 0 {
            let reason = "connections_per_client and half_open_per_client must be at least 1";
            return Err(self.wrong("limits", reason));
        }
        if limits.handshakes_per_second > 0 && limits.handshake_burst == 0 {
            return Err(self.wrong("limits.handshake_burst", "must be at least 1 when a rate is set"));
        }
        let times = [
            limits.hello_timeout,
            limits.handshake_timeout,
            limits.idle_timeout,
            limits.connect_timeout,
            limits.response_timeout,
        ];
        if times.iter().any(Duration::is_zero) {
            return Err(self.wrong("limits", "timeouts must be longer than zero"));
        }
        if self.protocol == Protocol::Http && limits.idle_timeout < limits.response_timeout {
            let reason =
                "shorter than response_timeout: it would cut requests that are waiting for their response";
            return Err(self.wrong("limits.idle_timeout", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
