//! `hybridge bench idle`: many connections, held and left alone.
//! Says when all are open, so that whoever measures the server's memory knows when to look.

use std::time::Duration;

use clap::Args;
use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_policy::Group;
use serde::Serialize;
use tokio::task::JoinSet;

use super::connection::Shaken;
use super::failure::{Failure, Failures};
use super::server::Server;
use super::slice::{Slice, Stop};
use crate::command_error::{CommandError, Ending, Kind};
use crate::descriptors;
use crate::{clock, duration, terminal};

/// Handshakes at once while opening.
const OPENING_MAX: usize = 64;

/// Open many TLS connections and hold them idle
///
/// For measuring what a connection costs the server in memory: says when all are open, holds them, and
/// says how many the server closed meanwhile. Ctrl-C ends early.
#[derive(Args, Debug)]
pub(super) struct Idle {
    #[command(flatten)]
    server: Server,

    /// Connections
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=60000))]
    connections: u16,

    /// How long they are held once all are open
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    hold: Duration,
}

/// The two lines of `bench idle --json`, version 1.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum EventV1<'a> {
    /// All that could be opened are open.
    Open {
        connections: usize,
        seconds: f64,
        failures: &'a std::collections::BTreeMap<String, u64>,
    },
    /// They were held.
    Held {
        connections: usize,
        closed_by_server: usize,
        seconds: f64,
    },
}

impl Idle {
    pub(super) async fn run(self) -> Result<Ending, CommandError> {
        descriptors::provide(usize::from(self.connections))?;
        let stop = Stop::on_interrupt();
        let began = clock::monotonic();
        let (open, failures) = self.open(&stop).await?;
        let seconds = clock::monotonic().duration_since(began).as_secs_f64();
        self.say(&EventV1::Open {
            connections: open.len(),
            seconds,
            failures: &failures.0,
        })?;
        let hold = Slice::begin(self.hold, &stop);
        hold.over().await;
        let closed_by_server = open
            .iter()
            .filter(|shaken| shaken.stream.get_ref().0.is_closed())
            .count();
        let seconds = hold.elapsed().as_secs_f64();
        open.iter()
            .for_each(|shaken| shaken.stream.get_ref().0.reset_on_close());
        self.say(&EventV1::Held {
            connections: open.len(),
            closed_by_server,
            seconds,
        })?;
        Ok(Ending::Done)
    }

    async fn open(&self, stop: &Stop) -> Result<(Vec<Shaken>, Failures), CommandError> {
        let dialer = self.server.resolve().await?;
        let config = config().map_err(|error| CommandError::new(Kind::Internal, error))?;
        let (mut open, mut failures) = (Vec::with_capacity(self.connections.into()), Failures::default());
        let mut opening = JoinSet::new();
        for number in 0..self.connections {
            if stop.is_set() {
                break;
            }
            if opening.len() >= OPENING_MAX {
                take(opening.join_next().await, &mut open, &mut failures)?;
            }
            terminal::progress(&format!("opening {number} of {}", self.connections));
            let (dialer, config) = (dialer.clone(), config.clone());
            opening.spawn(async move { dialer.shake(&config).await });
        }
        while !opening.is_empty() {
            take(opening.join_next().await, &mut open, &mut failures)?;
        }
        terminal::progress("");
        if open.is_empty() && failures.total() > 0 {
            let message = format!(
                "no connection to {} succeeds: {}",
                dialer.address,
                failures.text()
            );
            return Err(CommandError::message(Kind::Peer, message));
        }
        Ok((open, failures))
    }

    fn say(&self, event: &EventV1<'_>) -> Result<(), CommandError> {
        let line = if self.server.json {
            serde_json::to_string(event).map_err(|error| CommandError::new(Kind::Internal, error))?
        } else {
            describe(event)
        };
        terminal::print(&(line + "\n"))
    }
}

type Joined = Option<Result<Result<Shaken, Failure>, tokio::task::JoinError>>;

fn take(joined: Joined, open: &mut Vec<Shaken>, failures: &mut Failures) -> Result<(), CommandError> {
    match joined {
        Some(Ok(Ok(shaken))) => open.push(shaken),
        Some(Ok(Err(failure))) => failures.count(&failure)?,
        Some(Err(error)) => return Err(CommandError::new(Kind::Internal, error)),
        None => {}
    }
    Ok(())
}

fn config() -> anyhow::Result<std::sync::Arc<rustls::ClientConfig>> {
    let verifier = Trust::DangerAnyone.verifier()?;
    Ok(client_config::build(
        &Group::ALL,
        &verifier,
        &[],
        Sessions::Forget,
    )?)
}

fn describe(event: &EventV1<'_>) -> String {
    match event {
        EventV1::Open {
            connections,
            seconds,
            failures,
        } => {
            let failed: u64 = failures.values().sum();
            format!("{connections} connections are open after {seconds:.1} s; {failed} failed")
        }
        EventV1::Held {
            connections,
            closed_by_server,
            seconds,
        } => {
            format!("held {connections} for {seconds:.1} s; the server closed {closed_by_server} meanwhile")
        }
    }
}
