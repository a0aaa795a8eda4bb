//! `hybridge bench http`: requests per second over connections that stay open.
//! The times are those of a closed loop and say so wherever they are shown.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::requests::{Load, Requests};
use super::{json, per_second};
use crate::command_error::{CommandError, Ending};
use crate::terminal;

/// Measure requests per second over connections that stay open
///
/// HTTP/1.1 over TLS; each connection has one request under way. Ctrl-C ends early and prints what
/// there is.
#[derive(Args, Debug)]
pub(super) struct Http {
    #[command(flatten)]
    load: Load,
}

/// The JSON of `bench http --json`, version 1.
#[derive(Debug, Serialize)]
struct ReportV1 {
    target: String,
    path: String,
    concurrency: u16,
    seconds: f64,
    requests: u64,
    requests_per_second: f64,
    /// Times of a closed loop, in microseconds.
    p50_us: u64,
    p95_us: u64,
    p99_us: u64,
    body_bytes: u64,
    connections: u64,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<String, u64>,
}

impl Http {
    pub(super) async fn run(self) -> Result<Ending, CommandError> {
        let requests = self.load.run().await?;
        let text = if self.load.server.json {
            json(&self.v1(&requests))?
        } else {
            self.describe(&requests)
        };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }

    fn v1(&self, requests: &Requests) -> ReportV1 {
        let seconds = requests.elapsed.as_secs_f64();
        let quantile = |quantile| requests.time_us.value_at_quantile(quantile);
        ReportV1 {
            target: self.load.server.target.to_string(),
            path: self.load.path(),
            concurrency: self.load.concurrency,
            seconds,
            requests: requests.completed,
            requests_per_second: per_second(requests.completed, seconds),
            p50_us: quantile(0.50),
            p95_us: quantile(0.95),
            p99_us: quantile(0.99),
            body_bytes: requests.body_bytes,
            connections: requests.connections,
            statuses: requests.statuses.clone(),
            failures: requests.failures.0.clone(),
        }
    }

    fn describe(&self, requests: &Requests) -> String {
        let milliseconds = |quantile| {
            Duration::from_micros(requests.time_us.value_at_quantile(quantile)).as_secs_f64() * 1e3
        };
        let statuses = requests
            .statuses
            .iter()
            .map(|(status, count)| format!("{count} with status {status}"));
        let mut text = format!(
            "{:.0} requests per second from {}{} over {} connections in {:.1} s\n\
             time of a request: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms\n\
             answers: {}\n",
            per_second(requests.completed, requests.elapsed.as_secs_f64()),
            self.load.server.target,
            self.load.path(),
            requests.connections,
            requests.elapsed.as_secs_f64(),
            milliseconds(0.50),
            milliseconds(0.95),
            milliseconds(0.99),
            statuses.collect::<Vec<_>>().join(", "),
        );
        if requests.failures.total() > 0 {
            text.push_str(&format!("failures: {}\n", requests.failures.text()));
        }
        text
    }
}
