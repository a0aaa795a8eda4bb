//! `hybridge completions`: a shell's completions, made from the argument parser itself.
//! They go to standard output; where a shell wants them is the user's business.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::command_error::{CommandError, Ending};
use crate::terminal;

/// Print the completions of a shell
///
/// For bash: `hybridge completions bash > ~/.local/share/bash-completion/completions/hybridge`.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hybridge", &mut script);
        terminal::print(&String::from_utf8_lossy(&script))?;
        Ok(Ending::Done)
    }
}
