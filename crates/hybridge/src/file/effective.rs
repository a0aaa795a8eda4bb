//! The effective configuration: what is in force once the defaults have filled the gaps.
//!
//! Version 1 of the shape that `config show` prints; as TOML it is a configuration file again.
//! Keys are named by their files; what is in those files never gets here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hybridge_edge::config::{self, AcceptProxy, Mode, SendProxy};
use hybridge_policy::access::Pattern;
use serde::{Serialize, Serializer};

use super::File;
use super::custody::{EffectiveBackup, EffectiveKeys};

/// The whole configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Effective {
    data: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<Api>,
    keys: EffectiveKeys,
    backup: EffectiveBackup,
    process: Process,
    route: Vec<Route>,
}

#[derive(Debug, Serialize)]
struct Api {
    listen: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_file: Option<PathBuf>,
    rate: Rate,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<ApiTls>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identity: Vec<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc: Option<Oidc>,
}

#[derive(Debug, Serialize)]
struct Oidc {
    issuer: String,
    audience: String,
    jwks: PathBuf,
    algorithms: Vec<String>,
    leeway_s: u32,
    claim: String,
    role: Vec<ClaimRule>,
}

#[derive(Debug, Serialize)]
struct ClaimRule {
    value: String,
    binding: Vec<Binding>,
}

#[derive(Debug, Serialize)]
struct ApiTls {
    certificate: PathBuf,
    key: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ca: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Identity {
    name: String,
    binding: Vec<Binding>,
}

#[derive(Debug, Serialize)]
struct Binding {
    role: &'static str,
    names: Vec<String>,
    operations: Vec<String>,
    effect: &'static str,
}

#[derive(Debug, Serialize)]
struct Rate {
    per_second: u32,
    burst: u32,
}

#[derive(Debug, Serialize)]
struct Process {
    #[serde(skip_serializing_if = "Option::is_none")]
    cores: Option<usize>,
    drain: Span,
    salt: String,
    register_size: usize,
}

#[derive(Debug, Serialize)]
struct Route {
    name: String,
    listen: SocketAddr,
    mode: &'static str,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rung: Option<&'static str>,
    groups: Vec<&'static str>,
    accept_proxy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<Canary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_auth: Option<ClientAuth>,
    upstream: Upstream,
    certificate: Vec<CertificateFiles>,
    limits: Limits,
}

#[derive(Debug, Serialize)]
struct ClientAuth {
    ca: PathBuf,
    mode: &'static str,
}

#[derive(Debug, Serialize)]
struct Canary {
    rung: &'static str,
    weight: u16,
}

#[derive(Debug, Serialize)]
struct Upstream {
    address: String,
    send_proxy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<UpstreamTls>,
}

#[derive(Debug, Serialize)]
struct UpstreamTls {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorities: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rung: Option<&'static str>,
    danger_accept_any_certificate: bool,
}

#[derive(Debug, Serialize)]
struct CertificateFiles {
    chain: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Serialize)]
struct Limits {
    connections: usize,
    half_open: usize,
    connections_per_client: usize,
    half_open_per_client: usize,
    handshakes_per_second: u32,
    handshake_burst: u32,
    hello_timeout: Span,
    handshake_timeout: Span,
    idle_timeout: Span,
    connect_timeout: Span,
    response_timeout: Span,
}

/// A duration as the file writes it: `10s`, `5m`.
#[derive(Debug)]
pub(super) struct Span(pub(super) Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let signed = jiff::SignedDuration::try_from(self.0).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&format_args!("{signed:#}"))
    }
}

impl Api {
    fn new(api: &hybridge_api::Config) -> Self {
        Self {
            listen: api.listen,
            token_file: api.token_file.clone(),
            rate: Rate {
                per_second: api.rate.per_second,
                burst: api.rate.burst,
            },
            tls: api.tls.as_ref().map(|tls| ApiTls {
                certificate: tls.certificate.clone(),
                key: tls.key.clone(),
                client_ca: tls.client_ca.clone(),
            }),
            identity: api.identities.iter().map(Identity::new).collect(),
            oidc: api.oidc.as_ref().map(Oidc::new),
        }
    }
}

impl Oidc {
    fn new(oidc: &hybridge_api::Oidc) -> Self {
        let role = |rule: &hybridge_api::ClaimRule| ClaimRule {
            value: rule.value.clone(),
            binding: rule.bindings.iter().map(Binding::new).collect(),
        };
        Self {
            issuer: oidc.issuer.clone(),
            audience: oidc.audience.clone(),
            jwks: oidc.jwks.clone(),
            algorithms: oidc.algorithms.clone(),
            leeway_s: oidc.leeway_s,
            claim: oidc.claim.clone(),
            role: oidc.roles.iter().map(role).collect(),
        }
    }
}

impl Binding {
    fn new(binding: &hybridge_policy::access::Binding) -> Self {
        let texts = |patterns: &[Pattern]| patterns.iter().map(ToString::to_string).collect();
        Self {
            role: binding.role.name(),
            names: texts(&binding.names),
            operations: texts(&binding.operations),
            effect: binding.effect.name(),
        }
    }
}

impl Identity {
    fn new(rule: &hybridge_api::IdentityRule) -> Self {
        Self {
            name: rule.name.to_string(),
            binding: rule.bindings.iter().map(Binding::new).collect(),
        }
    }
}

impl Effective {
    /// Fills the gaps of a configuration.
    pub(crate) fn new(data: &Path, file: &File) -> Self {
        let edge = &file.edge;
        Self {
            data: data.to_owned(),
            api: file.api.as_ref().map(Api::new),
            keys: EffectiveKeys::new(&file.keys),
            backup: EffectiveBackup::new(&file.backup),
            process: Process {
                cores: edge.process.cores,
                drain: Span(edge.process.drain),
                salt: edge.process.salt.clone(),
                register_size: edge.process.register_size,
            },
            route: edge.routes.iter().map(route).collect(),
        }
    }
}

