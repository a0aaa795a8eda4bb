//! The command line: which subcommands there are, and the way from arguments to an exit code.
//! What a subcommand does stands in its own file; nothing here but `terminal` says a word to anybody.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command::{
    approval, audit, backup, bench, completions, config, docs, doctor, edge, exception, exchange, key, probe,
    quarantine, recipient, rekey, restore, seal, selftest, serve, session, token, unseal, up,
};
use crate::command_error::{CommandError, EXIT_CODES, Ending};
use crate::logging::{self, LogArgs};
use crate::{terminal, version};

/// Puts hybrid post-quantum TLS in front of any service, with one command
///
/// Start with `hybridge up`: it protects a small built-in page, makes its own certificates, and says
/// what to do next. Every option can also come from the environment or the configuration file; a flag
/// beats the environment, the environment beats the file, the file beats the default.
#[derive(Debug, Parser)]
#[command(
    name = "hybridge",
    version = version::SHORT,
    long_version = version::long(),
    after_long_help = EXIT_CODES,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    log: LogArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Up),
    Serve(serve::Serve),
    Edge(edge::Edge),
    Key(key::Key),
    Recipient(recipient::Recipient),
    Quarantine(quarantine::Quarantine),
    Token(token::Token),
    Approval(approval::Approval),
    Exchange(exchange::Exchange),
    Session(session::Session),
    Exception(exception::Exception),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(restore::Restore),
    SealStatus(seal::SealStatus),
    Unseal(unseal::Unseal),
    Seal(seal::Seal),
    Rekey(rekey::Rekey),
    Probe(probe::Probe),
    Selftest(selftest::Selftest),
    Doctor(doctor::Doctor),
    Bench(bench::Bench),
    Config(config::Config),
    Completions(completions::Completions),
    Docs(docs::Docs),
}

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => terminal::finish(cli.run()),
        Err(error) => terminal::parser_says(&error),
    }
}

impl Cli {
    fn run(self) -> Result<Ending, CommandError> {
        logging::start(&self.log)?;
        match self.command {
            Command::Up(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Edge(command) => command.run(),
            Command::Key(command) => command.run(),
            Command::Recipient(command) => command.run(),
            Command::Quarantine(command) => command.run(),
            Command::Token(command) => command.run(),
            Command::Approval(command) => command.run(),
            Command::Exchange(command) => command.run(),
            Command::Session(command) => command.run(),
            Command::Exception(command) => command.run(),
            Command::Audit(command) => command.run(),
            Command::Backup(command) => command.run(),
            Command::Restore(command) => command.run(),
            Command::SealStatus(command) => command.run(),
            Command::Unseal(command) => command.run(),
            Command::Seal(command) => command.run(),
            Command::Rekey(command) => command.run(),
            Command::Probe(command) => command.run(),
            Command::Selftest(command) => command.run(),
            Command::Doctor(command) => command.run(),
            Command::Bench(command) => command.run(),
            Command::Config(command) => command.run(),
            Command::Completions(command) => command.run(),
            Command::Docs(command) => command.run(),
        }
    }
}
