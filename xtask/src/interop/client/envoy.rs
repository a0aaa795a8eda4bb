//! Envoy as a client: an upstream cluster with TLS. It tells what it negotiated in its statistics.
//!
//! A group or a version that it never negotiated has no statistic, so each appears once and alone.

use serde_json::json;

use crate::interop::handshake::Told;
use crate::interop::http;
use crate::interop::scene::Scene;
use crate::interop::server::envoy;

/// Asks for `/` through Envoy, which offers these groups and speaks HTTP/2 or HTTP/1.1 to its upstream.
///
/// # Errors
/// Envoy does not start, or its upstream fails.
pub(crate) fn get(scene: &Scene<'_>, port: u16, groups: &[&str], alpn: &str) -> anyhow::Result<Told> {
    let (listen, admin) = (scene.port()?, scene.port()?);
    let routes = json!([{ "match": { "prefix": "/" }, "route": { "cluster": "edge" } }]);
    let config = json!({
        "admin": { "address": envoy::address(admin) },
        "static_resources": {
            "listeners": [envoy::listener(listen, &routes, None)],
            "clusters": [cluster(scene, port, groups, alpn)],
        },
    });
    let _envoy = envoy::start(scene, &config, listen)?;
    let body = http::get(listen, "/")?;
    let stats = http::get(admin, "/stats?filter=cluster.edge.ssl")?;
    let after = |prefix: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(prefix));
        line.and_then(|rest| rest.split(':').next()).map(str::to_owned)
    };
    Ok(Told {
        group: after("cluster.edge.ssl.curves."),
        version: after("cluster.edge.ssl.versions."),
        protocol: Some(alpn.to_owned()),
        body,
        ..Told::default()
    })
}

fn cluster(scene: &Scene<'_>, port: u16, groups: &[&str], alpn: &str) -> serde_json::Value {
    const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";
    let protocol = if alpn == "h2" {
        "http2_protocol_options"
    } else {
        "http_protocol_options"
    };
    json!({
        "name": "edge",
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": "edge", "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": envoy::address(port) } },
        ]}]},
        "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": format!("{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions"),
            "explicit_http_config": { protocol: {} },
        }},
        "transport_socket": { "name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": format!("{EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext"),
            "sni": "localhost",
            "common_tls_context": {
                "alpn_protocols": [alpn],
                "tls_params": { "ecdh_curves": groups, "tls_maximum_protocol_version": "TLSv1_3" },
                "validation_context": {
                    "trusted_ca": { "filename": scene.credentials().authority_path() },
                    "match_typed_subject_alt_names": [
                        { "san_type": "DNS", "matcher": { "exact": "localhost" } },
                    ],
                },
            },
        }},
    })
}
