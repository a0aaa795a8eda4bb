//! Clients that speak X25519MLKEM768 by themselves, at our edge: curl 8, Go, Node 24, Chromium.
//!
//! Beside the handshake this is where HTTP/1.1 and HTTP/2 carry bodies, both ways, through the edge.

use anyhow::ensure;

use crate::interop::case::Case;
use crate::interop::client::{chromium, curl, go, node};
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID, Told};
use crate::interop::origin::{checksum, pattern};
use crate::interop::peers::Peer::{Chromium, Curl, Go, Node, OpenSsl};
use crate::interop::scene::Scene;

use super::{agree, end, meet, meet_all};

const SHARE: Expect = Expect::share(HYBRID);
/// Longer than what any buffer on the way holds.
const MANY: usize = 3_000_000;

pub(super) const CASES: &[Case] = &[
    Case::new("client/curl/upgrade-http-1.1", &[Curl], |s| {
        by_curl(s, "upgrade", &["--http1.1"], SHARE)
    }),
    Case::new("client/curl/upgrade-http-2", &[Curl], |s| {
        by_curl(s, "upgrade", &["--http2"], SHARE)
    }),
    Case::new("client/curl/accept", &[Curl], |s| {
        by_curl(s, "accept", &[], SHARE)
    }),
    Case::new("client/curl/classical", &[Curl], |s| {
        by_curl(s, "classical", &[], Expect::share("x25519"))
    }),
    Case::new("client/curl/require", &[Curl], |s| {
        by_curl(s, "require", &[], SHARE)
    }),
    Case::new("client/curl/upgrade-unshared", &[Curl], |s| {
        by_curl(
            s,
            "upgrade",
            &["--curves", "X25519:X25519MLKEM768"],
            Expect::retry(HYBRID),
        )
    }),
    Case::new("client/curl/tls-1.2", &[Curl], |s| {
        by_curl(s, "upgrade", &["--tls-max", "1.2"], Expect::tls12("x25519"))
    }),
    Case::new("client/curl/download-http-1.1", &[Curl], |s| {
        download(s, "--http1.1")
    }),
    Case::new("client/curl/download-http-2", &[Curl], |s| download(s, "--http2")),
    Case::new("client/curl/upload-http-1.1", &[Curl], |s| upload(s, "--http1.1")),
    Case::new("client/curl/upload-http-2", &[Curl], |s| upload(s, "--http2")),
    Case::new("client/curl/keep-alive", &[Curl], keep_alive),
    Case::new("client/go/upgrade", &[Go], |s| by_go(s, "upgrade", &[], &[SHARE])),
    Case::new("client/go/accept", &[Go], |s| by_go(s, "accept", &[], &[SHARE])),
    Case::new("client/go/classical", &[Go], |s| {
        by_go(s, "classical", &[], &[Expect::share("x25519")])
    }),
    Case::new("client/go/p256-mlkem768", &[Go], |s| {
        by_go(
            s,
            "upgrade",
            &["groups=SecP256r1MLKEM768"],
            &[Expect::share("SecP256r1MLKEM768")],
        )
    }),
    Case::new("client/go/p384-mlkem1024", &[Go], |s| {
        by_go(
            s,
            "upgrade",
            &["groups=SecP384r1MLKEM1024"],
            &[Expect::share("SecP384r1MLKEM1024")],
        )
    }),
    Case::new("client/go/classical-only", &[Go], |s| {
        by_go(
            s,
            "upgrade",
            &["groups=X25519,secp256r1"],
            &[Expect::share("x25519")],
        )
    }),
    Case::new("client/go/tls-1.2", &[Go], |s| {
        by_go(s, "upgrade", &["max=1.2"], &[Expect::tls12("x25519")])
    }),
    Case::new("client/go/resumed", &[Go], |s| {
        by_go(s, "upgrade", &["times=2", "fresh"], &[SHARE, SHARE.resumed()])
    }),
    Case::new("client/go/resumed-tls-1.2", &[Go], |s| {
        let expects = [Expect::tls12("x25519"), Expect::TLS12_RESUMED];
        by_go(s, "upgrade", &["max=1.2", "times=2", "fresh"], &expects)
    }),
    Case::new("client/node/upgrade", &[Node], |s| {
        by_node(s, "upgrade", &[], &[SHARE])
    }),
    Case::new("client/node/upgrade-http-2", &[Node], |s| {
        by_node(s, "upgrade", &["h2=1"], &[SHARE])
    }),
    Case::new("client/node/classical", &[Node], |s| {
        by_node(s, "classical", &[], &[Expect::share("x25519")])
    }),
    Case::new("client/node/upgrade-unshared", &[Node], |s| {
        by_node(
            s,
            "upgrade",
            &["groups=X25519:X25519MLKEM768"],
            &[Expect::retry(HYBRID)],
        )
    }),
    Case::new("client/node/tls-1.2", &[Node], |s| {
        by_node(s, "upgrade", &["max=TLSv1.2"], &[Expect::tls12("x25519")])
    }),
    Case::new("client/node/resumed", &[Node], |s| {
        by_node(s, "upgrade", &["times=2"], &[SHARE, SHARE.resumed()])
    }),
    Case::new("client/chromium/upgrade", &[Chromium, OpenSsl], |s| {
        by_chromium(s, "upgrade", HYBRID)
    }),
    Case::new("client/chromium/classical", &[Chromium, OpenSsl], |s| {
        by_chromium(s, "classical", "x25519")
    }),
];

