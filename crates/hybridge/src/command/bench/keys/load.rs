//! The loops. Closed: each client begins when its last request is over. Open: requests begin at a constant
//! rate, and time is counted from when one should have begun, so that a service that falls behind is seen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::TIMEOUT;
use super::asking::Connection;
use super::exchange::Exchanger;
use super::work::Work;
use crate::clock;
use crate::command::bench::failure::{Failure, Failures};
use crate::command::bench::slice::Slice;
use crate::command_error::{CommandError, Kind};

/// Pause after a failure, so that a service that is down is not hammered.
const PAUSE: Duration = Duration::from_millis(10);
/// Beginnings that the pace may be ahead of the clients.
const AHEAD: usize = 65_536;
/// How long after the end what should have begun before it may still begin.
const GRACE: Duration = Duration::from_secs(1);
/// Longest time that is told apart, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// One client of the load.
pub(super) enum Worker {
    Http(Connection, Work),
    Exchange(Exchanger),
}

/// How much, for how long, and in which loop.
pub(super) struct Load {
    pub(super) slice: Slice,
    /// Requests at most.
    pub(super) count: u64,
    /// Per second, in the open loop.
    pub(super) rate: Option<u32>,
}

/// What was counted.
pub(super) struct Tally {
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) failures: Failures,
    /// Of requests that succeeded.
    pub(super) time_us: Histogram<u64>,
}

/// What all clients of one load have in common.
#[derive(Clone)]
struct Round {
    slice: Slice,
    next: Arc<AtomicU64>,
    count: u64,
    /// When requests are to begin, in the open loop.
    due: Option<Arc<Mutex<mpsc::Receiver<Instant>>>>,
}

impl Load {
    /// Runs all clients until the end.
    ///
    /// # Errors
    /// This machine ran out of something.
    pub(super) async fn run(self, workers: Vec<Worker>) -> Result<(Tally, Duration), CommandError> {
        let due = self.rate.map(|rate| {
            let (sender, due) = mpsc::channel(AHEAD);
            let slice = self.slice.clone();
            tokio::task::spawn_blocking(move || slice.pace(f64::from(rate), &sender));
            Arc::new(Mutex::new(due))
        });
        let round = Round {
            slice: self.slice.clone(),
            next: Arc::default(),
            count: self.count,
            due,
        };
        let mut working: JoinSet<_> = workers
            .into_iter()
            .map(|worker| worker.work(round.clone()))
            .collect();
        let mut tally = Tally::new();
        while let Some(worked) = working.join_next().await {
            tally.merge(worked.map_err(|error| CommandError::new(Kind::Internal, error))??);
        }
        // What was under way at the end was waited for and counts, so its time does too.
        Ok((tally, clock::monotonic().duration_since(self.slice.began)))
    }
}

impl Round {
    /// When the next request should begin, and its number; `None` at the end.
    async fn next(&self) -> Option<(Instant, u64)> {
        let begins = match &self.due {
            Some(due) => due.lock().await.recv().await?,
            None if self.slice.is_over() => return None,
            None => clock::monotonic(),
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.count).then_some((begins, number))
    }

    /// What begins after this is not begun.
    fn is_too_late(&self) -> bool {
        self.slice.stop.is_set() || clock::monotonic() > self.slice.ends + GRACE
    }
}

impl Worker {
    async fn work(mut self, round: Round) -> Result<Tally, CommandError> {
        let mut tally = Tally::new();
        while let Some((begins, number)) = round.next().await {
            if round.is_too_late() {
                let late = Failure::Connection("not begun in time".to_owned());
                tally.failures.count(&late)?;
                continue;
            }
            let asked = tokio::time::timeout(TIMEOUT, self.ask(number)).await;
            let asked = asked.unwrap_or_else(|_elapsed| Err(Failure::timeout()));
            if !tally.count(asked, begins)? {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(tally)
    }

    async fn ask(&mut self, number: u64) -> Result<u16, Failure> {
        match self {
            Self::Http(connection, work) => connection.ask(work.question(number)).await,
            Self::Exchange(exchanger) => exchanger.ask().await,
        }
    }
}

impl Tally {
    fn new() -> Self {
        Self {
            statuses: BTreeMap::new(),
            failures: Failures::default(),
            time_us: Histogram::new_with_bounds(1, LONGEST_US, 3)
                .expect("constant bounds that the library takes"),
        }
    }

    /// Requests that succeeded.
    pub(super) fn succeeded(&self) -> u64 {
        self.time_us.len()
    }

    /// Counts an answer; whether it succeeded.
    fn count(&mut self, asked: Result<u16, Failure>, begins: Instant) -> Result<bool, CommandError> {
        let status = match asked {
            Ok(status) => status,
            Err(failure) => return self.failures.count(&failure).map(|()| false),
        };
        *self.statuses.entry(status).or_default() += 1;
        let succeeded = (200..300).contains(&status);
        if succeeded {
            let time = clock::monotonic().saturating_duration_since(begins).as_micros();
            self.time_us
                .saturating_record(u64::try_from(time).unwrap_or(LONGEST_US));
        }
        Ok(succeeded)
    }

    fn merge(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.failures.merge(other.failures);
        self.time_us
            .add(&other.time_us)
            .expect("all parts have the same bounds");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_counted_and_not_timed() {
        let mut tally = Tally::new();
        let began = clock::monotonic();
        assert!(tally.count(Ok(200), began).unwrap());
        assert!(!tally.count(Ok(429), began).unwrap());
        assert!(!tally.count(Err(Failure::timeout()), began).unwrap());
        let mut sum = Tally::new();
        sum.merge(tally);
        assert_eq!((sum.succeeded(), sum.failures.total()), (1, 1));
        assert_eq!(sum.statuses, BTreeMap::from([(200, 1), (429, 1)]));
    }
}
