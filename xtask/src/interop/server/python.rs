//! A server on Python's ssl: `programs/server.py`.
//!
//! It tells of version and suite only, so our record and the client's account are what is compared.

use crate::interop::credentials::Kind;
use crate::interop::peers::Peer;
use crate::interop::scene::Scene;

use super::{Account, Server};

const PROGRAM: &str = include_str!("../programs/server.py");

/// HTTPS with Python's defaults.
///
/// # Errors
/// It does not start.
pub(crate) fn tls(scene: &Scene<'_>) -> anyhow::Result<Server> {
    let port = scene.port()?;
    let credentials = scene.credentials();
    let mut command = scene.peer(Peer::Python);
    command
        .arg(scene.file("server.py", PROGRAM)?)
        .arg(port.to_string())
        .arg(credentials.chain(Kind::Ecdsa))
        .arg(credentials.key_path(Kind::Ecdsa));
    Ok(Server {
        port,
        process: scene.serve(&mut command, port)?,
        account: Account::Silent,
    })
}
