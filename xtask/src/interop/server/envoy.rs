//! Envoy, with one worker and its statistics on a port of their own.
//!
//! BoringSSL's servers follow their own order of groups and ask for a retry to get the best.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::interop::credentials::Kind;
use crate::interop::handshake::Told;
use crate::interop::http;
use crate::interop::peers::Peer;
use crate::interop::process::Started;
use crate::interop::scene::Scene;

use super::{Account, Server};

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";

/// TLS with these groups (`ecdh_curves`), over HTTP/1.1 and HTTP/2.
///
/// # Errors
/// It does not start.
pub(crate) fn tls(scene: &Scene<'_>, groups: &[&str]) -> anyhow::Result<Server> {
    let (port, admin) = (scene.port()?, scene.port()?);
    let answer = json!({ "status": 200, "body": { "inline_string": "envoy\n" } });
    let routes = json!([{ "match": { "prefix": "/" }, "direct_response": answer }]);
    let config = json!({
        "admin": { "address": address(admin) },
        "static_resources": { "listeners": [listener(port, &routes, Some(security(scene, groups)))] },
    });
    Ok(Server {
        port,
        process: start(scene, &config, port)?,
        account: Account::Statistics(admin),
    })
}

/// A port of this machine, in Envoy's words.
pub(crate) fn address(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

/// A listener that serves HTTP with these routes.
pub(crate) fn listener(port: u16, routes: &Value, security: Option<Value>) -> Value {
    let manager = json!({
        "@type": format!("{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "in",
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] },
        "http_filters": [{ "name": "envoy.filters.http.router", "typed_config": {
            "@type": format!("{EXTENSIONS}.filters.http.router.v3.Router"),
        }}],
    });
    let filter = json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager });
    let mut chain = json!({ "filters": [filter] });
    if let Some(security) = security {
        chain["transport_socket"] = security;
    }
    json!({ "name": "in", "address": address(port), "filter_chains": [chain] })
}

fn security(scene: &Scene<'_>, groups: &[&str]) -> Value {
    let credentials = scene.credentials();
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": format!("{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"),
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": { "ecdh_curves": groups },
            "tls_certificates": [{
                "certificate_chain": { "filename": credentials.chain(Kind::Ecdsa) },
                "private_key": { "filename": credentials.key_path(Kind::Ecdsa) },
            }],
        },
    }})
}

/// Envoy with this configuration.
///
/// # Errors
/// It does not start.
pub(crate) fn start(scene: &Scene<'_>, config: &Value, port: u16) -> anyhow::Result<Started> {
    let file = scene.file("envoy.json", serde_json::to_vec(config)?)?;
    let mut command = scene.peer(Peer::Envoy);
    command.arg("-c").arg(file).args([
        "--concurrency",
        "1",
        "--log-level",
        "warning",
        "--use-dynamic-base-id",
    ]);
    scene.serve(&mut command, port).context("Envoy")
}

/// An account for each handshake that the statistics count; of versions Envoy does not say which belongs
/// to which.
pub(super) fn told(admin: u16) -> anyhow::Result<Vec<Told>> {
    let stats = http::get(admin, "/stats?filter=ssl.curves")?;
    let mut told = Vec::new();
    for line in stats.lines() {
        let Some((_, counted)) = line.split_once(".ssl.curves.") else {
            continue;
        };
        let (group, count) = counted
            .split_once(": ")
            .with_context(|| format!("a statistic {line:?}"))?;
        let one = Told {
            group: Some(group.to_owned()),
            ..Told::default()
        };
        told.extend(std::iter::repeat_n(one, count.trim().parse()?));
    }
    Ok(told)
}
