//! A server on Go's crypto/tls and net/http. It tells each client in the body what was negotiated.
//!
//! Like Envoy it asks for a retry when a client lists a better group than it shares.

use crate::interop::client::go::program;
use crate::interop::credentials::Kind;
use crate::interop::scene::Scene;

use super::{Account, Server};

/// HTTPS with options such as `groups=X25519MLKEM768,X25519`.
///
/// # Errors
/// It does not compile or start.
pub(crate) fn tls(scene: &Scene<'_>, options: &[&str]) -> anyhow::Result<Server> {
    let port = scene.port()?;
    let credentials = scene.credentials();
    let mut command = program(scene)?;
    command
        .arg("serve")
        .arg(format!("127.0.0.1:{port}"))
        .arg(credentials.chain(Kind::Ecdsa))
        .arg(credentials.key_path(Kind::Ecdsa))
        .args(options);
    Ok(Server {
        port,
        process: scene.serve(&mut command, port)?,
        account: Account::Silent,
    })
}