fn route(route: &config::Route) -> Route {
    let has_rung = route.mode != Mode::Observe;
    Route {
        name: route.name.clone(),
        listen: route.listen,
        mode: route.mode.name(),
        protocol: route.protocol.name(),
        rung: has_rung.then(|| route.control_rung().name()),
        groups: route.group_order().iter().map(|group| group.name()).collect(),
        client_auth: route.client_auth.as_ref().map(|auth| ClientAuth {
            ca: auth.ca.clone(),
            mode: auth.mode.name(),
        }),
        accept_proxy: match route.accept_proxy {
            AcceptProxy::Off => "off",
            AcceptProxy::Required => "required",
        },
        canary: route.canary.map(|canary| Canary {
            rung: canary.rung.name(),
            weight: canary.weight,
        }),
        upstream: upstream(route),
        certificate: route
            .certificates
            .iter()
            .map(|files| CertificateFiles {
                chain: files.chain.clone(),
                key: files.key.clone(),
            })
            .collect(),
        limits: limits(&route.limits),
    }
}

fn upstream(route: &config::Route) -> Upstream {
    let tls = route.upstream.tls.as_ref().map(|tls| UpstreamTls {
        name: tls.name.clone(),
        authorities: tls.authorities.clone(),
        rung: upstream_rung(route.mode, tls),
        danger_accept_any_certificate: tls.danger_accept_any_certificate,
    });
    Upstream {
        address: route.upstream.address.clone(),
        send_proxy: match route.upstream.send_proxy {
            SendProxy::Off => "off",
            SendProxy::V1 => "v1",
            SendProxy::V2 => "v2",
        },
        tls,
    }
}

/// In mode `originate` the route's own rung is the upstream's.
fn upstream_rung(mode: Mode, tls: &config::UpstreamTls) -> Option<&'static str> {
    let rung = tls.rung.unwrap_or(hybridge_policy::Rung::Share);
    (mode == Mode::Terminate).then(|| rung.name())
}

fn limits(limits: &config::Limits) -> Limits {
    Limits {
        connections: limits.connections,
        half_open: limits.half_open,
        connections_per_client: limits.connections_of_client(),
        half_open_per_client: limits.half_open_of_client(),
        handshakes_per_second: limits.handshakes_per_second,
        handshake_burst: limits.handshake_burst,
        hello_timeout: Span(limits.hello_timeout),
        handshake_timeout: Span(limits.handshake_timeout),
        idle_timeout: Span(limits.idle_timeout),
        connect_timeout: Span(limits.connect_timeout),
        response_timeout: Span(limits.response_timeout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::File;

    /// Every setting once, none at its default.
    const EVERYTHING: &str = r#"
data = "/var/lib/elsewhere"
[api]
listen = "[::1]:9000"
[keys]
witnesses = ["/other/disk/hybridge.witness"]
destroy_wait = "14d"
[backup]
every = "30m"
keep = "30d"
destination = "/backups"
[process]
cores = 3
drain = "1m 30s"
salt = "s"
register_size = 7
[[route]]
name = "in"
listen = "127.0.0.1:8443"
protocol = "http"
rung = "classical"
groups = ["X25519MLKEM768", "secp256r1"]
accept_proxy = "required"
canary = { rung = "require", weight = 12 }
certificate = [{ chain = "/c.pem", key = "/k.pem" }]
[route.upstream]
address = "[::1]:80"
send_proxy = "v2"
tls = { name = "n", authorities = "/a.pem", rung = "advertise", danger_accept_any_certificate = true }
[route.limits]
connections = 1
half_open = 2
connections_per_client = 5
half_open_per_client = 6
handshakes_per_second = 3
handshake_burst = 4
hello_timeout = "1500ms"
handshake_timeout = "6s"
idle_timeout = "2h"
connect_timeout = "8s"
response_timeout = "9s"
[[route]]
name = "watch"
listen = "127.0.0.1:8444"
mode = "observe"
upstream = { address = "origin.example:443" }
[[route]]
name = "out"
listen = "127.0.0.1:8445"
mode = "originate"
upstream = { address = "origin.example:443", tls = {} }
"#;

    fn show(file: &File) -> String {
        let data = file.data.as_deref().expect("the test's files say where");
        toml::to_string(&Effective::new(data, file)).expect("plain values")
    }

    fn read(text: &str) -> File {
        let file = File::parse(Path::new("/x/hybridge.toml"), text.to_owned()).expect("valid TOML");
        file.validate().expect("valid");
        file
    }

    #[test]
    fn what_is_shown_is_a_file_with_the_same_meaning() {
        let written = read(EVERYTHING);
        let shown = show(&written);
        let again = read(&shown);
        assert_eq!(again.edge.process, written.edge.process);
        assert_eq!(again.edge.routes[0], written.edge.routes[0]);
        assert_eq!((&again.data, &again.api), (&written.data, &written.api));
        assert_eq!(again.backup, written.backup);
        assert_eq!(show(&again), shown, "showing is stable");
    }

    #[test]
    fn defaults_are_shown() {
        let shown = show(&read(EVERYTHING));
        let watch = shown.split("[[route]]").nth(2).expect("the second route");
        assert!(
            watch.contains("idle_timeout = \"5m\"") && watch.contains("connections = 20000"),
            "{watch}"
        );
        assert!(!watch.contains("rung ="), "mode observe has none: {watch}");
        let out = shown.split("[[route]]").nth(3).expect("the third route");
        assert!(out.contains("rung = \"share\""), "{out}");
    }
}
