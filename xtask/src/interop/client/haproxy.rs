//! HAProxy as a client: `server … ssl verify required`. It tells what it negotiated in its log.
//!
//! Its health checks stay off: each would be a handshake of its own.

use crate::interop::handshake::Told;
use crate::interop::http;
use crate::interop::origin::field;
use crate::interop::scene::Scene;
use crate::interop::server::haproxy;

/// Asks for `/` through HAProxy, with further words for its server line.
///
/// # Errors
/// HAProxy does not start, or its server fails.
pub(crate) fn get(scene: &Scene<'_>, port: u16, words: &str) -> anyhow::Result<Told> {
    let authority = scene.credentials().authority_path();
    let listen = scene.port()?;
    let listener = format!(
        "listen l\n  bind 127.0.0.1:{listen}\n  log-format \"group=%[ssl_bc_curve] version=%[ssl_bc_protocol]\"\n  \
         server s 127.0.0.1:{port} ssl verify required ca-file {} sni str(localhost) verifyhost localhost {words}\n",
        authority.display()
    );
    let process = haproxy::start(scene, &listener, listen)?;
    let body = http::get(listen, "/")?;
    let line = scene.until("HAProxy's log", || {
        let log = process.said();
        Ok(log
            .lines()
            .find(|line| line.contains("group="))
            .map(str::to_owned))
    })?;
    let word = |name: &str| {
        let words = line.replace(' ', "\n").replace('=', ":");
        field(&words, name).map(str::to_owned)
    };
    Ok(Told {
        group: word("group"),
        version: word("version"),
        body,
        ..Told::default()
    })
}
