//! Node's tls and http2: `programs/client.mjs`; and its WebSocket.
//!
//! Node 24 has an OpenSSL 3.5 of its own and tells the group since then, also of a KEM.

use crate::interop::client::accounts;
use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::process::Ran;
use crate::interop::scene::Scene;

const PROGRAM: &str = include_str!("../programs/client.mjs");
const WEBSOCKET: &str = include_str!("../programs/websocket_client.mjs");

/// Asks for `/`, once or more often, and tells each time.
///
/// # Errors
/// The program fails.
pub(crate) fn get(scene: &Scene<'_>, port: u16, options: &[&str]) -> anyhow::Result<Vec<Told>> {
    let mut command = scene.peer(Peer::Node);
    command
        .arg(scene.file("client.mjs", PROGRAM)?)
        .arg(port.to_string())
        .arg(scene.credentials().authority_path())
        .args(options);
    accounts(&scene.run(&mut command)?.succeeded()?)
}

/// Exchanges texts over a WebSocket and closes it.
///
/// # Errors
/// The program fails.
pub(crate) fn websocket(scene: &Scene<'_>, port: u16) -> anyhow::Result<Ran> {
    let mut command = scene.peer(Peer::Node);
    command
        .env("NODE_EXTRA_CA_CERTS", scene.credentials().authority_path())
        .arg(scene.file("websocket_client.mjs", WEBSOCKET)?)
        .arg(format!("wss://localhost:{port}/socket"));
    scene.run(&mut command)?.succeeded()
}
