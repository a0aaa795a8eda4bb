//! Our probe against OpenSSH's server: what it advertises, and what completes.
//!
//! The list of methods is compared with the one that sshd itself prints (`sshd -T`).

use anyhow::{Context as _, ensure};

use crate::interop::case::Case;
use crate::interop::peers::Peer::Sshd;
use crate::interop::probe::{self, Report, Ssh};
use crate::interop::scene::Scene;
use crate::interop::server::sshd;

const HYBRID: &str = "mlkem768x25519-sha256";

pub(super) const CASES: &[Case] = &[
    Case::new("probe/openssh/default", &[Sshd], default),
    Case::new("probe/openssh/hybrid-only", &[Sshd], |s| {
        let report = at(s, "KexAlgorithms mlkem768x25519-sha256")?;
        ensure!(
            completes(ssh(&report)?, HYBRID),
            "{HYBRID} does not complete: {report:#?}"
        );
        ensure!(report.verdict == "pass", "the verdict is {}", report.verdict);
        Ok(format!("pass: {HYBRID}"))
    }),
    Case::new("probe/openssh/sntrup-only", &[Sshd], |s| {
        let report = at(s, "KexAlgorithms sntrup761x25519-sha512")?;
        ensure!(
            report.verdict == "indeterminate",
            "the verdict is {}",
            report.verdict
        );
        has_reason(&report, "post-quantum-unknown")
    }),
    Case::new("probe/openssh/classical-only", &[Sshd], |s| {
        let report = at(s, "KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256")?;
        ensure!(report.verdict == "fail", "the verdict is {}", report.verdict);
        has_reason(&report, "post-quantum-missing")
    }),
    Case::new("probe/openssh/old-algorithms", &[Sshd], |s| {
        let report = at(s, "KexAlgorithms +diffie-hellman-group1-sha1\nCiphers +3des-cbc")?;
        ensure!(
            report.verdict == "warn",
            "the verdict is {}: {:?}",
            report.verdict,
            report.reasons
        );
        has_reason(&report, "ssh-kex-broken")?;
        has_reason(&report, "ssh-transport-broken")
    }),
];

fn at(scene: &Scene<'_>, lines: &str) -> anyhow::Result<Report> {
    let sshd = sshd::start(scene, lines)?;
    let report = probe::ssh(scene, sshd.port)?;
    let advertised: Vec<&str> = ssh(&report)?
        .key_exchanges
        .iter()
        .map(|one| one.method.as_str())
        .collect();
    let own = sshd.key_exchanges(scene)?;
    ensure!(
        advertised == own,
        "the probe saw {advertised:?}, sshd says {own:?}"
    );
    Ok(report)
}

/// OpenSSH as it is installed: the hybrid comes first, completes, and both host keys sign.
fn default(scene: &Scene<'_>) -> anyhow::Result<String> {
    let report = at(scene, "")?;
    let ssh = ssh(&report)?;
    ensure!(
        ssh.identification.starts_with("SSH-2.0-OpenSSH_"),
        "{}",
        ssh.identification
    );
    let first = ssh.key_exchanges.first().context("no key exchange method")?;
    ensure!(
        first.method == HYBRID && first.post_quantum,
        "the first method is {first:?}"
    );
    ensure!(completes(ssh, HYBRID), "{HYBRID} does not complete: {first:?}");
    for algorithm in ["ssh-ed25519", "rsa-sha2-512"] {
        let found = ssh.host_keys.iter().find(|key| key.algorithm == algorithm);
        let found = found.with_context(|| format!("no host key for {algorithm}: {:?}", ssh.host_keys))?;
        ensure!(found.verified.answer == "yes", "{found:?}");
    }
    ensure!(
        report.verdict == "pass",
        "the verdict is {}: {:?}",
        report.verdict,
        report.reasons
    );
    Ok(format!("pass: {HYBRID} completes; {}", ssh.identification))
}

fn ssh(report: &Report) -> anyhow::Result<&Ssh> {
    report.ssh.as_ref().context("the report has no SSH findings")
}

fn completes(ssh: &Ssh, method: &str) -> bool {
    let named = |one: &&probe::KeyExchange| one.method == method;
    ssh.key_exchanges
        .iter()
        .find(named)
        .is_some_and(|one| one.completes.answer == "yes")
}

fn has_reason(report: &Report, code: &str) -> anyhow::Result<String> {
    let found = report.reasons.iter().find(|reason| reason.code == code);
    let found = found.with_context(|| format!("no reason {code}: {:?}", report.reasons))?;
    Ok(format!("{}: {}", report.verdict, found.text))
}
