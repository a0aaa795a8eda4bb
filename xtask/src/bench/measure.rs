//! The rounds: every figure of every server, interleaved, from the server's own CPU time and memory.
//! A round is one sample; nothing is averaged here.

use clap::ValueEnum;

use super::load::{self, Idle};
use super::process::Process;
use super::servers::{BULK_BYTES, Bench, Server};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Full handshakes
    Handshakes,
    /// Keep-alive requests
    Requests,
    /// Large responses
    Bulk,
    /// Memory of idle connections
    Idle,
    /// From the start of the process to the first response over TLS
    Start,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Handshakes,
        Self::Requests,
        Self::Bulk,
        Self::Idle,
        Self::Start,
    ];
}

/// How much to measure.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) rounds: usize,
    pub(super) seconds: u64,
    pub(super) idle: usize,
    pub(super) kinds: Vec<Kind>,
}

/// One sample of one figure.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) server: Server,
    /// What it is, with its unit.
    pub(super) figure: &'static str,
    pub(super) value: f64,
}

/// Measures everything that the plan asks for.
pub(super) fn all(bench: &Bench, servers: &[Server], plan: &Plan) -> anyhow::Result<Vec<Sample>> {
    let _upstream = bench.start_upstream()?;
    let mut samples = Vec::new();
    for round in 1..=plan.rounds {
        for kind in &plan.kinds {
            for server in servers
                .iter()
                .filter(|server| server.forwards() || *kind == Kind::Handshakes)
            {
                let taken = match kind {
                    Kind::Start => vec![start(bench, *server)?],
                    _ => one(bench, *server, &server.start(bench)?, *kind, plan)?,
                };
                let line: Vec<_> = taken
                    .iter()
                    .map(|sample| format!("{} {:.1}", sample.figure, sample.value))
                    .collect();
                crate::say(&format!(
                    "round {round}/{}: {}: {}",
                    plan.rounds,
                    server.name(),
                    line.join(", ")
                ));
                samples.extend(taken);
            }
        }
    }
    Ok(samples)
}

/// What a person waits for: the first answer, a client's own start included.
fn start(bench: &Bench, server: Server) -> anyhow::Result<Sample> {
    let began = clock();
    let _process = server.spawn(bench)?;
    load::first_response(server)?;
    let value = clock().duration_since(began).as_secs_f64() * 1000.0;
    Ok(Sample {
        server,
        figure: "start to first response ms",
        value,
    })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub(super) fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

fn one(
    bench: &Bench,
    server: Server,
    process: &Process,
    kind: Kind,
    plan: &Plan,
) -> anyhow::Result<Vec<Sample>> {
    let sample = |figure, value| Sample {
        server,
        figure,
        value,
    };
    let before_ns = process.cpu_ns();
    let cpu_s = || nanoseconds(process.cpu_ns().saturating_sub(before_ns));
    Ok(match kind {
        Kind::Handshakes => {
            let achieved = load::handshakes(bench, server, plan.seconds)?;
            let mut taken = vec![
                sample("CPU us/handshake", cpu_s() * 1e6 / count(achieved.count)),
                sample("handshakes/s", achieved.rate),
            ];
            taken.extend(achieved.p99_ms.map(|p99| sample("handshake p99 ms", p99)));
            taken
        }
        Kind::Requests => {
            let achieved = load::requests(bench, server, "/", plan.seconds)?;
            let mut taken = vec![
                sample("requests/CPU-s", count(achieved.count) / cpu_s()),
                sample("requests/s", achieved.rate),
            ];
            taken.extend(achieved.p99_ms.map(|p99| sample("request p99 ms", p99)));
            taken
        }
        Kind::Bulk => {
            let achieved = load::requests(bench, server, "/big", plan.seconds)?;
            let megabytes = count(achieved.count) * count(BULK_BYTES) / 1e6;
            vec![sample("bulk MB/CPU-s", megabytes / cpu_s())]
        }
        Kind::Idle => {
            let before = process.resident();
            let idle = Idle::open(bench, server, plan.idle)?;
            let with = process.resident();
            drop(idle);
            let each = count(with.saturating_sub(before)) / count(plan.idle as u64) / 1024.0;
            vec![
                sample("resident MiB at rest", count(before) / 1048576.0),
                sample("resident MiB with idle connections", count(with) / 1048576.0),
                sample("KiB/idle connection", each),
            ]
        }
        Kind::Start => Vec::new(),
    })
}

fn nanoseconds(ns: u64) -> f64 {
    count(ns) / 1e9
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and times of a benchmark are far below 2^53"
)]
const fn count(number: u64) -> f64 {
    number as f64
}
