//! The peers as servers: each listens on a port of this machine and tells what it negotiated.
//!
//! One file for each peer. `Server` is what most cases need: a port, and the peer's own account of the
//! handshakes so far, read from its log, its trace or its statistics.

pub(super) mod envoy;
pub(super) mod go;
pub(super) mod haproxy;
pub(super) mod nginx;
pub(super) mod openssl;
pub(super) mod python;
pub(super) mod sshd;

use anyhow::{Context as _, ensure};

use super::handshake::{Told, is_same_group};
use super::process::Started;
use super::scene::Scene;

/// A TLS server with the run's certificates.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    process: Started,
    account: Account,
}

/// Where a server tells what it negotiated.
#[derive(Debug)]
enum Account {
    /// Lines `told group=… version=…` in a file.
    Lines(std::path::PathBuf),
    /// The trace of `s_server`.
    Trace,
    /// Envoy's statistics, at this port.
    Statistics(u16),
    /// It tells nobody.
    Silent,
}

impl Server {
    /// Whether the peer tells anything itself.
    pub(super) const fn tells(&self) -> bool {
        !matches!(self.account, Account::Silent)
    }

    /// The peer's account of every handshake so far, oldest first. Envoy counts, and tells no order.
    ///
    /// # Errors
    /// It tells nothing.
    pub(super) fn told(&self) -> anyhow::Result<Vec<Told>> {
        Ok(match &self.account {
            Account::Lines(path) => super::process::read(path).lines().filter_map(told_line).collect(),
            Account::Trace => openssl::told(&self.process.said()),
            Account::Statistics(admin) => envoy::told(*admin)?,
            Account::Silent => Vec::new(),
        })
    }

    /// The one handshake that there was, once the peer tells of it.
    ///
    /// # Errors
    /// It tells of none in time, or of several.
    pub(super) fn handshake(&self, scene: &Scene<'_>) -> anyhow::Result<Told> {
        let mut told = scene.until("the server's account", || {
            let told = self.told()?;
            Ok((!told.is_empty()).then_some(told))
        })?;
        ensure!(
            told.len() == 1,
            "the server tells of several handshakes: {told:?}"
        );
        told.pop().context("no handshake")
    }

    /// Whether the server tells of a handshake with this group.
    ///
    /// # Errors
    /// Not in time.
    pub(super) fn has_seen(&self, scene: &Scene<'_>, group: &str) -> anyhow::Result<()> {
        let is_it = |told: &Told| {
            told.group
                .as_deref()
                .is_some_and(|told| is_same_group(told, group))
        };
        scene.until(&format!("the server's account of {group}"), || {
            Ok(self.told()?.iter().any(is_it).then_some(()))
        })
    }
}

/// `… told group=0x11ec version=TLSv1.3 …`.
fn told_line(line: &str) -> Option<Told> {
    let (_, words) = line.split_once("told ")?;
    let word = |name: &str| {
        let found = words.split_whitespace().find_map(|word| word.strip_prefix(name));
        found.and_then(|value| value.strip_prefix('=')).map(str::to_owned)
    };
    Some(Told {
        group: word("group"),
        version: word("version"),
        resumed: word("resumed").map(|value| value == "r"),
        body: word("client").unwrap_or_default(),
        ..Told::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_account_from_a_log() {
        let told = told_line("127.0.0.1 told group=0x11ec version=TLSv1.3 client=127.0.9.9:41").unwrap();
        assert_eq!(told.group.as_deref(), Some("0x11ec"));
        assert_eq!(told.version.as_deref(), Some("TLSv1.3"));
        assert_eq!(told.body, "127.0.9.9:41");
        assert!(told_line("something else").is_none());
    }
}
