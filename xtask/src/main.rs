//! `cargo xtask`: the checks and generators that belong to the repository and not to the product.
//!
//! One subcommand is one module with an `Args` and a `run`; a new one adds a variant to `Command` and
//! an arm to `dispatch`, nothing else. Nothing here depends on a crate of ours: what a subcommand needs
//! from the product it gets by running the binary.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

mod bench;
mod crash;
mod generate;
mod interop;
mod soak;
mod tidy;

/// The checks and generators that belong to the repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Args),
    Crash(crash::Args),
    Generate(generate::Args),
    Interop(interop::Args),
    Soak(soak::Args),
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Some(command) => dispatch(command),
        None => list(),
    };
    done.unwrap_or_else(|error| {
        say(&format!("cargo xtask: {error:#}"));
        ExitCode::from(2)
    })
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Bench(args) => bench::run(&args, root()),
        Command::Crash(args) => crash::run(&args, root()),
        Command::Generate(args) => generate::run(&args, root()),
        Command::Interop(args) => interop::run(&args, root()),
        Command::Soak(args) => soak::run(&args, root()),
        Command::Tidy(args) => tidy::run(&args, root()),
    }
}

fn list() -> anyhow::Result<ExitCode> {
    Cli::command().print_help()?;
    Ok(ExitCode::SUCCESS)
}

/// The repository's root: the folder above this crate's own.
fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Writes one line to standard output. A reader that has gone away is no error of ours.
fn say(line: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}
