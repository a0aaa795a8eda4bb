//! Python's ssl: `programs/client.py`.
//!
//! It tells version and resumption, and of groups nothing before Python 3.15.

use crate::interop::client::accounts;
use crate::interop::handshake::Told;
use crate::interop::peers::Peer;
use crate::interop::scene::Scene;

const PROGRAM: &str = include_str!("../programs/client.py");

/// Asks for `/`, once or more often, and tells each time.
///
/// # Errors
/// The program fails.
pub(crate) fn get(scene: &Scene<'_>, port: u16, options: &[&str]) -> anyhow::Result<Vec<Told>> {
    let mut command = scene.peer(Peer::Python);
    command
        .arg(scene.file("client.py", PROGRAM)?)
        .arg(port.to_string())
        .arg(scene.credentials().authority_path())
        .args(options);
    accounts(&scene.run(&mut command)?.succeeded()?)
}
