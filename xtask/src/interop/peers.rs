//! Which peers there are, where each is found, and how it is started.
//!
//! Programs of the Debian root are run by that root's own loader with its own libraries, so that they see
//! the case's files, need no root and no `chroot`. A peer that is missing is a reason to skip, never an
//! error.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use super::clock::Deadline;
use super::process;

/// Somebody else's software that a case needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    OpenSsl,
    GnuTls,
    Curl,
    SystemCurl,
    Nginx,
    NginxMail,
    Haproxy,
    Sshd,
    Envoy,
    Python,
    Node,
    Go,
    Chromium,
    Sslyze,
    Wrk,
}

/// Where a peer's program is, below the folder of the peers or on the machine.
enum Place {
    /// In the Debian root.
    Debian(&'static str),
    /// In the folder of the peers.
    Folder(&'static str),
    /// In the `PATH`.
    Path(&'static str),
}

impl Peer {
    pub(super) const ALL: [Self; 15] = [
        Self::OpenSsl,
        Self::GnuTls,
        Self::Curl,
        Self::SystemCurl,
        Self::Nginx,
        Self::NginxMail,
        Self::Haproxy,
        Self::Sshd,
        Self::Envoy,
        Self::Python,
        Self::Node,
        Self::Go,
        Self::Chromium,
        Self::Sslyze,
        Self::Wrk,
    ];

    /// What people call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "OpenSSL",
            Self::GnuTls => "GnuTLS",
            Self::Curl => "curl",
            Self::SystemCurl => "the system's curl",
            Self::Nginx => "nginx",
            Self::NginxMail => "nginx's mail proxy",
            Self::Haproxy => "HAProxy",
            Self::Sshd => "OpenSSH",
            Self::Envoy => "Envoy",
            Self::Python => "Python",
            Self::Node => "Node",
            Self::Go => "Go",
            Self::Chromium => "Chromium",
            Self::Sslyze => "sslyze",
            Self::Wrk => "wrk",
        }
    }

    const fn place(self) -> Place {
        match self {
            Self::OpenSsl => Place::Debian("usr/bin/openssl"),
            Self::GnuTls => Place::Debian("usr/bin/gnutls-cli"),
            Self::Curl => Place::Debian("usr/bin/curl"),
            Self::SystemCurl => Place::Path("curl"),
            Self::Nginx => Place::Debian("usr/sbin/nginx"),
            Self::NginxMail => Place::Debian("usr/lib/nginx/modules/ngx_mail_module.so"),
            Self::Haproxy => Place::Debian("usr/sbin/haproxy"),
            Self::Sshd => Place::Debian("usr/sbin/sshd"),
            Self::Envoy => Place::Folder("venv/bin/envoy"),
            Self::Python => Place::Folder("venv/bin/python"),
            Self::Node => Place::Folder("node/node_modules/node/bin/node"),
            Self::Go => Place::Path("go"),
            Self::Chromium => Place::Path("chromium"),
            Self::Sslyze => Place::Folder("venv/bin/sslyze"),
            Self::Wrk => Place::Debian("usr/bin/wrk"),
        }
    }

    /// Arguments that make it say its version; none when nothing does.
    pub(super) const fn version_arguments(self) -> &'static [&'static str] {
        match self {
            Self::OpenSsl | Self::Go => &["version"],
            Self::Nginx | Self::Haproxy | Self::Wrk => &["-v"],
            Self::Sshd => &["-V"],
            Self::NginxMail | Self::Sslyze => &[],
            Self::Python => &[
                "-c",
                "import ssl, sys; print(sys.version.split()[0], ssl.OPENSSL_VERSION)",
            ],
            _ => &["--version"],
        }
    }
}

/// The folder with the peers.
#[derive(Debug)]
pub(super) struct Peers {
    folder: PathBuf,
}

impl Peers {
    pub(super) const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The Debian root.
    pub(super) fn debian(&self) -> PathBuf {
        self.folder.join("trixie")
    }

