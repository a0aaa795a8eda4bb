//! The certificates of a run: one authority, and a leaf for `localhost` of each kind of key.
//!
//! Made by OpenSSL, so that a chain of ours is never judged by our own reading of it alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use super::clock::Deadline;
use super::peers::{Peer, Peers};
use super::process;

/// The kind of a leaf's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ecdsa,
    Rsa,
    Ed25519,
    MlDsa65,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Ecdsa, Self::Rsa, Self::Ed25519, Self::MlDsa65];

    const fn stem(self) -> &'static str {
        match self {
            Self::Ecdsa => "ecdsa",
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
            Self::MlDsa65 => "mldsa65",
        }
    }

    const fn key_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Ecdsa => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::Rsa => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            Self::Ed25519 => &["-algorithm", "ED25519"],
            Self::MlDsa65 => &["-algorithm", "ML-DSA-65"],
        }
    }
}

/// The authority and the leaves, as PEM files in one folder.
#[derive(Debug)]
pub(super) struct Credentials {
    folder: PathBuf,
}

impl Credentials {
    /// Makes them. Without OpenSSL 3.5 among the peers the system's makes all but the ML-DSA leaf.
    ///
    /// # Errors
    /// OpenSSL is not there, or refuses.
    pub(super) fn make(folder: PathBuf, peers: &Peers) -> anyhow::Result<Self> {
        let made = Self { folder };
        let modern = peers.missing(Peer::OpenSsl).is_none();
        let openssl = || match modern {
            true => peers.command(Peer::OpenSsl),
            false => Command::new("openssl"),
        };
        made.key(openssl(), "ca", Kind::Ecdsa)?;
        made.authority(openssl())?;
        for kind in Kind::ALL
            .into_iter()
            .filter(|kind| modern || *kind != Kind::MlDsa65)
        {
            made.key(openssl(), kind.stem(), kind)?;
            made.leaf([openssl(), openssl()], kind.stem())?;
        }
        Ok(made)
    }

    /// The certificate to trust.
    pub(super) fn authority_path(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A leaf's certificate, without the authority's.
    pub(super) fn chain(&self, kind: Kind) -> PathBuf {
        self.folder.join(kind.stem()).with_extension("pem")
    }

    /// A leaf's key (PKCS#8).
    pub(super) fn key_path(&self, kind: Kind) -> PathBuf {
        self.folder.join(kind.stem()).with_extension("key")
    }

    /// Certificate and key in one file, as HAProxy wants them.
    pub(super) fn bundle(&self, kind: Kind) -> String {
        process::read(&self.chain(kind)) + &process::read(&self.key_path(kind))
    }

    fn key(&self, mut openssl: Command, stem: &str, kind: Kind) -> anyhow::Result<()> {
        openssl
            .arg("genpkey")
            .args(kind.key_arguments())
            .arg("-out")
            .arg(self.at(stem, "key"));
        self.run(&mut openssl)
    }

    fn authority(&self, mut openssl: Command) -> anyhow::Result<()> {
        openssl
            .args([
                "req",
                "-x509",
                "-new",
                "-sha256",
                "-days",
                "90",
                "-subj",
                "/CN=Interop authority",
                "-key",
            ])
            .arg(self.at("ca", "key"))
            .arg("-out")
            .arg(self.at("ca", "pem"));
        openssl.args(["-addext", "basicConstraints=critical,CA:TRUE"]);
        openssl.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
        self.run(&mut openssl)
    }

    fn leaf(&self, [mut request, mut issue]: [Command; 2], stem: &str) -> anyhow::Result<()> {
        request
            .args(["req", "-new", "-subj", "/CN=localhost", "-key"])
            .arg(self.at(stem, "key"))
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "extendedKeyUsage=serverAuth", "-out"])
            .arg(self.at(stem, "csr"));
        self.run(&mut request)?;
        issue
            .args([
                "x509",
                "-req",
                "-sha256",
                "-days",
                "60",
                "-copy_extensions",
                "copy",
                "-in",
            ])
            .arg(self.at(stem, "csr"))
            .arg("-CA")
            .arg(self.at("ca", "pem"))
            .arg("-CAkey")
            .arg(self.at("ca", "key"))
            .arg("-out")
            .arg(self.at(stem, "pem"));
        self.run(&mut issue)
    }

    fn at(&self, stem: &str, extension: &str) -> PathBuf {
        self.folder.join(stem).with_extension(extension)
    }

    fn run(&self, command: &mut Command) -> anyhow::Result<()> {
        let soon = Deadline::after(Duration::from_secs(30));
        let log: &Path = &self.folder.join("openssl");
        process::run(command, log, soon)
            .and_then(process::Ran::succeeded)
            .context("cannot make the certificates of the run")?;
        Ok(())
    }
}
