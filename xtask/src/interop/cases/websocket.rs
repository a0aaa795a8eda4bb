//! WebSocket (RFC 6455) through our edge: Node's client, a server on node:http.
//!
//! Texts of 5, 126 and 70000 bytes use the three ways to write a frame's length.

use anyhow::{Context as _, ensure};

use crate::interop::case::Case;
use crate::interop::client::node;
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID};
use crate::interop::peers::Peer::Node;
use crate::interop::scene::Scene;

const SERVER: &str = include_str!("../programs/websocket_server.mjs");

pub(super) const CASES: &[Case] = &[
    Case::new("websocket/node/http", &[Node], |s| {
        echo(s, |port| Route::terminate("upgrade", port), true)
    }),
    Case::new("websocket/node/tcp", &[Node], |s| {
        echo(s, |port| Route::terminate("upgrade", port).tcp(), false)
    }),
];

/// Texts of every length of frame come back, and the close is clean.
fn echo(scene: &Scene<'_>, route: impl FnOnce(u16) -> Route, adds_headers: bool) -> anyhow::Result<String> {
    let port = scene.port()?;
    let mut command = scene.peer(Node);
    command
        .arg(scene.file("websocket_server.mjs", SERVER)?)
        .arg(port.to_string());
    let server = scene.serve(&mut command, port)?;
    let edge = Edge::start(scene, route(port))?;
    let ran = node::websocket(scene, edge.port)?;
    let told: serde_json::Value = serde_json::from_str(ran.stdout.trim())?;
    let expected = serde_json::json!({ "texts": 4, "code": 1000, "wasClean": true, "protocol": "echo" });
    ensure!(told == expected, "the client says {told}");
    Expect::share(HYBRID).meets_record(&edge.handshake(scene)?)?;
    let log = server.said();
    let headers: serde_json::Value = serde_json::from_str(log.lines().next().context("no upgrade")?)?;
    let group = &headers["hybridge-tls-group"];
    ensure!(
        group.is_null() != adds_headers,
        "the server was told the group {group}"
    );
    super::end(edge, scene, "upgrade")?;
    Ok("4 texts and back, closed with 1000".to_owned())
}
