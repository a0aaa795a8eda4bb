//! `openssl s_client`, with its own trace of the handshake.
//!
//! The trace is what tells of a retry, and of what was listed and shared; the summary does not.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::process::Ran;
use crate::interop::scene::Scene;
use crate::interop::trace;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Connects with further arguments, and asks for `/`. The server name is `localhost` unless they say
/// otherwise.
///
/// # Errors
/// No handshake, or a chain that does not verify.
pub(crate) fn get(scene: &Scene<'_>, port: u16, arguments: &[&str]) -> anyhow::Result<Told> {
    let ran = try_get(scene, port, arguments)?.succeeded()?;
    account(&ran.text())
}

/// The same, whatever comes of it.
///
/// # Errors
/// It cannot be started, or does not end in time.
pub(crate) fn try_get(scene: &Scene<'_>, port: u16, arguments: &[&str]) -> anyhow::Result<Ran> {
    scene.run_with_input(&mut command(scene, port, arguments), REQUEST)
}

/// Connects twice; the second time with the session of the first.
///
/// # Errors
/// As `get`.
pub(crate) fn get_twice(scene: &Scene<'_>, port: u16, arguments: &[&str]) -> anyhow::Result<[Told; 2]> {
    let session = scene.folder().join("session.pem");
    let with = |option: &str, file: &Path| -> anyhow::Result<Told> {
        let mut command = command(scene, port, arguments);
        command.arg(option).arg(file);
        account(&scene.run_with_input(&mut command, REQUEST)?.succeeded()?.text())
    };
    Ok([with("-sess_out", &session)?, with("-sess_in", &session)?])
}

fn command(scene: &Scene<'_>, port: u16, arguments: &[&str]) -> Command {
    let mut command = scene.peer(Peer::OpenSsl);
    command
        .args(["s_client", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .args(["-verify_hostname", "localhost", "-verify_return_error"])
        .args(["-ign_eof", "-trace", "-CAfile"])
        .arg(scene.credentials().authority_path())
        .args(arguments);
    if !arguments.iter().any(|argument| argument.ends_with("servername")) {
        command.args(["-servername", "localhost"]);
    }
    command
}

fn account(text: &str) -> anyhow::Result<Told> {
    // Before each handshake: "New, TLSv1.3, Cipher is …" or "Reused, TLSv1.3, Cipher is …".
    let summary = text.lines().find(|line| line.contains(", Cipher is "));
    let summary = summary.context("s_client prints no summary of the handshake")?;
    let traced = trace::parse(text).pop().context("s_client traces no handshake")?;
    Ok(Told {
        group: traced.group,
        version: summary.split(", ").nth(1).map(str::to_owned),
        retry: Some(traced.retry),
        resumed: Some(summary.starts_with("Reused")),
        protocol: None,
        body: text.to_owned(),
    })
}
