//! Our probe through STARTTLS, against nginx's mail proxy, and against a server that has no TLS there.
//!
//! FTP, LDAP, MySQL, PostgreSQL and XMPP have no peer here; the probe's own tests play their servers.

use std::process::Command;

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::handshake::HYBRID;
use crate::interop::peers::Peer::{Nginx, NginxMail, Sshd};
use crate::interop::probe::{self, Expect};
use crate::interop::scene::Scene;
use crate::interop::server::{nginx, sshd};

const HYBRID_FIRST: Expect = Expect {
    groups: &[HYBRID, "X25519"],
    order: "server",
    missed: 0,
    versions: &["TLS 1.2", "TLS 1.3"],
    verdict: "pass",
    key: "ECDSA-P-256",
};

pub(super) const CASES: &[Case] = &[
    Case::new("probe/nginx-mail/smtp", &[Nginx, NginxMail], |s| {
        through(s, "smtp")
    }),
    Case::new("probe/nginx-mail/imap", &[Nginx, NginxMail], |s| {
        through(s, "imap")
    }),
    Case::new("probe/nginx-mail/pop3", &[Nginx, NginxMail], |s| {
        through(s, "pop3")
    }),
    Case::new("probe/openssh/not-smtp", &[Sshd], |s| {
        let server = sshd::start(s, "")?;
        let mut command = Command::new(&s.workshop.hybridge);
        command.args([
            "probe",
            "--starttls",
            "smtp",
            "--json",
            &format!("127.0.0.1:{}", server.port),
        ]);
        let ran = s.run(&mut command)?;
        ensure!(
            ran.status.code() == Some(6),
            "the probe ended with {}",
            ran.status
        );
        let waited = ran.stderr.contains("no answer");
        ensure!(
            ran.stderr.contains("smtp") && !waited,
            "the probe says: {}",
            ran.stderr.trim()
        );
        Ok(ran.stderr.lines().next().unwrap_or_default().to_owned())
    }),
];

fn through(scene: &Scene<'_>, protocol: &str) -> anyhow::Result<String> {
    let server = nginx::mail(scene, protocol, "X25519MLKEM768/X25519")?;
    HYBRID_FIRST.meets(&probe::tls(scene, server.port, &["--starttls", protocol])?)
}