    /// Why a peer cannot be used, or `None` when it can.
    pub(super) fn missing(&self, peer: Peer) -> Option<String> {
        if peer == Peer::Sshd && !is_root() {
            return Some("OpenSSH's server is run in a chroot, which only root may do".to_owned());
        }
        let found = match self.file(peer) {
            Some(file) => file.exists(),
            None => false,
        };
        (!found).then(|| format!("{} is missing", peer.name()))
    }

    /// A peer's program, to be given arguments.
    pub(super) fn command(&self, peer: Peer) -> Command {
        match peer.place() {
            Place::Debian(path) => self.debian_command(path),
            Place::Folder(path) => Command::new(self.folder.join(path)),
            Place::Path(name) => Command::new(name),
        }
    }

    /// A program of the Debian root, started by that root's loader.
    pub(super) fn debian_command(&self, path: &str) -> Command {
        let root = self.debian();
        let libraries = root.join(LIBRARIES);
        let mut command = Command::new(libraries.join(LOADER));
        command
            .arg("--library-path")
            .arg(&libraries)
            .arg(root.join(path))
            .env("OPENSSL_CONF", root.join("etc/ssl/openssl.cnf"));
        command
    }

    /// What a peer says of its version, in one line; `None` when it does not say.
    pub(super) fn version(&self, peer: Peer, scratch: &Path) -> Option<String> {
        let arguments = peer.version_arguments();
        if arguments.is_empty() || self.missing(peer).is_some() {
            return None;
        }
        let soon = Deadline::after(Duration::from_secs(20));
        let said = process::run(self.command(peer).args(arguments), &scratch.join("version"), soon).ok()?;
        let text = said.text();
        let digit = |line: &&str| line.contains(|letter: char| letter.is_ascii_digit());
        text.lines().map(str::trim).find(digit).map(version_words)
    }

    /// The file whose being there means that the peer is there.
    fn file(&self, peer: Peer) -> Option<PathBuf> {
        match peer.place() {
            Place::Debian(path) => Some(self.debian().join(path)),
            Place::Folder(path) => Some(self.folder.join(path)),
            Place::Path(name) => in_path(name),
        }
    }
}

#[cfg(target_arch = "aarch64")]
const LIBRARIES: &str = "usr/lib/aarch64-linux-gnu";
#[cfg(target_arch = "aarch64")]
const LOADER: &str = "ld-linux-aarch64.so.1";
#[cfg(not(target_arch = "aarch64"))]
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
#[cfg(not(target_arch = "aarch64"))]
const LOADER: &str = "ld-linux-x86-64.so.2";

/// The first few words of a version line, without what stands in brackets and paths of programs.
fn version_words(line: &str) -> String {
    let words = line.split(['(', ',']).next().unwrap_or(line).split_whitespace();
    let words = words.filter(|word| !word.starts_with('/') && *word != "version:");
    words.take(5).collect::<Vec<_>>().join(" ")
}

fn in_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Our own binary: as given, else the newer of the release and the debug build below `root`.
///
/// # Errors
/// There is none.
pub(super) fn hybridge(given: Option<&Path>, root: &Path) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return std::fs::canonicalize(given).with_context(|| given.display().to_string());
    }
    let builds = ["target/release/hybridge", "target/debug/hybridge"].map(|path| root.join(path));
    let built = |path: &PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    builds
        .into_iter()
        .filter(|path| built(path).is_some())
        .max_by_key(built)
        .context("there is no build of hybridge: run `cargo build`, or name one with --hybridge")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_first_few_words() {
        assert_eq!(
            version_words("OpenSSL 3.5.7 9 Jun 2026 (Library: OpenSSL 3.5.7)"),
            "OpenSSL 3.5.7 9 Jun 2026"
        );
        assert_eq!(version_words("/opt/envoy version: 9e55/1.40.0"), "9e55/1.40.0");
        assert_eq!(
            version_words("OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.7"),
            "OpenSSH_10.0p2 Debian-7"
        );
    }

    #[test]
    fn an_empty_folder_has_no_peers_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let peers = Peers::at(folder.path().to_owned());
        assert_eq!(peers.missing(Peer::Nginx).as_deref(), Some("nginx is missing"));
        assert_eq!(peers.missing(Peer::Envoy).as_deref(), Some("Envoy is missing"));
    }
}
