//! `cargo xtask soak`: the real edge under thousands of connections while clients and upstream are killed.
//!
//! Three cycles of the same shape, then a drain. What counts as right is not what the edge says of itself:
//! every client compares every byte, and descriptors and memory are read from /proc. The edge's own
//! gauges are compared last. One violation fails the run; the seed that is printed draws the same kills.

mod cycle;
mod limits;
mod process;
mod report;
mod stage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;

use report::Report;
use stage::{Programs, Stage};

/// Cycles: memory after the last is compared with memory after the first.
const CYCLES: u64 = 3;
/// Connections in mid-exchange when the edge is told to end.
const DRAINED: usize = 2000;

/// Hold many connections, kill at random, reload and drain; no byte, descriptor or memory may be lost
///
/// Needs a release build (`cargo build --release`, or HYBRIDGE_BIN), the load (`cargo build --release
/// --example soak -p hybridge-edge`, a debug build does too) and openssl. Exits with 1 on any violation.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Connections open at the same time
    #[arg(long, default_value_t = 10_000)]
    connections: usize,

    /// Seconds under full load, all cycles together; opening and closing come on top
    #[arg(long, default_value_t = 60)]
    seconds: u64,

    /// Draws sizes, pauses, kills and their times; by default the process id
    #[arg(long)]
    seed: Option<u64>,

    /// The program under test
    #[arg(long, value_name = "FILE", env = "HYBRIDGE_BIN")]
    binary: Option<PathBuf>,

    /// Control of the test itself: the upstream changes a bit on the way, so the run must fail
    #[arg(long)]
    lying_upstream: bool,
}

pub(crate) fn run(args: &Args, root: &Path) -> anyhow::Result<ExitCode> {
    ensure!(
        args.connections > 0 && args.seconds > 0,
        "--connections and --seconds must be at least 1"
    );
    let limits = limits::Limits::read()?;
    let connections = limits.scale(args.connections);
    let seed = args.seed.unwrap_or_else(|| u64::from(std::process::id()));
    let binary = args.binary.clone();
    let mut stage = Stage::build(Programs {
        edge: binary.unwrap_or_else(|| root.join("target/release/hybridge")),
        load: load_program(root)?,
        upstream: if args.lying_upstream { "liar" } else { "echo" },
        limits,
    })?;
    let mut report = Report::new(connections, seed, stage.edge.resources()?);
    let plan = cycle::Plan {
        connections,
        time: Duration::from_secs(args.seconds) / u32::try_from(CYCLES)?,
        seed,
    };
    crate::say(&format!("soak: {connections} connections, seed {seed}"));
    let done = perform(&mut stage, &plan, &mut report);
    crate::say(&report.table());
    let mut violations = report.violations();
    violations.extend(
        done.err()
            .map(|error| format!("not finished: {error:#}; {}", stage.log_end())),
    );
    Ok(conclude(args, seed, &violations))
}

fn perform(stage: &mut Stage, plan: &cycle::Plan, report: &mut Report) -> anyhow::Result<()> {
    for number in 1..=CYCLES {
        crate::say(&format!("soak: cycle {number} of {CYCLES}"));
        report.cycle(cycle::run(stage, plan, number)?);
    }
    crate::say("soak: drain");
    report.drain(cycle::drain(stage, DRAINED.min(plan.connections), plan.seed)?);
    Ok(())
}

fn conclude(args: &Args, seed: u64, violations: &[String]) -> ExitCode {
    for violation in violations {
        crate::say(&format!("violation: {violation}"));
    }
    crate::say(&format!(
        "{} violations; again: cargo xtask soak --connections {} --seconds {} --seed {seed}",
        violations.len(),
        args.connections,
        args.seconds
    ));
    if violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The load's program, a release build if there is one.
fn load_program(root: &Path) -> anyhow::Result<PathBuf> {
    let builds = ["release", "debug"].map(|build| root.join("target").join(build).join("examples/soak"));
    let [release, debug] = builds;
    let program = if release.exists() { release } else { debug };
    ensure!(
        program.exists(),
        "{} is missing: run cargo build --release --example soak -p hybridge-edge",
        program.display()
    );
    Ok(program)
}
