//! OpenSSH's server. It starts itself again for each connection, by fixed paths, so it is the one peer
//! that runs in a chroot.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::interop::process::Started;
use crate::interop::scene::Scene;

/// A running sshd with an Ed25519 and an RSA host key.
#[derive(Debug)]
pub(crate) struct Sshd {
    pub(crate) port: u16,
    _process: Started,
    folder: TempDir,
}

impl Sshd {
    /// The key exchange methods in sshd's own words (`sshd -T`), protocol markers left out.
    ///
    /// # Errors
    /// sshd does not say.
    pub(crate) fn key_exchanges(&self, scene: &Scene<'_>) -> anyhow::Result<Vec<String>> {
        let root = scene.workshop.peers.debian();
        let mut command = in_root(&root, "/usr/sbin/sshd");
        command
            .args(["-T", "-f"])
            .arg(inside(&root, self.folder.path())?.join("sshd_config"));
        let ran = scene.run(&mut command)?.succeeded()?;
        let line = ran
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("kexalgorithms "));
        let methods = line.context("sshd says nothing of key exchange")?.split(',');
        Ok(methods.map(str::to_owned).collect())
    }
}

/// Starts sshd with further lines of configuration.
///
/// # Errors
/// It does not start.
pub(crate) fn start(scene: &Scene<'_>, lines: &str) -> anyhow::Result<Sshd> {
    let root = scene.workshop.peers.debian();
    let folder = tempfile::Builder::new()
        .prefix("hybridge-sshd-")
        .tempdir_in(root.join("tmp"))?;
    std::fs::create_dir_all(root.join("run/sshd"))?;
    let inside = inside(&root, folder.path())?;
    let keys = inside.display();
    for kind in ["ed25519", "rsa"] {
        let mut generate = in_root(&root, "/usr/bin/ssh-keygen");
        generate
            .args(["-q", "-N", "", "-t", kind, "-f"])
            .arg(inside.join(kind));
        scene.run(&mut generate)?.succeeded()?;
    }
    let port = scene.port()?;
    let text = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {keys}/ed25519\nHostKey {keys}/rsa\n\
         PidFile none\nUsePAM no\nMaxStartups 100\nPerSourcePenalties no\n{lines}\n"
    );
    let written = scene.file("sshd_config", text)?;
    std::fs::copy(written, folder.path().join("sshd_config"))?;
    let mut command = in_root(&root, "/usr/sbin/sshd");
    command.args(["-D", "-e", "-f"]).arg(inside.join("sshd_config"));
    Ok(Sshd {
        port,
        _process: scene.serve(&mut command, port)?,
        folder,
    })
}

/// A path below the root, as it is called inside.
fn inside(root: &Path, path: &Path) -> anyhow::Result<PathBuf> {
    let below = path.strip_prefix(root).context("outside of the root")?;
    Ok(Path::new("/").join(below))
}

fn in_root(root: &Path, program: &str) -> Command {
    let mut command = Command::new("chroot");
    command.arg(root).arg(program);
    command
}
