//! HAProxy, in the foreground, with its log on standard output.
//!
//! It asks OpenSSL to follow the server's order, but within one tuple a share still goes first.

use crate::interop::credentials::Kind;
use crate::interop::peers::Peer;
use crate::interop::process::Started;
use crate::interop::scene::Scene;

use super::{Account, Server};

const TOLD: &str = "told group=%[ssl_fc_curve] version=%[ssl_fc_protocol] client=%[src]:%[src_port]";

/// TLS with these groups (`curves`), over HTTP/1.1 and HTTP/2.
///
/// # Errors
/// It does not start.
pub(crate) fn tls(scene: &Scene<'_>, groups: &str) -> anyhow::Result<Server> {
    let bundle = scene.file("bundle.pem", scene.credentials().bundle(Kind::Ecdsa))?;
    let words = format!("ssl crt {} alpn h2,http/1.1 curves {groups}", bundle.display());
    listening(scene, &words)
}

/// Plaintext after a PROXY header.
///
/// # Errors
/// It does not start.
pub(crate) fn plain_after_proxy(scene: &Scene<'_>) -> anyhow::Result<Server> {
    listening(scene, "accept-proxy")
}

fn listening(scene: &Scene<'_>, words: &str) -> anyhow::Result<Server> {
    let port = scene.port()?;
    let listener = format!(
        "frontend f\n  bind 127.0.0.1:{port} {words}\n  log-format \"{TOLD}\"\n  \
         http-request return status 200 content-type text/plain lf-string \"haproxy {TOLD}\\n\"\n"
    );
    let process = start(scene, &listener, port)?;
    let account = Account::Lines(process.log.clone());
    Ok(Server {
        port,
        process,
        account,
    })
}

/// HAProxy with this after its defaults.
///
/// # Errors
/// It does not start.
pub(crate) fn start(scene: &Scene<'_>, sections: &str, port: u16) -> anyhow::Result<Started> {
    let file = scene.file(
        "haproxy.cfg",
        format!(
            "global\n  log stdout format raw local0\n\
             defaults\n  mode http\n  log global\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
             {sections}"
        ),
    )?;
    let mut command = scene.peer(Peer::Haproxy);
    command.args(["-db", "-f"]).arg(file);
    scene.serve(&mut command, port)
}
