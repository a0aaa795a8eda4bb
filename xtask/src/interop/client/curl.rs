//! curl: that of the peers (post-quantum), and the system's.
//!
//! Recent ones tell the group; 7.88, as Debian 12 has it, only version and suite.

use anyhow::Context as _;

use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::process::Ran;
use crate::interop::scene::Scene;

/// Asks for `/` with further arguments.
///
/// # Errors
/// curl fails.
pub(crate) fn get(scene: &Scene<'_>, curl: Peer, port: u16, arguments: &[&str]) -> anyhow::Result<Told> {
    fetch(scene, curl, &format!("https://localhost:{port}/"), arguments)
}

/// Asks for a URL with further arguments.
///
/// # Errors
/// curl fails.
pub(crate) fn fetch(scene: &Scene<'_>, curl: Peer, url: &str, arguments: &[&str]) -> anyhow::Result<Told> {
    let ran = try_fetch(scene, curl, url, arguments)?.succeeded()?;
    account(&ran)
}

/// The same, whatever comes of it.
///
/// # Errors
/// It cannot be started, or does not end in time.
pub(crate) fn try_fetch(scene: &Scene<'_>, curl: Peer, url: &str, arguments: &[&str]) -> anyhow::Result<Ran> {
    let mut command = scene.peer(curl);
    command
        .args([
            "--silent",
            "--show-error",
            "--verbose",
            "--ipv4",
            "--noproxy",
            "*",
        ])
        .args(["--write-out", "\nprotocol HTTP/%{http_version}\n", "--cacert"])
        .arg(scene.credentials().authority_path())
        .args(arguments)
        .arg(url);
    scene.run(&mut command)
}

/// `* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384 / X25519MLKEM768 / id-ecPublicKey`; older
/// ones say no group.
fn account(ran: &Ran) -> anyhow::Result<Told> {
    let (body, protocol) = ran
        .stdout
        .rsplit_once("\nprotocol ")
        .context("curl says no protocol")?;
    let summary = ran
        .stderr
        .lines()
        .find_map(|line| line.split_once("SSL connection using "));
    let mut words = summary.map(|(_, words)| words.split(" / ")).into_iter().flatten();
    let version = words.next().map(str::to_owned);
    Ok(Told {
        version,
        group: words.nth(1).map(str::to_owned).filter(|group| group != "[blank]"),
        protocol: Some(protocol.trim().to_owned()),
        body: body.to_owned(),
        ..Told::default()
    })
}
