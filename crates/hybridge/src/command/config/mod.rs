//! `hybridge config`: looking at the configuration without running it.
//! Neither subcommand opens a port or writes a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command_error::{CommandError, Ending, Kind};
use crate::file::File;

mod check;
mod show;

/// Check or show the configuration, without running it
#[derive(Args, Debug)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Show(show::Show),
}

impl Config {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        match self.command {
            Command::Check(command) => command.run(),
            Command::Show(command) => command.run(),
        }
    }
}

/// Opens the file that an argument names.
fn open(path: Option<PathBuf>) -> Result<File, CommandError> {
    let path = path.ok_or_else(|| {
        CommandError::message(Kind::Usage, "no configuration file is named")
            .hint("name one: hybridge config check FILE, or set HYBRIDGE_CONFIG")
    })?;
    File::open(&path)
}
