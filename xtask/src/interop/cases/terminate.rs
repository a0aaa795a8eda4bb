//! Servers behind our edge in mode `terminate`: plaintext and TLS towards them, and `hybridge up`.
//!
//! With TLS on both sides there are two handshakes, with a record each; the rung tells which is which.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::interop::case::Case;
use crate::interop::client::{chromium, curl};
use crate::interop::edge::{Edge, Route};
use crate::interop::handshake::{Expect, HYBRID, Handshake};
use crate::interop::http;
use crate::interop::peers::Peer::{Chromium, Curl, Envoy, Go, Haproxy, Nginx, OpenSsl, Python};
use crate::interop::process::Started;
use crate::interop::scene::Scene;
use crate::interop::server::{Server, envoy, go, haproxy, nginx, openssl, python};

use super::skip_unless_classical;

pub(super) const CASES: &[Case] = &[
    Case::new("upstream/nginx/plain", &[Nginx, Curl], nginx_plain),
    Case::new("upstream/nginx/tls-share", &[Nginx, Curl], |s| {
        behind(s, &nginx::tls(s, "X25519MLKEM768:X25519")?, "share", HYBRID)
    }),
    Case::new("upstream/nginx/tls-classical", &[Nginx, Curl], |s| {
        behind(s, &nginx::tls(s, "X25519MLKEM768:X25519")?, "classical", "x25519")
    }),
    Case::new("upstream/haproxy/tls-share", &[Haproxy, Curl], |s| {
        behind(s, &haproxy::tls(s, "X25519MLKEM768:X25519")?, "share", HYBRID)
    }),
    Case::new("upstream/openssl/tls-share", &[OpenSsl, Curl], |s| {
        behind(
            s,
            &openssl::tls(s, "X25519MLKEM768:X25519", 1, &[])?,
            "share",
            HYBRID,
        )
    }),
    Case::new("upstream/envoy/tls-share", &[Envoy, Curl], |s| {
        behind(s, &envoy::tls(s, &[HYBRID, "X25519"])?, "share", HYBRID)
    }),
    Case::new("upstream/go/tls-share", &[Go, Curl], |s| {
        behind(s, &go::tls(s, &[])?, "share", HYBRID)
    }),
    Case::new("upstream/python/tls-share", &[Python, Curl], |s| {
        skip_unless_classical(s, Python)?;
        behind(s, &python::tls(s)?, "share", "x25519")
    }),
    Case::new("up/curl/built-in-page", &[Curl], |s| {
        let up = Up::start(s)?;
        let authority = up.authority.clone();
        let url = format!("https://localhost:{}/", up.port);
        let told = curl::fetch(s, Curl, &url, &["--cacert", &authority])?;
        ensure!(told.body.contains(HYBRID), "the page says: {}", told.body);
        up.end(s, &told.body)
    }),
    Case::new("up/chromium/built-in-page", &[Chromium], |s| {
        let up = Up::start(s)?;
        let page = chromium::load_trusting(s, up.port, &up.key_path)?;
        up.end(s, &page)
    }),
];

/// The headers that the edge adds reach a server that speaks plaintext.
fn nginx_plain(scene: &Scene<'_>) -> anyhow::Result<String> {
    let server = nginx::plain(scene)?;
    let edge = Edge::start(scene, Route::terminate("upgrade", server.port))?;
    let url = format!("https://localhost:{}/", edge.port);
    let told = curl::fetch(scene, Curl, &url, &["--interface", "127.0.7.7"])?;
    for expected in [
        "edge-group=X25519MLKEM768",
        "forwarded=127.0.7.7",
        "protocol=HTTP/1.1",
    ] {
        ensure!(told.body.contains(expected), "nginx was told: {}", told.body);
    }
    let record = edge.handshake(scene)?;
    super::agree(&told, &record, &Expect::share(HYBRID))?;
    ensure!(
        record.client_prefix == "127.0.7.0/24",
        "our record says {}",
        record.client_prefix
    );
    super::end(edge, scene, "upgrade")?;
    Ok("the client's address and group reach it".to_owned())
}

/// TLS on both sides: our record of each, and the server's own account.
fn behind(
    scene: &Scene<'_>,
    server: &Server,
    rung: &'static str,
    group: &'static str,
) -> anyhow::Result<String> {
    let route = Route::terminate("upgrade", server.port).over_tls(Some(rung), scene);
    let edge = Edge::start(scene, route)?;
    let told = curl::get(scene, Curl, edge.port, &[])?;
    Expect::share(HYBRID).meets_peer(&told)?;
    ensure!(!told.body.trim().is_empty(), "no page came");
    let records = edge.handshakes(scene, 2)?;
    let on = |rung: &str| -> anyhow::Result<&Handshake> {
        let found = records.iter().find(|record| record.rung.as_deref() == Some(rung));
        found.with_context(|| format!("no record on rung {rung}: {records:#?}"))
    };
    Expect::share(HYBRID).meets_record(on("upgrade")?)?;
    Expect::share(group).meets_record(on(rung)?)?;
    if server.tells() {
        server.has_seen(scene, group)?;
    }
    super::end(edge, scene, "upgrade")?;
    Ok(format!("downstream {HYBRID}, upstream {group}"))
}

/// `hybridge up` with everything that it makes by itself.
struct Up {
    port: u16,
    api: http::Api,
    authority: String,
    key_path: std::path::PathBuf,
    process: Started,
}

impl Up {
    fn start(scene: &Scene<'_>) -> anyhow::Result<Self> {
        let (port, api) = (scene.port()?, scene.port()?);
        let folder = scene.folder().join("up");
        let mut command = Command::new(&scene.workshop.hybridge);
        command
            .args([
                "up",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--api",
                &format!("127.0.0.1:{api}"),
            ])
            .arg("--data")
            .arg(&folder);
        let process = scene.serve(&mut command, port)?;
        let said = process.said();
        let trust = said
            .split_whitespace()
            .skip_while(|word| *word != "--cacert")
            .nth(1);
        Ok(Self {
            port,
            api: http::Api::of(api, &folder)?,
            authority: trust
                .with_context(|| format!("up does not say whom to trust: {said}"))?
                .to_owned(),
            // Certificate and key in one file.
            key_path: folder.join("authority/leaf.pem"),
            process,
        })
    }

    /// The page is good news, and so is every record.
    fn end(mut self, scene: &Scene<'_>, page: &str) -> anyhow::Result<String> {
        ensure!(
            page.contains("Your connection is post-quantum."),
            "the page says: {page}"
        );
        ensure!(page.contains(HYBRID), "the page names no group: {page}");
        let records = scene.until("a record", || {
            let text = self.api.get("/v1/handshakes")?;
            let records: Vec<Handshake> = serde_json::from_str(&text)?;
            Ok((!records.is_empty()).then_some(records))
        })?;
        records.iter().try_for_each(|record| {
            let resumed = record.resumed;
            let expect = Expect {
                resumed,
                ..Expect::share(HYBRID)
            };
            expect.meets_record(record)
        })?;
        scene.end(&mut self.process)?;
        Ok(format!("the page says {HYBRID}"))
    }
}
