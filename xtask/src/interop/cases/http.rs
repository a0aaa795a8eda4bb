//! HTTP through the edge where it is awkward: old and bodiless requests, bodies of unknown length,
//! refusals before the body is there, kept connections that the upstream closes, and some load.

use anyhow::{Context as _, ensure};

use crate::interop::case::Case;
use crate::interop::client::curl;
use crate::interop::edge::{Edge, Route};
use crate::interop::origin::{checksum, pattern};
use crate::interop::peers::Peer::{Curl, Nginx, Wrk};
use crate::interop::scene::Scene;
use crate::interop::server::nginx;

/// More than the edge, the kernel and nginx can hold between them.
const MANY: usize = 20_000_000;

pub(super) const CASES: &[Case] = &[
    Case::new("http/curl/http-1.0", &[Curl], |s| {
        head(s, &["--http1.0", "--include"], "HTTP/1.0 200")
    }),
    Case::new("http/curl/head-http-1.1", &[Curl], |s| {
        head(s, &["--http1.1", "--head"], "HTTP/1.1 200")
    }),
    Case::new("http/curl/head-http-2", &[Curl], |s| {
        head(s, &["--http2", "--head"], "HTTP/2 200")
    }),
    Case::new("http/curl/upload-of-unknown-length-http-1.1", &[Curl], |s| {
        upload(s, "--http1.1")
    }),
    Case::new("http/curl/upload-of-unknown-length-http-2", &[Curl], |s| {
        upload(s, "--http2")
    }),
    Case::new("http/curl/slow-download", &[Curl], slow_download),
    Case::new("http/nginx/early-refusal-http-1.1", &[Curl, Nginx], |s| {
        early_refusal(s, "--http1.1")
    }),
    Case::new("http/nginx/early-refusal-http-2", &[Curl, Nginx], |s| {
        early_refusal(s, "--http2")
    }),
    Case::new("http/wrk/keep-alive", &[Wrk, Nginx], |s| load(s, &[])),
    Case::new("http/wrk/a-connection-for-each-request", &[Wrk, Nginx], |s| {
        load(s, &["--header", "Connection: close"])
    }),
];

fn edge(scene: &Scene<'_>, upstream: u16) -> anyhow::Result<(Edge, String)> {
    let edge = Edge::start(scene, Route::terminate("upgrade", upstream))?;
    let url = format!("https://localhost:{}/", edge.port);
    Ok((edge, url))
}

fn head(scene: &Scene<'_>, arguments: &[&str], status: &str) -> anyhow::Result<String> {
    let (edge, url) = edge(scene, scene.workshop.origin)?;
    let told = curl::fetch(scene, Curl, &url, arguments)?;
    ensure!(told.body.starts_with(status), "curl got: {}", told.body);
    super::end(edge, scene, "upgrade")?;
    Ok(status.to_owned())
}

/// curl reads its input and cannot say how long it will be.
fn upload(scene: &Scene<'_>, protocol: &str) -> anyhow::Result<String> {
    let (edge, url) = edge(scene, scene.workshop.origin)?;
    let bytes = pattern(500_000);
    scene.file("pipe", &bytes)?;
    // A pipe, as curl would know the length of a file.
    let mut command = std::process::Command::new("sh");
    let program = scene.peer(Curl);
    command
        .args(["-c", "cat pipe | \"$@\"", "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    command.args([
        "--silent",
        "--show-error",
        "--ipv4",
        protocol,
        "--upload-file",
        "-",
        "--cacert",
    ]);
    let ran = scene
        .run(command.arg(scene.credentials().authority_path()).arg(&url))?
        .succeeded()?;
    let expected = format!("received {} {:016x}", bytes.len(), checksum(&bytes));
    ensure!(ran.stdout.trim() == expected, "the origin says: {}", ran.stdout);
    super::end(edge, scene, "upgrade")?;
    Ok(format!("{} bytes", bytes.len()))
}

/// A client that reads slowly slows the upstream down and loses nothing.
fn slow_download(scene: &Scene<'_>) -> anyhow::Result<String> {
    let (edge, url) = edge(scene, scene.workshop.origin)?;
    let file = scene.folder().join("downloaded");
    let arguments = ["--limit-rate", "10M", "--output", &file.display().to_string()];
    curl::fetch(scene, Curl, &format!("{url}bytes/{MANY}"), &arguments)?;
    let bytes = std::fs::read(file)?;
    ensure!(
        bytes == pattern(MANY),
        "{} bytes came, and not those that were sent",
        bytes.len()
    );
    super::end(edge, scene, "upgrade")?;
    Ok(format!("{MANY} bytes at 10 MB/s"))
}

/// nginx refuses a body by its length and closes; the client must hear that and not a broken pipe.
fn early_refusal(scene: &Scene<'_>, protocol: &str) -> anyhow::Result<String> {
    let server = nginx::plain(scene)?;
    let (edge, url) = edge(scene, server.port)?;
    let body = format!("@{}", scene.file("body", pattern(MANY))?.display());
    let arguments = [
        protocol,
        "--include",
        "--data-binary",
        &body,
        "--header",
        "Expect:",
    ];
    let told = curl::fetch(scene, Curl, &url, &arguments)?;
    let status = told.body.lines().next().unwrap_or_default();
    ensure!(status.contains(" 413"), "curl got: {status}");
    super::end(edge, scene, "upgrade")?;
    Ok(status.trim().to_owned())
}

/// 40 connections for two seconds in front of an nginx that closes each kept connection after seven requests:
/// every answer is a 200. Handshakes that wrk leaves when its time is up are its own doing.
fn load(scene: &Scene<'_>, arguments: &[&str]) -> anyhow::Result<String> {
    let server = nginx::plain_with(scene, "keepalive_requests 7;")?;
    let (edge, url) = edge(scene, server.port)?;
    let mut command = scene.peer(Wrk);
    command
        .args(["--threads", "1", "--connections", "40", "--duration", "2s"])
        .args(arguments)
        .arg(&url);
    let said = scene.run(&mut command)?.succeeded()?.stdout;
    let trouble = said
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"));
    ensure!(trouble.is_none(), "wrk says: {trouble:?}");
    let requests = said
        .lines()
        .find(|line| line.contains("requests in"))
        .context("wrk says nothing")?;
    let totals = edge.route()?.totals;
    ensure!(
        totals.missed_upgrades == 0 && totals.failures <= 40,
        "our totals: {totals:?}"
    );
    let failed = edge.handshakes(scene, 1)?.into_iter().find(|record| {
        !matches!(
            record.outcome.as_str(),
            "success" | "hello_incomplete" | "after_server_hello"
        )
    });
    ensure!(failed.is_none(), "our record: {failed:?}");
    edge.end(scene)?;
    Ok(requests.trim().to_owned())
}