fn by_curl(
    scene: &Scene<'_>,
    rung: &'static str,
    arguments: &[&str],
    expect: Expect,
) -> anyhow::Result<String> {
    let client = |scene: &Scene<'_>, port| {
        let told = curl::get(scene, Curl, port, arguments)?;
        let wanted = match arguments {
            ["--http1.1"] => "HTTP/1.1",
            _ => "HTTP/2",
        };
        ensure!(
            told.protocol.as_deref() == Some(wanted),
            "curl spoke {:?}",
            told.protocol
        );
        Ok(told)
    };
    meet(scene, rung, client, expect)
}

fn by_go(
    scene: &Scene<'_>,
    rung: &'static str,
    options: &[&str],
    expects: &[Expect],
) -> anyhow::Result<String> {
    let client = |scene: &Scene<'_>, port| {
        let told = go::get(scene, port, options)?;
        let second = |one: &Told| one.protocol.as_deref() == Some("HTTP/2.0");
        ensure!(told.iter().all(second), "Go spoke {:?}", told[0].protocol);
        Ok(told)
    };
    meet_all(scene, rung, client, expects)
}

fn by_node(
    scene: &Scene<'_>,
    rung: &'static str,
    options: &[&str],
    expects: &[Expect],
) -> anyhow::Result<String> {
    let client = |scene: &Scene<'_>, port| node::get(scene, port, options);
    meet_all(scene, rung, client, expects)
}

/// The page comes whole.
fn download(scene: &Scene<'_>, protocol: &str) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let file = scene.folder().join("downloaded");
    let url = format!("https://localhost:{}/bytes/{MANY}", edge.port);
    let told = curl::fetch(
        scene,
        Curl,
        &url,
        &[protocol, "--output", &file.display().to_string()],
    )?;
    agree(&told, &edge.handshake(scene)?, &SHARE)?;
    let bytes = std::fs::read(file)?;
    ensure!(
        bytes == pattern(MANY),
        "{} bytes came, and not those that were sent",
        bytes.len()
    );
    end(edge, scene, "upgrade")?;
    Ok(format!("{MANY} bytes"))
}

/// The body reaches the origin whole.
fn upload(scene: &Scene<'_>, protocol: &str) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let bytes = pattern(MANY);
    let file = scene.file("upload", &bytes)?;
    let url = format!("https://localhost:{}/", edge.port);
    let content = format!("@{}", file.display());
    let told = curl::fetch(scene, Curl, &url, &[protocol, "--data-binary", &content])?;
    agree(&told, &edge.handshake(scene)?, &SHARE)?;
    let expected = format!("received {MANY} {:016x}", checksum(&bytes));
    ensure!(
        told.body.trim() == expected,
        "the origin says: {}",
        told.body.trim()
    );
    end(edge, scene, "upgrade")?;
    Ok(format!("{MANY} bytes"))
}

/// Several requests over one connection are one handshake.
fn keep_alive(scene: &Scene<'_>) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate("upgrade", scene.workshop.origin))?;
    let url = |path: &str| format!("https://localhost:{}/{path}", edge.port);
    let more = [url("status/204"), url("status/503"), url("bytes/70000")];
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let arguments = [&["--http1.1", "--output", "/dev/null"], more.as_slice()].concat();
    let told = curl::fetch(scene, Curl, &url(""), &arguments)?;
    agree(&told, &edge.handshake(scene)?, &SHARE)?;
    end(edge, scene, "upgrade")?;
    Ok("4 requests, 1 handshake".to_owned())
}

/// The browser renders the page behind the edge, which says what the browser negotiated.
fn by_chromium(scene: &Scene<'_>, rung: &'static str, group: &'static str) -> anyhow::Result<String> {
    let edge = Edge::start(scene, Route::terminate(rung, scene.workshop.origin))?;
    let page = chromium::load(scene, edge.port)?;
    let shown = format!("hybridge-tls-group: {group}").to_lowercase();
    ensure!(page.to_lowercase().contains(&shown), "the page says: {page}");
    let records = edge.handshakes(scene, 1)?;
    let expect = Expect::share(group);
    for record in &records {
        // A second connection may resume the session of the first.
        let expect = Expect {
            resumed: record.resumed,
            ..expect
        };
        expect.meets_record(record)?;
        ensure!(
            record.shared_groups.iter().any(|one| one == HYBRID),
            "the browser shared {:?}",
            record.shared_groups
        );
    }
    end(edge, scene, rung)?;
    Ok(format!("{}, {} connections", expect.words(), records.len()))
}
