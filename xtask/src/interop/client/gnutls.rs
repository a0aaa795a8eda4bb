//! `gnutls-cli`: what wget, Exim and git on Debian are built on.
//!
//! Debian 13's GnuTLS 3.8.9 has no ML-KEM, so this is a classical client that is not OpenSSL.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::scene::Scene;

/// It goes when its input ends, so the input stays open until the answer is there.
const PATIENTLY: &str = "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' \
                         | { cat; sleep 0.5; } | \"$@\"";

/// Asks for `/`, with the algorithms that `priority` allows.
///
/// # Errors
/// No handshake, or a chain that does not verify.
pub(crate) fn get(scene: &Scene<'_>, port: u16, priority: &str) -> anyhow::Result<Told> {
    let said = run(scene, port, &["--priority", priority])?;
    let description = said.lines().find(|line| line.starts_with("- Description:"));
    account(
        description.context("gnutls-cli describes no handshake")?,
        said.clone(),
    )
}

/// Connects twice; the second time with the session of the first.
///
/// # Errors
/// As `get`, or the session was not resumed.
pub(crate) fn get_twice(scene: &Scene<'_>, port: u16, priority: &str) -> anyhow::Result<[Told; 2]> {
    let said = run(
        scene,
        port,
        &["--resume", "--waitresumption", "--priority", priority],
    )?;
    ensure!(
        said.contains("*** This is a resumed session"),
        "gnutls-cli did not resume"
    );
    let mut descriptions = said.lines().filter(|line| line.starts_with("- Description:"));
    let mut next = || {
        descriptions
            .next()
            .context("gnutls-cli describes too few handshakes")
    };
    let first = account(next()?, String::new())?;
    // Of a resumed session it describes what was negotiated at first.
    let second = Told {
        group: None,
        resumed: Some(true),
        ..account(next()?, said.clone())?
    };
    Ok([first, second])
}

fn run(scene: &Scene<'_>, port: u16, arguments: &[&str]) -> anyhow::Result<String> {
    let program: Command = scene.peer(Peer::GnuTls);
    let mut command = Command::new("sh");
    command
        .args(["-c", PATIENTLY, "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    let authority: &Path = &scene.credentials().authority_path();
    command
        .arg("--x509cafile")
        .arg(authority)
        .args(arguments)
        .args(["-p", &port.to_string(), "localhost"]);
    let ran = scene.run(&mut command)?;
    ensure!(
        ran.stdout.contains("Handshake was completed"),
        "gnutls-cli says: {}",
        ran.text()
    );
    Ok(ran.stdout)
}

/// `- Description: (TLS1.3-X.509)-(ECDHE-X25519)-(ECDSA-SECP256R1-SHA256)-(AES-256-GCM)`.
fn account(description: &str, body: String) -> anyhow::Result<Told> {
    let inside = |prefix: &str| {
        let (_, rest) = description.split_once(prefix)?;
        rest.split([')', '-']).next().map(str::to_owned)
    };
    Ok(Told {
        group: inside("(ECDHE-").map(|name| match name.as_str() {
            "X25519" => name,
            _ => name.to_lowercase(),
        }),
        version: inside("(TLS"),
        body,
        ..Told::default()
    })
}
