//! The cases, by role. A new one is a line in its file.
//!
//! Rule: a case compares at least two accounts of the same handshake, the peer's and ours. What several
//! files compare is here.

mod bench;
mod classical_client;
mod http;
mod modern_client;
mod observe;
mod openssl_client;
mod originate;
mod probe_ssh;
mod probe_starttls;
mod probe_tls;
mod proxy_client;
mod proxy_header;
mod terminate;
mod websocket;

use anyhow::ensure;

use super::case::{Case, Skip};
use super::edge::{Edge, Route};
use super::handshake::{Expect, Handshake, Told};
use super::origin::field;
use super::peers::Peer;
use super::scene::Scene;

/// Every case, in the order in which they run.
pub(super) fn all() -> Vec<Case> {
    [
        openssl_client::CASES,
        modern_client::CASES,
        classical_client::CASES,
        proxy_client::CASES,
        terminate::CASES,
        originate::CASES,
        proxy_header::CASES,
        observe::CASES,
        websocket::CASES,
        http::CASES,
        probe_tls::CASES,
        probe_starttls::CASES,
        probe_ssh::CASES,
        bench::CASES,
    ]
    .concat()
}

/// One client, one handshake at an edge on this rung: both ends and the origin must say the same.
fn meet(
    scene: &Scene<'_>,
    rung: &'static str,
    client: impl FnOnce(&Scene<'_>, u16) -> anyhow::Result<Told>,
    expect: Expect,
) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate(rung, scene.workshop.origin))?;
    let told = client(scene, edge.port)?;
    let record = edge.handshake(scene)?;
    agree(&told, &record, &expect)?;
    ensure!(
        record.rung.as_deref() == Some(rung),
        "our record has rung {:?}",
        record.rung
    );
    check_origin(&told, &expect)?;
    end(edge, scene, rung)?;
    Ok(expect.words())
}

/// Several handshakes of one client, in their order.
fn meet_all(
    scene: &Scene<'_>,
    rung: &'static str,
    client: impl FnOnce(&Scene<'_>, u16) -> anyhow::Result<Vec<Told>>,
    expects: &[Expect],
) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate(rung, scene.workshop.origin))?;
    let told = client(scene, edge.port)?;
    let records = edge.handshakes(scene, expects.len())?;
    ensure!(
        records.len() == expects.len() && told.len() == expects.len(),
        "{} accounts and {} records for {} handshakes",
        told.len(),
        records.len(),
        expects.len()
    );
    for ((told, record), expect) in told.iter().zip(&records).zip(expects) {
        agree(told, record, expect)?;
        check_origin(told, expect)?;
    }
    end(edge, scene, rung)?;
    let words: Vec<String> = expects.iter().map(Expect::words).collect();
    Ok(words.join("; "))
}

fn agree(told: &Told, record: &Handshake, expect: &Expect) -> anyhow::Result<()> {
    expect.meets_peer(told)?;
    expect.meets_record(record)
}

/// Skips the case when a peer that should be classical is built on OpenSSL 3.5 or later.
fn skip_unless_classical(scene: &Scene<'_>, peer: Peer) -> anyhow::Result<()> {
    match scene.openssl_of(peer)? {
        Some(version) if version >= (3, 5) => {
            let (name, (major, minor)) = (peer.name(), version);
            Err(Skip(format!("{name} is post-quantum here (OpenSSL {major}.{minor})")).into())
        }
        _ => Ok(()),
    }
}

/// What the edge told the origin about the handshake.
fn check_origin(told: &Told, expect: &Expect) -> anyhow::Result<()> {
    let group = field(&told.body, "hybridge-tls-group").unwrap_or("none");
    ensure!(
        expect.is_group(group),
        "the origin was told {group}, expected {}",
        expect.group
    );
    let scheme = field(&told.body, "x-forwarded-proto");
    ensure!(
        scheme == Some("https"),
        "the origin was told the scheme {scheme:?}"
    );
    Ok(())
}

/// No upgrade was missed, nothing failed, and the edge ends well.
fn end(edge: Edge, scene: &Scene<'_>, rung: &str) -> anyhow::Result<()> {
    let totals = edge.route()?.totals;
    ensure!(totals.failures == 0, "our totals count failures: {totals:?}");
    if matches!(rung, "upgrade" | "require") {
        ensure!(
            totals.missed_upgrades == 0,
            "our totals count missed upgrades: {totals:?}"
        );
    }
    edge.end(scene)
}
