//! Our edge in mode `observe`, in front of a server that keeps its own TLS: what we read in passing is
//! what the client and the server say.

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::client::{curl, openssl};
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID, Told, code_point};
use crate::interop::peers::Peer::{Curl, Envoy, Haproxy, Nginx, OpenSsl, SystemCurl};
use crate::interop::scene::Scene;
use crate::interop::server::{Server, envoy, haproxy, nginx, openssl as openssl_server};
use crate::interop::trace;

const BOTH: &str = "X25519MLKEM768:X25519";
const HYBRID_FIRST: &str = "X25519MLKEM768/X25519";
const UNSHARED: [&str; 2] = ["-groups", "X25519:X25519MLKEM768"];

pub(super) const CASES: &[Case] = &[
    Case::new("observe/openssl/share", &[OpenSsl], |s| {
        by_openssl(
            s,
            &openssl_server::tls(s, BOTH, 1, &[])?,
            &[],
            Expect::share(HYBRID),
        )
    }),
    Case::new("observe/openssl/retry", &[OpenSsl], |s| {
        by_openssl(
            s,
            &openssl_server::tls(s, HYBRID_FIRST, 1, &[])?,
            &UNSHARED,
            Expect::retry(HYBRID),
        )
    }),
    Case::new("observe/openssl/missed-upgrade", &[OpenSsl], |s| {
        by_openssl(
            s,
            &openssl_server::tls(s, BOTH, 1, &[])?,
            &UNSHARED,
            Expect::share("x25519"),
        )
    }),
    Case::new("observe/openssl/tls-1.2", &[OpenSsl], |s| {
        by_openssl(
            s,
            &openssl_server::tls(s, BOTH, 1, &[])?,
            &["-tls1_2"],
            Expect::tls12("x25519"),
        )
    }),
    Case::new("observe/openssl/hello-in-small-records", &[OpenSsl], |s| {
        let small = ["-max_send_frag", "512"];
        by_openssl(
            s,
            &openssl_server::tls(s, BOTH, 1, &[])?,
            &small,
            Expect::share(HYBRID),
        )
    }),
    Case::new("observe/openssl/resumed", &[OpenSsl], resumed),
    Case::new("observe/openssl/refused", &[OpenSsl], refused),
    Case::new("observe/nginx/no-rung", &[Nginx, OpenSsl], no_rung),
    Case::new("observe/nginx/share", &[Nginx, OpenSsl], |s| {
        by_openssl(s, &nginx::tls(s, BOTH)?, &[], Expect::share(HYBRID))
    }),
    Case::new("observe/nginx/retry", &[Nginx, OpenSsl], |s| {
        by_openssl(s, &nginx::tls(s, HYBRID_FIRST)?, &UNSHARED, Expect::retry(HYBRID))
    }),
    Case::new("observe/nginx/classical-client", &[Nginx, SystemCurl], |s| {
        by_system_curl(s, &nginx::tls(s, BOTH)?, Expect::share("x25519"))
    }),
    Case::new("observe/haproxy/share", &[Haproxy, OpenSsl], |s| {
        by_openssl(s, &haproxy::tls(s, BOTH)?, &[], Expect::share(HYBRID))
    }),
    Case::new("observe/envoy/share", &[Envoy, OpenSsl], |s| {
        by_openssl(
            s,
            &envoy::tls(s, &[HYBRID, "X25519"])?,
            &[],
            Expect::share(HYBRID),
        )
    }),
    Case::new("observe/envoy/retry", &[Envoy, OpenSsl], |s| {
        by_openssl(
            s,
            &envoy::tls(s, &[HYBRID, "X25519"])?,
            &UNSHARED,
            Expect::retry(HYBRID),
        )
    }),
    Case::new("observe/envoy/http-2", &[Envoy, Curl], |s| {
        by_curl(s, &envoy::tls(s, &[HYBRID, "X25519"])?, Expect::share(HYBRID))
    }),
];

