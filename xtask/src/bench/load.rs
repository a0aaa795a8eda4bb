//! The load: our own generator for handshakes and idle connections, wrk for requests and bulk.
//! All of it runs on the load's core and says how much it did.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::servers::{Bench, GROUP, LOAD_CORE, Server};

/// What a load achieved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Achieved {
    /// Handshakes or requests.
    pub(super) count: u64,
    /// Per second.
    pub(super) rate: f64,
    /// 99th percentile of the latency, in milliseconds, where the load measures it.
    pub(super) p99_ms: Option<f64>,
}

pub(super) fn pinned(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["-c", &LOAD_CORE.to_string(), program])
        .stdin(Stdio::null());
    command
}

/// Full handshakes, as many as go, then at a constant rate for the latency.
pub(super) fn handshakes(bench: &Bench, server: Server, seconds: u64) -> anyhow::Result<Achieved> {
    let target = format!("127.0.0.1:{}", server.port());
    let output = pinned(&bench.binary.to_string_lossy())
        .args([
            "bench",
            "tls",
            &target,
            "--groups",
            GROUP,
            "--sni",
            "localhost",
            "--json",
        ])
        .args(["--concurrency", "4", "--duration", &format!("{seconds}s")])
        .output()
        .context("cannot run hybridge bench tls")?;
    ensure!(
        output.status.success(),
        "bench tls: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).context("bench tls printed no JSON")?;
    parse_handshakes(&report).with_context(|| format!("bench tls printed something else: {report}"))
}

fn parse_handshakes(report: &Value) -> Option<Achieved> {
    let group = report.get("groups")?.get(0)?;
    let count = group.get("handshakes")?.as_u64()?;
    let rate = group.get("handshakes_per_second")?.as_f64()?;
    let p99_ms = group
        .pointer("/latency/p99_us")
        .and_then(Value::as_f64)
        .map(|us| us / 1000.0);
    Some(Achieved { count, rate, p99_ms })
}

/// Keep-alive requests over 32 connections, or bulk transfers over 8.
pub(super) fn requests(bench: &Bench, server: Server, path: &str, seconds: u64) -> anyhow::Result<Achieved> {
    let url = format!("https://127.0.0.1:{}{path}", server.port());
    let connections = if path == "/" { "32" } else { "8" };
    let output = pinned("chroot")
        .args([
            &*bench.nginx_root().to_string_lossy(),
            "wrk",
            "-t1",
            "-c",
            connections,
            "--latency",
        ])
        .args(["-d", &format!("{seconds}s"), &url])
        .output()
        .context("cannot run wrk")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse_wrk(&text).with_context(|| format!("wrk printed something else: {text}"))
}

pub(super) fn parse_wrk(text: &str) -> Option<Achieved> {
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return None;
    }
    let line = |word: &str| text.lines().map(str::trim).find(|line| line.contains(word));
    let count = line("requests in")?.split_whitespace().next()?.parse().ok()?;
    let rate = line("Requests/sec:")?.split_whitespace().nth(1)?.parse().ok()?;
    let p99 = line("99%")
        .and_then(|line| line.split_whitespace().nth(1))
        .and_then(milliseconds);
    Some(Achieved {
        count,
        rate,
        p99_ms: p99,
    })
}

/// wrk writes 950.00us, 1.25ms or 2.01s.
fn milliseconds(text: &str) -> Option<f64> {
    let (number, scale) = match text {
        _ if text.ends_with("us") => (&text[..text.len() - 2], 0.001),
        _ if text.ends_with("ms") => (&text[..text.len() - 2], 1.0),
        _ => (text.strip_suffix('s')?, 1000.0),
    };
    number.parse::<f64>().ok().map(|number| number * scale)
}

/// Asks with curl until there is an answer.
pub(super) fn first_response(server: Server) -> anyhow::Result<()> {
    let url = format!("https://127.0.0.1:{}/", server.port());
    for _ in 0..2000 {
        let asked = pinned("curl").args(["-sk", "-o", "/dev/null", &url]).status();
        if asked.context("cannot run curl")?.success() {
            return Ok(());
        }
    }
    bail!("{} never answered", server.name())
}

/// Connections that are open and idle; they close with this value.
pub(super) struct Idle(Child);

impl Idle {
    /// Opens them and waits until all are there.
    pub(super) fn open(bench: &Bench, server: Server, count: usize) -> anyhow::Result<Self> {
        let target = format!("127.0.0.1:{}", server.port());
        let mut child = pinned(&bench.binary.to_string_lossy())
            .args([
                "bench",
                "idle",
                &target,
                "--connections",
                &count.to_string(),
                "--hold",
                "60s",
                "--json",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("cannot run hybridge bench idle")?;
        let Some(stdout) = child.stdout.take() else {
            bail!("bench idle has no output")
        };
        let mut first = String::new();
        BufReader::new(stdout).read_line(&mut first)?;
        ensure!(
            first.contains("open"),
            "bench idle did not open its connections: {first:?}"
        );
        Ok(Self(child))
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_wrk_prints() {
        let text = "  Latency Distribution\n     50%  700.00us\n     99%    2.50ms\n  43628 requests in 4.01s, 5.20MB \
                    read\nRequests/sec:  10879.55\nTransfer/sec:      1.30MB\n";
        let achieved = parse_wrk(text).unwrap();
        assert_eq!((achieved.count, achieved.p99_ms), (43_628, Some(2.5)));
        assert!(parse_wrk(&format!("{text}  Non-2xx or 3xx responses: 7\n")).is_none());
    }

    #[test]
    fn reads_the_units_of_wrk() {
        for (text, expect) in [("950.00us", 0.95), ("1.25ms", 1.25), ("2.00s", 2000.0)] {
            assert!((milliseconds(text).unwrap() - expect).abs() < 1e-9, "{text}");
        }
        assert_eq!(milliseconds("x"), None);
    }
}
