//! `hybridge probe --json` against a peer, and what it should find.
//!
//! The shapes are the parts of the report that cases look at; a member that goes missing fails the case.

use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::handshake::{code_point, is_same_group};
use super::scene::Scene;

/// The report, as far as the cases look at it.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) verdict: String,
    pub(super) reasons: Vec<Reason>,
    pub(super) tls: Option<Tls>,
    pub(super) ssh: Option<Ssh>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    pub(super) code: String,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tls {
    pub(super) groups: Vec<Group>,
    pub(super) preference: Preference,
    pub(super) upgrades: Vec<Upgrade>,
    pub(super) versions: Vec<Version>,
    pub(super) chain: Option<Chain>,
    pub(super) chain_missing: Option<String>,
    pub(super) split: Split,
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) group: String,
    pub(super) support: String,
    pub(super) by_share: Support,
    pub(super) by_retry: Support,
}

#[derive(Debug, Deserialize)]
pub(super) struct Support {
    pub(super) answer: String,
    pub(super) because: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Preference {
    pub(super) order: String,
    pub(super) groups: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Upgrade {
    pub(super) client: String,
    pub(super) missed: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
    pub(super) support: Support,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Certificate>,
    pub(super) name_matches: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Certificate {
    pub(super) key_algorithm: String,
    pub(super) signature_algorithm: String,
    pub(super) issuer: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Split {
    pub(super) segments: Support,
    pub(super) records: Support,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ssh {
    pub(super) identification: String,
    pub(super) key_exchanges: Vec<KeyExchange>,
    pub(super) host_keys: Vec<HostKey>,
}

#[derive(Debug, Deserialize)]
pub(super) struct KeyExchange {
    pub(super) method: String,
    pub(super) post_quantum: bool,
    pub(super) completes: Support,
}

#[derive(Debug, Deserialize)]
pub(super) struct HostKey {
    pub(super) algorithm: String,
    pub(super) verified: Support,
}

/// What a TLS server should turn out to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expect {
    /// All groups that it takes from a share, and none else.
    pub(super) groups: &'static [&'static str],
    /// Whose order of groups decides.
    pub(super) order: &'static str,
    /// Typical clients of three kinds: how many of them miss the upgrade.
    pub(super) missed: usize,
    pub(super) versions: &'static [&'static str],
    pub(super) verdict: &'static str,
    /// The leaf's key.
    pub(super) key: &'static str,
}

/// Probes a TLS server on a port of this machine.
///
/// # Errors
/// The probe fails, or its exit code does not fit its verdict.
pub(super) fn tls(scene: &Scene<'_>, port: u16, arguments: &[&str]) -> anyhow::Result<Report> {
    let target = format!("127.0.0.1:{port}");
    ask(scene, &target, &[&["--sni", "localhost"], arguments].concat())
}

/// Probes an SSH server on a port of this machine.
///
/// # Errors
/// As `tls`.
pub(super) fn ssh(scene: &Scene<'_>, port: u16) -> anyhow::Result<Report> {
    ask(scene, &format!("ssh://127.0.0.1:{port}"), &[])
}

fn ask(scene: &Scene<'_>, target: &str, arguments: &[&str]) -> anyhow::Result<Report> {
    let mut command = Command::new(&scene.workshop.hybridge);
    command.args(["probe", target, "--json"]).args(arguments);
    let ran = scene.run(&mut command)?;
    let report: Report = serde_json::from_str(&ran.stdout)
        .with_context(|| format!("the probe prints no report: {}", ran.stderr.trim()))?;
    let code = match report.verdict.as_str() {
        "pass" | "warn" => 0,
        _ => 1,
    };
    ensure!(
        ran.status.code() == Some(code),
        "verdict {} with {}",
        report.verdict,
        ran.status
    );
    Ok(report)
}

impl Expect {
    /// Compares a report with what is expected, and says in a few words what was found.
    ///
    /// # Errors
    /// The first thing that differs.
    pub(super) fn meets(&self, report: &Report) -> anyhow::Result<String> {
        let tls = report.tls.as_ref().context("the report has no TLS findings")?;
        self.check_groups(tls)?;
        let order = &tls.preference;
        ensure!(
            order.order == self.order,
            "the order of groups is {order:?}, expected {}",
            self.order
        );
        let missed: Vec<&str> = tls
            .upgrades
            .iter()
            .filter(|one| one.missed)
            .map(|one| one.client.as_str())
            .collect();
        ensure!(
            missed.len() == self.missed,
            "missed upgrades: {missed:?}, expected {}",
            self.missed
        );
        check_versions(tls, self.versions)?;
        self.check_chain(tls)?;
        check_split(tls)?;
        let reasons: Vec<&str> = report.reasons.iter().map(|one| one.text.as_str()).collect();
        ensure!(
            report.verdict == self.verdict,
            "the verdict is {}: {reasons:?}",
            report.verdict
        );
        Ok(format!("{}: {}", report.verdict, self.groups.join(", ")))
    }

    fn check_groups(&self, tls: &Tls) -> anyhow::Result<()> {
        for group in &tls.groups {
            let wanted = self.groups.iter().any(|one| is_same_group(one, &group.group));
            // Of some groups the probe has no key exchange, so it can only ask for a retry.
            let expected = match (wanted, group.by_share.answer.as_str()) {
                (false, _) => "not_offered",
                (true, "not_tried") => "by_retry",
                (true, _) => "by_share",
            };
            ensure!(group.support == expected, "{group:?}, expected {expected}");
            ensure!(
                !wanted || group.by_retry.answer == "yes",
                "{group:?}: not by retry"
            );
        }
        let asked = |name: &&&str| tls.groups.iter().any(|one| is_same_group(&one.group, name));
        ensure!(
            self.groups.iter().filter(asked).count() == self.groups.len(),
            "a group was not asked for"
        );
        if self.order == "server" {
            let found: Vec<u16> = tls
                .preference
                .groups
                .iter()
                .flat_map(|name| code_point(name))
                .collect();
            let expected: Vec<u16> = self.groups.iter().flat_map(|name| code_point(name)).collect();
            ensure!(
                found == expected,
                "the server's order is {:?}",
                tls.preference.groups
            );
        }
        Ok(())
    }

    fn check_chain(&self, tls: &Tls) -> anyhow::Result<()> {
        let missing = || tls.chain_missing.clone().unwrap_or_default();
        let chain = tls.chain.as_ref().with_context(missing)?;
        let leaf = chain.certificates.first().context("an empty chain")?;
        ensure!(
            leaf.key_algorithm == self.key,
            "the leaf's key is {}",
            leaf.key_algorithm
        );
        ensure!(
            leaf.issuer == "CN=Interop authority",
            "the issuer is {}",
            leaf.issuer
        );
        ensure!(
            leaf.signature_algorithm.contains("ecdsa"),
            "signed with {}",
            leaf.signature_algorithm
        );
        ensure!(chain.name_matches == Some(true), "the name does not match");
        Ok(())
    }
}

fn check_versions(tls: &Tls, expected: &[&str]) -> anyhow::Result<()> {
    for version in &tls.versions {
        let wanted = if expected.contains(&version.version.as_str()) {
            "yes"
        } else {
            "no"
        };
        ensure!(version.support.answer == wanted, "{version:?}, expected {wanted}");
    }
    Ok(())
}

fn check_split(tls: &Tls) -> anyhow::Result<()> {
    for (way, support) in [("segments", &tls.split.segments), ("records", &tls.split.records)] {
        ensure!(support.answer == "yes", "a hello in {way}: {:?}", support.because);
    }
    Ok(())
}
