//! The open loop: handshakes begin at a constant rate, whether or not earlier ones are over.
//!
//! Time is counted from when a handshake should have begun. A server (or a load generator) that falls
//! behind is seen in the latency and not left out of it (coordinated omission).

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::Client;
use super::tally::Tally;
use crate::clock;
use crate::command::bench::connection::Facts;
use crate::command::bench::failure::Failure;
use crate::command::bench::slice::Slice;
use crate::command_error::{CommandError, Kind};

/// Connections open at once; more wait, and their waiting counts.
pub(super) const IN_FLIGHT_MAX: usize = 1024;
/// Beginnings that the pace may be ahead of us.
const AHEAD: usize = 4096;
/// How long after the end of a slice what should have begun within it may still begin.
const GRACE: Duration = Duration::from_secs(1);
/// Longest latency that is told apart, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// What one slice brought.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) tally: Tally,
    /// Of completed handshakes, in microseconds.
    pub(super) latency_us: Histogram<u64>,
    pub(super) elapsed: Duration,
}

/// An empty histogram: three digits, from a microsecond to ten minutes.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("constant bounds that the library takes")
}

type Done = (Instant, Result<Facts, Failure>);

/// Makes handshakes at `rate` per second until the slice is over, and waits for the last of them.
///
/// # Errors
/// This machine ran out of something.
pub(super) async fn run(clients: &[Client], rate: f64, slice: &Slice) -> Result<Open, CommandError> {
    let mut open = Open {
        tally: Tally::default(),
        latency_us: histogram(),
        elapsed: Duration::ZERO,
    };
    if rate <= 0.0 {
        return Ok(open);
    }
    let (sender, mut due) = mpsc::channel(AHEAD);
    let pace = slice.clone();
    let pacing = tokio::task::spawn_blocking(move || pace.pace(rate, &sender));
    let permits = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let (mut running, mut turn) = (JoinSet::new(), clients.iter().cycle());
    while let Some(intended) = due.recv().await {
        if clock::monotonic() > slice.ends + GRACE {
            open.tally
                .failures
                .count(&Failure::Connection("not begun in time".to_owned()))?;
            continue;
        }
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit.map_err(internal)?,
            () = slice.stop.wait() => continue,
        };
        if let Some(client) = turn.next() {
            running.spawn(shake(client.clone(), intended, permit));
        }
        while let Some(done) = running.try_join_next() {
            open.record(done.map_err(internal)?)?;
        }
    }
    open.wait(running, slice).await?;
    pacing.await.map_err(internal)?;
    open.elapsed = slice.elapsed();
    Ok(open)
}

fn internal(error: impl Into<anyhow::Error>) -> CommandError {
    CommandError::new(Kind::Internal, error)
}

/// The permit is kept until the connection is closed: what is open is bounded.
async fn shake(client: Client, intended: Instant, _permit: OwnedSemaphorePermit) -> Done {
    let shaken = match client.dialer.shake(&client.config).await {
        Ok(shaken) => shaken,
        Err(failure) => return (intended, Err(failure)),
    };
    let facts = shaken.facts;
    shaken.close().await;
    (intended, Ok(facts))
}

impl Open {
    /// Waits for what is under way; the order to stop abandons it.
    async fn wait(&mut self, mut running: JoinSet<Done>, slice: &Slice) -> Result<(), CommandError> {
        loop {
            let done = tokio::select! {
                done = running.join_next() => done,
                () = slice.stop.wait() => return Ok(()),
            };
            match done {
                Some(done) => self.record(done.map_err(internal)?)?,
                None => return Ok(()),
            }
        }
    }

    fn record(&mut self, (intended, facts): Done) -> Result<(), CommandError> {
        self.tally.count(facts.as_ref())?;
        if let Ok(facts) = facts {
            let latency = facts.at.saturating_duration_since(intended);
            self.latency_us
                .saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US));
        }
        Ok(())
    }
}
