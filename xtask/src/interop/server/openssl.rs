//! `openssl s_server`, with its own trace of the handshakes. It serves one connection at a time.
//!
//! The trace is written when a buffer is full or the process ends, hence the limit of connections.

use anyhow::Context as _;

use crate::interop::credentials::Kind;
use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::scene::Scene;
use crate::interop::trace;

use super::{Account, Server};

/// A page over TLS (`-www`) with these groups, for this number of connections. It says all of its trace
/// only when it ends, which it does after the last one.
///
/// # Errors
/// It does not start.
pub(crate) fn tls(
    scene: &Scene<'_>,
    groups: &str,
    connections: usize,
    arguments: &[&str],
) -> anyhow::Result<Server> {
    let count = connections.to_string();
    let arguments = [&["-naccept", &count, "-groups", groups], arguments].concat();
    with_key(scene, Kind::Ecdsa, &arguments)
}

/// A page over TLS with a leaf of this kind.
///
/// # Errors
/// It does not start.
pub(crate) fn with_key(scene: &Scene<'_>, kind: Kind, arguments: &[&str]) -> anyhow::Result<Server> {
    let port = scene.port()?;
    let credentials = scene.credentials();
    let mut command = scene.peer(Peer::OpenSsl);
    command
        .args(["s_server", "-www", "-trace", "-accept"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("-cert")
        .arg(credentials.chain(kind))
        .arg("-key")
        .arg(credentials.key_path(kind))
        .args(arguments);
    let process = scene.serve(&mut command, port).context("s_server")?;
    Ok(Server {
        port,
        process,
        account: Account::Trace,
    })
}

/// Every finished choice of a group in the trace.
pub(super) fn told(log: &str) -> Vec<Told> {
    let finished = trace::parse(log)
        .into_iter()
        .filter(|traced| traced.group.is_some());
    finished
        .map(|traced| Told {
            group: traced.group,
            retry: Some(traced.retry),
            ..Told::default()
        })
        .collect()
}
