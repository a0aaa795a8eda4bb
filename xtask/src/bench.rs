//! `cargo xtask bench edge`: our edge, nginx, Envoy and a bare rustls loop under the same load, in turn.
//! `cargo xtask bench keys` is in `keys.rs`.
//!
//! Each server is pinned to one core, the load to the other. What counts is the server's own CPU time
//! (its threads' accounting in /proc), so the load generator is not what is measured. Rounds are
//! interleaved, so that the noise of a shared machine hits all alike; medians are reported.

mod keys;
mod load;
mod measure;
mod process;
mod report;
mod servers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Subcommand;

use measure::{Kind, Plan};
use servers::{Bench, Server};

/// Compare with peers under load
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    Edge(Edge),
    Keys(keys::Keys),
}

/// The edge against nginx, Envoy and a bare rustls loop
///
/// Needs a release build (`cargo build --release` and `cargo build --release --example bare_loop -p
/// hybridge-edge`), openssl, taskset, and the peers; a peer that is missing is left out and named.
#[derive(Debug, clap::Args)]
struct Edge {
    /// Where the peers are: DIR/trixie (a Debian 13 root with nginx), DIR/venv (Envoy)
    #[arg(
        long,
        value_name = "DIR",
        env = "HYBRIDGE_PEERS",
        default_value = "/opt/hybridge-peers"
    )]
    peers: PathBuf,

    /// Interleaved rounds; the median of each figure is reported
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Seconds of load per server, figure and round
    #[arg(long, default_value_t = 4)]
    seconds: u64,

    /// Idle connections to hold
    #[arg(long, default_value_t = 10_000)]
    idle: usize,

    /// Only these figures
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,

    /// Print every round as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, root: &Path) -> anyhow::Result<ExitCode> {
    match &args.subject {
        Subject::Edge(edge) => edge.run(root),
        Subject::Keys(keys) => keys.run(root),
    }
}

impl Edge {
    fn run(&self, root: &Path) -> anyhow::Result<ExitCode> {
        let edge = self;
        ensure!(
            edge.rounds > 0 && edge.seconds > 0,
            "--rounds and --seconds must be at least 1"
        );
        let binary = root.join("target/release/hybridge");
        ensure!(
            binary.exists(),
            "{} is missing: run cargo build --release first",
            binary.display()
        );
        let bench = Bench::prepare(root, &edge.peers).context("cannot prepare the benchmark")?;
        let (servers, missing) = Server::available(&bench);
        for reason in &missing {
            crate::say(&format!("left out: {reason}"));
        }
        let kinds = if edge.only.is_empty() {
            Kind::ALL.to_vec()
        } else {
            edge.only.clone()
        };
        let plan = Plan {
            rounds: edge.rounds,
            seconds: edge.seconds,
            idle: edge.idle,
            kinds,
        };
        let figures = measure::all(&bench, &servers, &plan)?;
        if edge.json {
            crate::say(&report::json(&figures));
        }
        crate::say(&report::table(&figures, &servers));
        Ok(ExitCode::SUCCESS)
    }
}
