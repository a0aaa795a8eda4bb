//! `hybridge bench keys`: loads a key service on this machine and says how it does.
//!
//! The load makes the keys that it needs, and leaves them there: it is for a service of one's own. It speaks
//! HTTP/1.1 over connections that stay open. A closed loop says how much goes; an open one, at a rate, how
//! long a request takes.

mod asking;
mod exchange;
mod load;
mod report;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use hybridge_client::{Client, Credentials, Options, Token};
use hybridge_crypto::{Algorithm, random};

use self::asking::{Connection, Target};
use self::exchange::Exchanger;
use self::load::{Load, Worker};
use self::report::ReportV1;
use self::work::Work;
use super::json;
use super::slice::{Slice, Stop};
use crate::command_error::{CommandError, Ending, Kind};
use crate::{descriptors, duration, private_file, terminal};

/// Measure operations of a key service
///
/// Plain HTTP/1.1 to a service on this machine, over connections that stay open. The keys that it makes are
/// named after the prefix and stay. With `exchange`, each client does all of its side, signature verification
/// included, on the same machine: what it costs is in the times. A service admits 20000 requests per second
/// and principal unless `[api.rate]` says otherwise.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge bench keys --api http://127.0.0.1:8000 --token-file hybridge/admin.token --operation sign
  hybridge bench keys --api http://127.0.0.1:8000 --token-file hybridge/admin.token \\
      --operation exchange --rate 200")]
pub(super) struct Keys {
    /// Address of the service, http://ADDRESS:PORT on loopback
    #[arg(long, value_name = "URL", env = "HYBRIDGE_API", hide_env_values = true)]
    api: String,

    /// File with the token
    #[arg(
        long,
        value_name = "FILE",
        env = "HYBRIDGE_TOKEN_FILE",
        hide_env_values = true
    )]
    token_file: PathBuf,

    /// What to ask for
    #[arg(long, value_enum, value_name = "OPERATION")]
    operation: Operation,

    /// Algorithm of the keys [default: ML-DSA-65 to sign, X-Wing to decapsulate, else AES-256-GCM]
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm)]
    algorithm: Option<&'static Algorithm>,

    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    clients: u16,

    /// How long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    duration: Duration,

    /// End after so many requests, if that is sooner
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Items in one request, for sign, decapsulate and encrypt
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,

    /// Requests per second, begun whether or not earlier ones are over; without it, as many as go
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,

    /// Keys to spread the requests over
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,

    /// What the names of keys begin with; keys of this prefix, numbered from 0, are there already unless they
    /// are to be created [default: a new one]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Operation {
    /// Make keys
    Create,
    /// Look at keys, in no order
    Show,
    /// Rotate keys, one after the other
    Rotate,
    Sign,
    Decapsulate,
    Encrypt,
    /// Agree on a session key
    Exchange,
}

fn parse_algorithm(name: &str) -> Result<&'static Algorithm, String> {
    Algorithm::by_name(name).ok_or_else(|| "no such algorithm".to_owned())
}

/// A request under way takes no longer than this.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Keys {
    pub(super) async fn run(self) -> Result<Ending, CommandError> {
        descriptors::provide(usize::from(self.clients))?;
        let (target, credentials) = self.target().await?;
        let stop = Stop::on_interrupt();
        let workers = self.workers(&target, &credentials).await?;
        terminal::progress(&format!("loading {}", self.api));
        let load = Load {
            slice: Slice::begin(self.duration, &stop),
            count: self.count.unwrap_or(u64::MAX),
            rate: self.rate,
        };
        let (tally, elapsed) = load.run(workers).await?;
        terminal::progress("");
        let report = ReportV1::new(&self, &tally, elapsed);
        let text = if self.json {
            json(&report)?
        } else {
            report.describe()
        };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }

    /// Where requests go, and with which token.
    async fn target(&self) -> Result<(Target, Credentials), CommandError> {
        let token = private_file::read(&self.token_file)?;
        let target = Target::resolve(&self.api, token.trim()).await?;
        let token = Token::new(&token).map_err(|error| CommandError::new(Kind::File, error))?;
        let credentials = Credentials {
            token: Some(token),
            certificate: None,
        };
        Ok((target, credentials))
    }

    async fn workers(&self, target: &Target, credentials: &Credentials) -> Result<Vec<Worker>, CommandError> {
        let client = || {
            let options = Options {
                timeout: TIMEOUT,
                ..Options::default()
            };
            Client::new(&self.api, credentials, options).map_err(peer)
        };
        if self.operation == Operation::Exchange {
            let identities = exchange::identities(&client()?).await?;
            return (0..self.clients)
                .map(|_number| Ok(Worker::Exchange(Exchanger::new(client()?, &identities))))
                .collect();
        }
        terminal::progress("preparing keys");
        let work = Work::prepare(self, &client()?).await?;
        let mut workers = Vec::new();
        for _number in 0..self.clients {
            let connection = Connection::open(target).await?;
            workers.push(Worker::Http(connection, work.clone()));
        }
        Ok(workers)
    }

    /// What keys are made with.
    fn algorithm(&self) -> &'static str {
        self.algorithm.map_or(
            match self.operation {
                Operation::Sign => "ML-DSA-65",
                Operation::Decapsulate => "X-Wing",
                _ => "AES-256-GCM",
            },
            |algorithm| algorithm.name,
        )
    }

    fn prefix(&self) -> Result<String, CommandError> {
        if let Some(prefix) = &self.prefix {
            return Ok(prefix.clone());
        }
        let bytes: [u8; 4] = random::bytes().map_err(|error| CommandError::new(Kind::Internal, error))?;
        Ok(format!("bench/{:08x}/", u32::from_be_bytes(bytes)))
    }
}

fn peer(error: hybridge_client::Error) -> CommandError {
    CommandError::new(Kind::Peer, error)
}
