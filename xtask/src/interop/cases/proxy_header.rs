//! The PROXY protocol, versions 1 and 2: out to nginx and HAProxy, in from HAProxy.
//!
//! The client connects from an address of its own in 127.0.0.0/8, so it cannot be taken for the edge.

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::client::curl;
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID};
use crate::interop::origin::field;
use crate::interop::peers::Peer::{Curl, Haproxy, Nginx};
use crate::interop::scene::Scene;
use crate::interop::server::{Server, haproxy, nginx};

/// Where the client connects from, so that it is not taken for the edge.
const CLIENT: &str = "127.0.9.9";
const BOTH: &str = "X25519MLKEM768:X25519";

pub(super) const CASES: &[Case] = &[
    Case::new("proxy-header/nginx/out-v1", &[Nginx, Curl], |s| {
        out(s, &nginx::plain_after_proxy(s)?, |port| {
            Route::terminate("upgrade", port).sending_proxy("v1")
        })
    }),
    Case::new("proxy-header/nginx/out-v2", &[Nginx, Curl], |s| {
        out(s, &nginx::plain_after_proxy(s)?, |port| {
            Route::terminate("upgrade", port).sending_proxy("v2")
        })
    }),
    Case::new("proxy-header/nginx/out-v1-tcp", &[Nginx, Curl], |s| {
        out(s, &nginx::plain_after_proxy(s)?, |port| {
            Route::terminate("upgrade", port).tcp().sending_proxy("v1")
        })
    }),
    Case::new("proxy-header/nginx/out-v2-tls", &[Nginx, Curl], |s| {
        out(s, &nginx::tls_after_proxy(s, BOTH)?, |port| {
            Route::terminate("upgrade", port)
                .over_tls(Some("share"), s)
                .sending_proxy("v2")
        })
    }),
    Case::new("proxy-header/nginx/out-v2-observe", &[Nginx, Curl], |s| {
        out(s, &nginx::tls_after_proxy(s, BOTH)?, |port| {
            Route::observe(port).sending_proxy("v2")
        })
    }),
    Case::new("proxy-header/haproxy/out-v1", &[Haproxy, Curl], |s| {
        out(s, &haproxy::plain_after_proxy(s)?, |port| {
            Route::terminate("upgrade", port).sending_proxy("v1")
        })
    }),
    Case::new("proxy-header/haproxy/out-v2", &[Haproxy, Curl], |s| {
        out(s, &haproxy::plain_after_proxy(s)?, |port| {
            Route::terminate("upgrade", port).sending_proxy("v2")
        })
    }),
    Case::new("proxy-header/haproxy/in-v1", &[Haproxy, Curl], |s| {
        into(s, "send-proxy")
    }),
    Case::new("proxy-header/haproxy/in-v2", &[Haproxy, Curl], |s| {
        into(s, "send-proxy-v2")
    }),
    Case::new("proxy-header/curl/in-missing", &[Curl], missing),
];

/// The server sees the client's own address and port.
fn out(scene: &Scene<'_>, server: &Server, route: impl FnOnce(u16) -> Route) -> anyhow::Result<String> {
    let edge = Edge::start(scene, route(server.port))?;
    let url = format!("https://localhost:{}/", edge.port);
    let port = scene.port()?.to_string();
    let told = curl::fetch(scene, Curl, &url, &["--interface", CLIENT, "--local-port", &port])?;
    let expected = format!("client={CLIENT}:{port}");
    ensure!(
        told.body.contains(&expected),
        "expected {expected}, the server says: {}",
        told.body.trim()
    );
    Expect::share(HYBRID).meets_peer(&told)?;
    edge.end(scene)?;
    Ok(format!("the server saw {expected}"))
}

/// The edge takes the client's address from the header, for its own records and for the origin.
fn into(scene: &Scene<'_>, words: &str) -> anyhow::Result<String> {
    let route = Route::terminate("upgrade", scene.workshop.origin).requiring_proxy();
    let edge = Edge::start(scene, route)?;
    let port = scene.port()?;
    let listener = format!(
        "listen l\n  mode tcp\n  bind 127.0.0.1:{port}\n  server s 127.0.0.1:{} {words}\n",
        edge.port
    );
    let _haproxy = haproxy::start(scene, &listener, port)?;
    let url = format!("https://localhost:{port}/");
    let told = curl::fetch(scene, Curl, &url, &["--interface", CLIENT])?;
    let record = edge.handshake(scene)?;
    super::agree(&told, &record, &Expect::share(HYBRID))?;
    ensure!(
        record.client_prefix == "127.0.9.0/24",
        "our record says {}",
        record.client_prefix
    );
    let forwarded = field(&told.body, "x-forwarded-for");
    ensure!(forwarded == Some(CLIENT), "the origin was told {forwarded:?}");
    super::end(edge, scene, "upgrade")?;
    Ok(format!("the origin was told {CLIENT}"))
}

/// Who sends no header where one is required is not served.
fn missing(scene: &Scene<'_>) -> anyhow::Result<String> {
    let route = Route::terminate("upgrade", scene.workshop.origin).requiring_proxy();
    let edge = Edge::start(scene, route)?;
    let url = format!("https://localhost:{}/", edge.port);
    let ran = curl::try_fetch(scene, Curl, &url, &[])?;
    ensure!(!ran.status.success(), "the client was served");
    let record = edge.handshake(scene)?;
    ensure!(
        record.outcome == "hello_malformed",
        "our record says {}",
        record.outcome
    );
    edge.end(scene)?;
    Ok("hello_malformed".to_owned())
}
