//! `hybridge bench bulk`: the same requests as `bench http`, told as bytes per second.
//! Bodies alone are counted, those of answers that the end cut short included.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::requests::{Load, Requests};
use super::{json, per_second};
use crate::command_error::{CommandError, Ending};
use crate::terminal;

/// Measure megabytes per second of a large answer
///
/// HTTP/1.1 over TLS: asks for the path again and again over connections that stay open, and counts
/// the bytes of the bodies. A megabyte is 1,000,000 bytes.
#[derive(Args, Debug)]
pub(super) struct Bulk {
    #[command(flatten)]
    load: Load,
}

/// The JSON of `bench bulk --json`, version 1.
#[derive(Debug, Serialize)]
struct ReportV1 {
    target: String,
    path: String,
    concurrency: u16,
    seconds: f64,
    body_bytes: u64,
    megabytes_per_second: f64,
    requests: u64,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<String, u64>,
}

impl Bulk {
    pub(super) async fn run(self) -> Result<Ending, CommandError> {
        let requests = self.load.run().await?;
        let report = self.v1(&requests);
        let text = if self.load.server.json {
            json(&report)?
        } else {
            describe(&report, &requests)
        };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }

    fn v1(&self, requests: &Requests) -> ReportV1 {
        let seconds = requests.elapsed.as_secs_f64();
        ReportV1 {
            target: self.load.server.target.to_string(),
            path: self.load.path(),
            concurrency: self.load.concurrency,
            seconds,
            body_bytes: requests.body_bytes,
            megabytes_per_second: per_second(requests.body_bytes, seconds) / 1e6,
            requests: requests.completed,
            statuses: requests.statuses.clone(),
            failures: requests.failures.0.clone(),
        }
    }
}

fn describe(report: &ReportV1, requests: &Requests) -> String {
    let mut text = format!(
        "{:.0} MB/s from {}{} over {} connections in {:.1} s ({} whole answers)\n",
        report.megabytes_per_second,
        report.target,
        report.path,
        report.concurrency,
        report.seconds,
        report.requests,
    );
    if requests.failures.total() > 0 {
        text.push_str(&format!("failures: {}\n", requests.failures.text()));
    }
    text
}
