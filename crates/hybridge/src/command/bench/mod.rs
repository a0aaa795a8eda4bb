//! `hybridge bench`: loads a TLS server or a key service and says how it does; or the library alone.
//!
//! Everything is bounded in count and in time, and ends early, with what there is, on Ctrl-C. The
//! load of TLS servers believes any certificate: it is for servers of one's own, and sends them nothing secret.

use clap::{Args, Subcommand};

use crate::command_error::{CommandError, Ending, Explain, Kind};

mod bulk;
mod connection;
mod crypto;
mod failure;
mod http;
mod idle;
mod keys;
mod requests;
mod server;
mod slice;
mod tls;

/// Load a TLS server or a key service and measure it
///
/// For capacity planning, on servers of your own: it makes as many connections as it can, and with TLS
/// servers it believes any certificate. Run it on another machine or another core than the server, or the
/// two take each other's time.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Tls(tls::Tls),
    Http(http::Http),
    Bulk(bulk::Bulk),
    Idle(idle::Idle),
    Crypto(crypto::Crypto),
    Keys(Box<keys::Keys>),
}

impl Bench {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.cannot(Kind::Internal, "start the runtime")?;
        match self.command {
            Command::Tls(command) => runtime.block_on(command.run()),
            Command::Http(command) => runtime.block_on(command.run()),
            Command::Bulk(command) => runtime.block_on(command.run()),
            Command::Idle(command) => runtime.block_on(command.run()),
            Command::Crypto(command) => command.run(),
            Command::Keys(command) => runtime.block_on(command.run()),
        }
    }
}

/// JSON for programs, with a line end.
fn json(report: &impl serde::Serialize) -> Result<String, CommandError> {
    let text =
        serde_json::to_string_pretty(report).map_err(|error| CommandError::new(Kind::Internal, error))?;
    Ok(text + "\n")
}

/// Per second, and zero when no time has passed.
fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}
