//! Go's crypto/tls and net/http: `programs/peer.go`, compiled once for a run, also as a server.
//!
//! Go orders its groups itself (CurvePreferences only selects) and tells whether there was a retry.

use std::process::Command;

use crate::interop::client::accounts;
use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::scene::Scene;

const PROGRAM: &str = include_str!("../programs/peer.go");

/// Asks for `/`, once or more often, and tells each time.
///
/// # Errors
/// The program fails.
pub(crate) fn get(scene: &Scene<'_>, port: u16, options: &[&str]) -> anyhow::Result<Vec<Told>> {
    let mut command = program(scene)?;
    command
        .arg("get")
        .arg(format!("https://localhost:{port}/"))
        .arg(scene.credentials().authority_path())
        .args(options);
    accounts(&scene.run(&mut command)?.succeeded()?)
}

/// The compiled program. The standard library is all it needs, so nothing is fetched.
///
/// # Errors
/// It does not compile.
pub(crate) fn program(scene: &Scene<'_>) -> anyhow::Result<Command> {
    if let Some(path) = scene.workshop.go_program.get() {
        return Ok(Command::new(path));
    }
    let source = scene.file("peer.go", PROGRAM)?;
    let path = scene.workshop.folder.path().join("peer");
    let mut command = scene.peer(Peer::Go);
    command.arg("build").arg("-o").arg(&path).arg(source);
    for (name, value) in [
        ("GOTOOLCHAIN", "local"),
        ("GOPROXY", "off"),
        ("GOFLAGS", "-mod=mod"),
        ("CGO_ENABLED", "0"),
    ] {
        command.env(name, value);
    }
    scene.run_slowly(&mut command)?.succeeded()?;
    Ok(Command::new(scene.workshop.go_program.get_or_init(|| path)))
}
