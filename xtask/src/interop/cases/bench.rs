//! `hybridge bench tls` against a server that is not ours: it measures what it says it measures.
//!
//! The numbers of a run like this are no benchmark; what is checked is that groups, bytes and counts fit.

use std::process::Command;

use anyhow::ensure;
use serde::Deserialize;

use crate::interop::case::Case;
use crate::interop::handshake::is_same_group;
use crate::interop::peers::Peer::Nginx;
use crate::interop::scene::Scene;
use crate::interop::server::nginx;

pub(super) const CASES: &[Case] = &[Case::new("bench/nginx/both", &[Nginx], at_nginx)];

#[derive(Debug, Deserialize)]
struct Report {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    group: String,
    negotiated: Option<Negotiated>,
    handshakes_per_second: f64,
    bytes_sent_per_handshake: u64,
    bytes_received_per_handshake: u64,
    handshakes: usize,
    resumed: usize,
    hello_retry_requests: usize,
    failures: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Negotiated {
    group: Option<String>,
}

/// Both groups, a second each; none of them resumed or by a retry.
fn at_nginx(scene: &Scene<'_>) -> anyhow::Result<String> {
    let server = nginx::tls(scene, "X25519MLKEM768:X25519")?;
    let mut command = Command::new(&scene.workshop.hybridge);
    command
        .args([
            "bench",
            "tls",
            &format!("127.0.0.1:{}", server.port),
            "--sni",
            "localhost",
            "--json",
        ])
        .args([
            "--groups",
            "X25519,X25519MLKEM768",
            "--duration",
            "1s",
            "--concurrency",
            "4",
        ]);
    let ran = scene.run(&mut command)?.succeeded()?;
    let report: Report = serde_json::from_str(&ran.stdout)?;
    ensure!(
        report.groups.len() == 2,
        "{} groups were measured",
        report.groups.len()
    );
    for group in &report.groups {
        check(group)?;
    }
    let extra = |bytes: fn(&Group) -> u64| bytes(&report.groups[1]).saturating_sub(bytes(&report.groups[0]));
    // RFC 10024: the client's share grows by 1184 bytes, the server's by 1088. A few others go: without a
    // classical group a hello has nothing of TLS 1.2, and a server with a better group need not say so.
    let sent = extra(|group| group.bytes_sent_per_handshake);
    let received = extra(|group| group.bytes_received_per_handshake);
    ensure!((1160..1200).contains(&sent), "the hello grows by {sent} bytes");
    ensure!(
        (1060..1100).contains(&received),
        "the answer grows by {received} bytes"
    );
    let speed = |group: &Group| format!("{} {:.0}/s", group.group, group.handshakes_per_second);
    Ok(report.groups.iter().map(speed).collect::<Vec<_>>().join(", "))
}

fn check(group: &Group) -> anyhow::Result<()> {
    let negotiated = group.negotiated.as_ref().and_then(|one| one.group.as_deref());
    ensure!(
        negotiated.is_some_and(|name| is_same_group(name, &group.group)),
        "{group:?}"
    );
    ensure!(group.failures.is_empty(), "{group:?}");
    ensure!(
        group.handshakes > 20 && group.resumed == 0 && group.hello_retry_requests == 0,
        "{group:?}"
    );
    Ok(())
}
