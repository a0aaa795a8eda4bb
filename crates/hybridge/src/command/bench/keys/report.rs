//! What was measured, for a person and for a program.
//! The JSON is a shape of its own, version 1: fields may be added, none is renamed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::load::Tally;
use super::{Keys, Operation};
use crate::command::bench::per_second;

/// The JSON of `bench keys --json`, version 1.
#[derive(Debug, Serialize)]
pub(super) struct ReportV1 {
    api: String,
    operation: Operation,
    algorithm: &'static str,
    clients: u16,
    batch: u16,
    /// Requests per second that were asked for; `null` in the closed loop.
    rate: Option<u32>,
    seconds: f64,
    /// Requests that succeeded.
    requests: u64,
    requests_per_second: f64,
    items_per_second: f64,
    /// Times of requests that succeeded, in microseconds.
    p50_us: u64,
    p95_us: u64,
    p99_us: u64,
    max_us: u64,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<String, u64>,
}

impl ReportV1 {
    pub(super) fn new(keys: &Keys, tally: &Tally, elapsed: Duration) -> Self {
        let (seconds, requests) = (elapsed.as_secs_f64(), tally.succeeded());
        let quantile = |quantile| tally.time_us.value_at_quantile(quantile);
        let batch = match keys.operation {
            Operation::Sign | Operation::Decapsulate | Operation::Encrypt => keys.batch,
            _ => 1,
        };
        Self {
            api: keys.api.clone(),
            operation: keys.operation,
            algorithm: match keys.operation {
                Operation::Exchange => "X-Wing",
                _ => keys.algorithm(),
            },
            clients: keys.clients,
            batch,
            rate: keys.rate,
            seconds,
            requests,
            requests_per_second: per_second(requests, seconds),
            items_per_second: per_second(requests * u64::from(batch), seconds),
            p50_us: quantile(0.50),
            p95_us: quantile(0.95),
            p99_us: quantile(0.99),
            max_us: tally.time_us.max(),
            statuses: tally.statuses.clone(),
            failures: tally.failures.0.clone(),
        }
    }

    pub(super) fn describe(&self) -> String {
        let milliseconds = |us: u64| Duration::from_micros(us).as_secs_f64() * 1e3;
        let pace = match self.rate {
            Some(rate) => format!("open loop at {rate} per second"),
            None => "closed loop".to_owned(),
        };
        let mut text = format!(
            "{:.0} requests per second ({:.0} items) over {} connections in {:.1} s, {pace}\n\
             time of a request: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, longest {:.2} ms\n",
            self.requests_per_second,
            self.items_per_second,
            self.clients,
            self.seconds,
            milliseconds(self.p50_us),
            milliseconds(self.p95_us),
            milliseconds(self.p99_us),
            milliseconds(self.max_us),
        );
        let statuses = self.statuses.iter();
        let statuses = statuses.map(|(status, count)| format!("{count} with status {status}"));
        text.push_str(&format!("answers: {}\n", statuses.collect::<Vec<_>>().join(", ")));
        let failures = self
            .failures
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"));
        if !self.failures.is_empty() {
            text.push_str(&format!(
                "failures: {}\n",
                failures.collect::<Vec<_>>().join(", ")
            ));
        }
        text
    }
}
