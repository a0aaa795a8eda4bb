//! `cargo xtask crash`: the real service under load while it is killed and its disk fails underneath.
//!
//! Clients write everything that is acknowledged into a ledger that is synced before it counts; an oracle
//! compares the ledger with the service after each restart. A storage layer preloaded under the binary
//! (`crash/faults.c`) fails on command. Everything is drawn from a seed, which a failure prints.

mod audit;
mod callers;
mod control;
mod draw;
mod flip;
mod http;
mod kill;
mod leaks;
mod ledger;
mod load;
mod model;
mod oracle;
mod room;
mod rotation;
mod seen;
mod service;
mod stage;
mod steps;
mod sync;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;

use stage::{Plan, Stage};

/// Kill the key service and fail its disk under load; nothing acknowledged may be lost
///
/// Needs a build of the service (`cargo build -p hybridge`, or --binary) and cc. Exits with 1 on any
/// violation, and prints the command that replays it; its folder under target/crash is kept then.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rounds of each kind; for steps, how many of them (all of them by default)
    #[arg(long)]
    rounds: Option<u64>,

    /// Seconds of load in each round at most
    #[arg(long, default_value_t = 2)]
    seconds: u64,

    /// Draws everything; by default the process id
    #[arg(long)]
    seed: Option<u64>,

    /// The program under test
    #[arg(long, value_name = "FILE", env = "HYBRIDGE_BIN")]
    binary: Option<PathBuf>,

    /// One kind alone
    #[arg(long, value_enum)]
    only: Option<Kind>,

    /// Control of the test itself: losses that are real must be seen, or it exits with 1
    #[arg(long)]
    control: bool,
}

/// What is done to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// SIGKILL at random moments under load
    Kill,
    /// Death at each write step of a script, with and without power loss
    Steps,
    /// A full disk, then room again
    Full,
    /// A sync of the disk that fails
    Fsync,
    /// Bytes of the database that change while it is stopped
    Flip,
    /// Planted secrets are searched in the data directory, the log and a core dump
    Leaks,
    /// 256 callers at once, good and bad
    Callers,
    /// 10,000 keys are rotated under load
    Rotation,
}

/// The kinds of a run that names none; the others are measured on their own.
const DEFAULT: [Kind; 7] = [
    Kind::Kill,
    Kind::Steps,
    Kind::Full,
    Kind::Fsync,
    Kind::Flip,
    Kind::Leaks,
    Kind::Callers,
];
/// Rounds where nobody says how many.
const ROUNDS: u64 = 10;

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Steps => "steps",
            Self::Full => "full",
            Self::Fsync => "fsync",
            Self::Flip => "flip",
            Self::Leaks => "leaks",
            Self::Callers => "callers",
            Self::Rotation => "rotation",
        }
    }

    /// Plays it; one line of counts comes back.
    fn play(self, plan: &Plan, stage: &Stage, rounds: Option<u64>) -> anyhow::Result<String> {
        match self {
            Self::Kill => kill::play(plan, stage),
            Self::Steps => steps::play(plan, stage, rounds),
            Self::Full => room::play(plan, stage),
            Self::Fsync => sync::play(plan, stage),
            Self::Flip => flip::play(plan, stage),
            Self::Leaks => leaks::play(plan, stage),
            Self::Callers => callers::play(plan, stage),
            Self::Rotation => rotation::play(plan, stage),
        }
    }
}

pub(crate) fn run(args: &Args, root: &Path) -> anyhow::Result<ExitCode> {
    let binary = args.binary.clone();
    let binary = binary.unwrap_or_else(|| root.join("target/debug/hybridge"));
    let missing = "is missing: run cargo build -p hybridge";
    ensure!(binary.exists(), "{} {missing}", binary.display());
    let folder = root.join("target/crash").join(std::process::id().to_string());
    std::fs::create_dir_all(&folder)?;
    let plan = Plan {
        binary: binary.canonicalize()?,
        layer: service::compile(root, &folder)?,
        seed: args.seed.unwrap_or_else(|| u64::from(std::process::id())),
        folder,
        rounds: args.rounds.unwrap_or(ROUNDS),
        seconds: args.seconds,
    };
    crate::say(&format!("crash: seed {}, {}", plan.seed, plan.binary.display()));
    if args.control {
        return seen::run(&plan);
    }
    let kinds = args.only.map_or(DEFAULT.to_vec(), |kind| vec![kind]);
    let mut violations = 0;
    for kind in kinds {
        violations += play(args, &plan, kind)?;
    }
    crate::say(&format!("{violations} violations, seed {}", plan.seed));
    if violations > 0 {
        return Ok(ExitCode::FAILURE);
    }
    std::fs::remove_dir_all(&plan.folder)?;
    Ok(ExitCode::SUCCESS)
}

/// Plays one kind on a stage of its own; returns how many violations there were.
fn play(args: &Args, plan: &Plan, kind: Kind) -> anyhow::Result<usize> {
    let name = kind.name();
    let stage = Stage::make(plan, name)?;
    let played = kind.play(plan, &stage, args.rounds);
    let mut findings = stage.take_findings();
    match played {
        Ok(counts) => crate::say(&format!("{name:<9} {counts}")),
        Err(error) => findings.push(format!("not finished: {error:#}")),
    }
    if findings.is_empty() {
        stage.clear()?;
        return Ok(0);
    }
    for finding in findings.iter().take(20) {
        crate::say(&format!("violation: {name}: {finding}"));
    }
    let rounds = args.rounds.map(|rounds| format!(" --rounds {rounds}"));
    crate::say(&format!(
        "{name}: {} violations; kept in {}; again: cargo xtask crash --only {name} --seed {} --seconds {}{}",
        findings.len(),
        stage.folder.display(),
        plan.seed,
        plan.seconds,
        rounds.unwrap_or_default()
    ));
    Ok(findings.len())
}
