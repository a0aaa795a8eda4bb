//! Clients that cannot speak post-quantum yet, at our edge: the system's curl, Python's ssl,
//! GnuTLS, sslyze.
//!
//! Where curl and Python are built on OpenSSL 3.5 they can, and their cases are skipped.

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::client::{curl, gnutls, python};
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::Expect;
use crate::interop::peers::Peer::{GnuTls, Python, Sslyze, SystemCurl};
use crate::interop::scene::Scene;

use super::{agree, end, meet, meet_all, skip_unless_classical};

const SHARE: Expect = Expect::share("x25519");

pub(super) const CASES: &[Case] = &[
    Case::new("client/system-curl/upgrade-http-1.1", &[SystemCurl], |s| {
        by_curl(s, &["--http1.1"], SHARE)
    }),
    Case::new("client/system-curl/upgrade-http-2", &[SystemCurl], |s| {
        by_curl(s, &["--http2"], SHARE)
    }),
    Case::new("client/system-curl/tls-1.2", &[SystemCurl], |s| {
        by_curl(s, &["--tls-max", "1.2"], Expect::tls12("x25519"))
    }),
    Case::new("client/system-curl/require", &[SystemCurl], refused),
    Case::new("client/python/upgrade", &[Python], |s| {
        by_python(s, &[], &[SHARE])
    }),
    Case::new("client/python/p256", &[Python], |s| {
        by_python(s, &["curve=prime256v1"], &[Expect::share("secp256r1")])
    }),
    Case::new("client/python/tls-1.2", &[Python], |s| {
        by_python(s, &["max=1.2"], &[Expect::tls12("x25519")])
    }),
    Case::new("client/python/resumed", &[Python], |s| {
        by_python(s, &["times=2"], &[SHARE, SHARE.resumed()])
    }),
    Case::new("client/gnutls/upgrade", &[GnuTls], |s| {
        by_gnutls(s, "NORMAL", SHARE)
    }),
    Case::new("client/gnutls/p384-by-retry", &[GnuTls], |s| {
        let priority = "NORMAL:-GROUP-ALL:+GROUP-SECP521R1:+GROUP-SECP384R1";
        by_gnutls(s, priority, Expect::retry("secp384r1"))
    }),
    Case::new("client/gnutls/tls-1.2", &[GnuTls], |s| {
        by_gnutls(s, "NORMAL:-VERS-TLS1.3", Expect::tls12("secp256r1"))
    }),
    Case::new("client/gnutls/resumed", &[GnuTls], |s| {
        twice_by_gnutls(s, "NORMAL", [SHARE, SHARE.resumed()])
    }),
    Case::new("client/gnutls/resumed-tls-1.2", &[GnuTls], |s| {
        let expects = [Expect::tls12("secp256r1"), Expect::TLS12_RESUMED];
        twice_by_gnutls(s, "NORMAL:-VERS-TLS1.3", expects)
    }),
    Case::new("client/sslyze/upgrade", &[Sslyze], by_sslyze),
];

fn by_curl(scene: &Scene<'_>, arguments: &[&str], expect: Expect) -> anyhow::Result<String> {
    skip_unless_classical(scene, SystemCurl)?;
    meet(
        scene,
        "upgrade",
        |scene, port| curl::get(scene, SystemCurl, port, arguments),
        expect,
    )
}

fn by_python(scene: &Scene<'_>, options: &[&str], expects: &[Expect]) -> anyhow::Result<String> {
    skip_unless_classical(scene, Python)?;
    meet_all(
        scene,
        "upgrade",
        |scene, port| python::get(scene, port, options),
        expects,
    )
}

fn by_gnutls(scene: &Scene<'_>, priority: &str, expect: Expect) -> anyhow::Result<String> {
    meet(
        scene,
        "upgrade",
        |scene, port| gnutls::get(scene, port, priority),
        expect,
    )
}

/// The first connection is closed without a request, so only the second has an answer.
fn twice_by_gnutls(scene: &Scene<'_>, priority: &str, expects: [Expect; 2]) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let told = gnutls::get_twice(scene, edge.port, priority)?;
    let records = edge.handshakes(scene, 2)?;
    for (told, (record, expect)) in told.iter().zip(records.iter().zip(expects)) {
        agree(told, record, &expect)?;
    }
    end(edge, scene, "upgrade")?;
    Ok(expects.map(|expect| expect.words()).join("; "))
}

fn refused(scene: &Scene<'_>) -> anyhow::Result<String> {
    skip_unless_classical(scene, SystemCurl)?;
    let edge = Edge::start(scene, Route::terminate("require", scene.workshop.origin))?;
    let url = format!("https://localhost:{}/", edge.port);
    let ran = curl::try_fetch(scene, SystemCurl, &url, &[])?;
    ensure!(ran.status.code() == Some(35), "curl ended with {}", ran.status);
    let record = edge.handshake(scene)?;
    ensure!(
        record.outcome == "policy",
        "our record says {} ({:?})",
        record.outcome,
        record.detail
    );
    edge.end(scene)?;
    Ok("policy; curl ends with 35".to_owned())
}

/// A scanner opens hundreds of connections, many of them crooked, and must find nothing bad.
fn by_sslyze(scene: &Scene<'_>) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let json = scene.folder().join("sslyze.json");
    let mut command = scene.peer(Sslyze);
    command
        .arg(format!("--json_out={}", json.display()))
        .args([
            "--mozilla_config=disable",
            "--heartbleed",
            "--openssl_ccs",
            "--robot",
            "--reneg",
            "--compression",
        ])
        .args([
            "--sslv2",
            "--sslv3",
            "--tlsv1",
            "--tlsv1_1",
            "--tlsv1_2",
            "--tlsv1_3",
            "--fallback",
            "--resum",
        ])
        .args([
            "--elliptic_curves",
            "--early_data",
            &format!("localhost:{}", edge.port),
        ]);
    scene.run_slowly(&mut command)?.succeeded()?;
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(json)?)?;
    let result = &report["server_scan_results"][0]["scan_result"];
    for old in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"] {
        let accepted = &result[format!("{old}_cipher_suites")]["result"]["accepted_cipher_suites"];
        ensure!(
            accepted.as_array().is_some_and(Vec::is_empty),
            "{old}: {accepted}"
        );
    }
    for new in ["tls_1_2", "tls_1_3"] {
        let accepted = &result[format!("{new}_cipher_suites")]["result"]["accepted_cipher_suites"];
        ensure!(
            accepted.as_array().is_some_and(|all| all.len() == 3),
            "{new}: {accepted}"
        );
    }
    let heartbleed = &result["heartbleed"]["result"]["is_vulnerable_to_heartbleed"];
    ensure!(heartbleed == false, "Heartbleed: {heartbleed}");
    let totals = edge.route()?.totals;
    ensure!(totals.missed_upgrades == 0, "our totals: {totals:?}");
    edge.end(scene)?;
    Ok(format!(
        "{} handshakes, {} failures",
        totals.handshakes, totals.failures
    ))
}