fn by_openssl(
    scene: &Scene<'_>,
    server: &Server,
    arguments: &[&str],
    expect: Expect,
) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::observe(server.port))?;
    let told = openssl::get(scene, edge.port, arguments)?;
    let words = compare(scene, &edge, server, (&told, expect))?;
    let record = edge.handshake(scene)?;
    let traced = trace::parse(&told.body).pop().unwrap_or_default();
    ensure!(
        points(&record.offered_groups)? == points(&traced.offered)?,
        "offered: {record:?}, {traced:?}"
    );
    ensure!(
        points(&record.shared_groups)? == points(&traced.shared)?,
        "shared: {record:?}, {traced:?}"
    );
    edge.end(scene)?;
    Ok(words)
}

fn by_curl(scene: &Scene<'_>, server: &Server, expect: Expect) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::observe(server.port))?;
    let told = curl::get(scene, Curl, edge.port, &[])?;
    ensure!(
        told.protocol.as_deref() == Some("HTTP/2"),
        "curl spoke {:?}",
        told.protocol
    );
    let words = compare(scene, &edge, server, (&told, expect))?;
    edge.end(scene)?;
    Ok(words)
}

fn by_system_curl(scene: &Scene<'_>, server: &Server, expect: Expect) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::observe(server.port))?;
    let told = curl::get(scene, SystemCurl, edge.port, &[])?;
    let words = compare(scene, &edge, server, (&told, expect))?;
    edge.end(scene)?;
    Ok(words)
}

/// Three accounts of one handshake: the client's, the server's and ours.
fn compare(
    scene: &Scene<'_>,
    edge: &Edge,
    server: &Server,
    (told, expect): (&Told, Expect),
) -> anyhow::Result<String> {
    expect.meets_peer(told)?;
    expect.meets_peer(&server.handshake(scene)?)?;
    let record = edge.handshake(scene)?;
    expect.meets_record(&record)?;
    Ok(format!("client, server and edge: {}", expect.words()))
}

/// What is only observed stands on no rung.
fn no_rung(scene: &Scene<'_>) -> anyhow::Result<String> {
    let server = nginx::tls(scene, BOTH)?;
    let edge = Edge::start(scene, Route::observe(server.port))?;
    openssl::get(scene, edge.port, &[])?;
    let record = edge.handshake(scene)?;
    ensure!(record.rung.is_none(), "our record has a rung: {:?}", record.rung);
    edge.end(scene)?;
    Ok("no rung".to_owned())
}

/// A resumed handshake is told from a full one, and the client keeps its stable JA4.
fn resumed(scene: &Scene<'_>) -> anyhow::Result<String> {
    let server = openssl_server::tls(scene, BOTH, 2, &[])?;
    let edge = Edge::start(scene, Route::observe(server.port))?;
    let told = openssl::get_twice(scene, edge.port, &[])?;
    let records = edge.handshakes(scene, 2)?;
    let expects = [Expect::share(HYBRID), Expect::share(HYBRID).resumed()];
    for (told, (record, expect)) in told.iter().zip(records.iter().zip(expects)) {
        super::agree(told, record, &expect)?;
    }
    ensure!(
        records[0].ja4 != records[1].ja4,
        "a pre_shared_key does not show in the JA4"
    );
    ensure!(
        records[0].ja4_stable == records[1].ja4_stable,
        "the stable JA4 differs: {records:#?}"
    );
    edge.end(scene)?;
    Ok("full, then resumed".to_owned())
}

/// The server's alert is seen for what it is.
fn refused(scene: &Scene<'_>) -> anyhow::Result<String> {
    let server = openssl_server::tls(scene, HYBRID, 1, &[])?;
    let edge = Edge::start(scene, Route::observe(server.port))?;
    let ran = openssl::try_get(scene, edge.port, &["-groups", "X25519"])?;
    ensure!(!ran.status.success(), "the client was served");
    let record = edge.handshake(scene)?;
    ensure!(
        record.outcome == "alert_out",
        "our record says {} ({:?})",
        record.outcome,
        record.detail
    );
    edge.end(scene)?;
    Ok(format!(
        "alert_out: {}",
        record.detail.as_deref().unwrap_or("no detail")
    ))
}

/// Names as code points.
fn points(names: &[String]) -> anyhow::Result<Vec<u16>> {
    names.iter().map(|name| code_point(name)).collect()
}
