//! What was measured, for a person and for a program.
//! The JSON is a shape of its own, version 1: fields may be added, none is renamed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};
use serde::Serialize;

use super::closed::Closed;
use super::open::{self, Open};
use super::tally::Tally;
use super::{Client, Offer, Tls};
use crate::command::bench::connection::Shaken;
use crate::command::bench::failure::{Exhausted, Failure, Failures};
use crate::command::bench::per_second;
use crate::command_error::CommandError;
use crate::layout::hanging;

/// One kind of hello and what came of it.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) offer: Offer,
    /// What the first handshake agreed on, or why there was none.
    pub(super) negotiated: Result<Negotiated, String>,
    closed: Tally,
    closed_for: Duration,
    by_round: Vec<f64>,
    open: Tally,
    open_for: Duration,
    latency_us: Histogram<u64>,
    /// Of the open loop, per second; the mean of the rounds.
    rates: Vec<f64>,
}

/// What a handshake agreed on, by IANA names.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Negotiated {
    version: Option<String>,
    suite: Option<String>,
    group: Option<String>,
}

/// Makes one handshake, to see whether the server takes part.
///
/// # Errors
/// This machine ran out of something.
pub(super) async fn look(offer: &Offer, client: &Client) -> Result<Subject, CommandError> {
    let negotiated = match client.dialer.shake(&client.config).await {
        Ok(shaken) => {
            let negotiated = Negotiated::of(&shaken);
            shaken.close().await;
            Ok(negotiated)
        }
        Err(failure @ Failure::Exhausted(Exhausted::Descriptors | Exhausted::Ports)) => {
            Failures::default().count(&failure)?;
            Err(failure.text().to_owned())
        }
        Err(failure) => Err(failure.text().to_owned()),
    };
    Ok(Subject::new(offer.clone(), negotiated))
}

impl Negotiated {
    fn of(shaken: &Shaken) -> Self {
        let session = shaken.stream.get_ref().1;
        let suite = session
            .negotiated_cipher_suite()
            .map(|suite| CipherSuite(u16::from(suite.suite())));
        let group = session
            .negotiated_key_exchange_group()
            .map(|group| NamedGroup(u16::from(group.name())));
        Self {
            version: session
                .protocol_version()
                .map(|version| ProtocolVersion(u16::from(version)).to_string()),
            suite: suite.map(|suite| suite.to_string()),
            group: group.map(|group| group.to_string()),
        }
    }
}

impl Subject {
    fn new(offer: Offer, negotiated: Result<Negotiated, String>) -> Self {
        Self {
            offer,
            negotiated,
            closed: Tally::default(),
            closed_for: Duration::ZERO,
            by_round: Vec::new(),
            open: Tally::default(),
            open_for: Duration::ZERO,
            latency_us: open::histogram(),
            rates: Vec::new(),
        }
    }

    /// Adds a round of the closed loop.
    pub(super) fn add_closed(&mut self, round: Closed) {
        self.by_round
            .push(per_second(round.tally.completed, round.elapsed.as_secs_f64()));
        self.closed.merge(round.tally);
        self.closed_for += round.elapsed;
    }

    /// Adds a round of the open loop.
    pub(super) fn add_open(&mut self, round: Open, rate: f64) {
        self.open.merge(round.tally);
        self.open_for += round.elapsed;
        self.latency_us
            .add(&round.latency_us)
            .expect("all rounds have the same bounds");
        self.rates.push(rate);
    }

    /// The maximum so far.
    pub(super) fn handshakes_per_second(&self) -> f64 {
        per_second(self.closed.completed, self.closed_for.as_secs_f64())
    }

    fn rate(&self) -> Option<f64> {
        let count = u32::try_from(self.rates.len()).ok().filter(|count| *count > 0)?;
        Some(self.rates.iter().sum::<f64>() / f64::from(count))
    }

    /// Bytes per handshake, towards the server and from it.
    fn bytes(&self) -> Option<(u64, u64)> {
        let completed = self.closed.completed + self.open.completed;
        let each = |bytes: u64| bytes.checked_div(completed);
        Some((
            each(self.closed.sent + self.open.sent)?,
            each(self.closed.received + self.open.received)?,
        ))
    }

    fn failures(&self) -> Failures {
        let mut all = self.closed.failures.clone();
        all.merge(self.open.failures.clone());
        all
    }
}

/// The whole bench.
#[derive(Debug)]
pub(super) struct Report {
    target: String,
    concurrency: u16,
    duration: Duration,
    resume: bool,
    interrupted: bool,
    subjects: Vec<Subject>,
}

impl Report {
    pub(super) fn new(command: &Tls, subjects: Vec<Subject>, interrupted: bool) -> Self {
        Self {
            target: command.server.target.to_string(),
            concurrency: command.concurrency,
            duration: command.duration,
            resume: command.resume,
            interrupted,
            subjects,
        }
    }

    /// For a person.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "TLS handshakes with {}, {} at once, {} s for each group\n\n",
            self.target,
            self.concurrency,
            self.duration.as_secs_f64()
        );
        let _infallible = writeln!(
            text,
            "{:<24}{:>8} {:>8} {:>8} {:>8} {:>10} {:>8}",
            "", "max/s", "p50 ms", "p95 ms", "p99 ms", "bytes out", "bytes in"
        );
        for subject in &self.subjects {
            text.push_str(&line(subject));
        }
        text.push('\n');
        self.subjects
            .iter()
            .for_each(|subject| text.push_str(&remarks(subject)));
        if self.interrupted {
            text.push_str("interrupted: these are the rounds until then\n");
        }
        text
    }

    /// For a program, version 1.
    pub(super) fn v1(&self) -> ReportV1<'_> {
        ReportV1 {
            target: &self.target,
            concurrency: self.concurrency,
            duration_seconds: self.duration.as_secs_f64(),
            resume: self.resume,
            interrupted: self.interrupted,
            groups: self.subjects.iter().map(SubjectV1::new).collect(),
        }
    }
}

fn line(subject: &Subject) -> String {
    let name = subject.offer.to_string();
    if let Err(reason) = &subject.negotiated {
        return hanging(&format!("{name:<24}"), &format!("no handshake: {reason}"));
    }
    let milliseconds = |quantile| match subject.latency_us.is_empty() {
        true => "-".to_owned(),
        false => format!(
            "{:.2}",
            Duration::from_micros(subject.latency_us.value_at_quantile(quantile)).as_secs_f64() * 1e3
        ),
    };
    let bytes = |pick: fn((u64, u64)) -> u64| {
        subject
            .bytes()
            .map_or("-".to_owned(), |both| pick(both).to_string())
    };
    format!(
        "{name:<24}{:>8.0} {:>8} {:>8} {:>8} {:>10} {:>8}\n",
        subject.handshakes_per_second(),
        milliseconds(0.50),
        milliseconds(0.95),
        milliseconds(0.99),
        bytes(|both| both.0),
        bytes(|both| both.1),
    )
}

/// What the table has no column for.
fn remarks(subject: &Subject) -> String {
    let mut remarks = Vec::new();
    if let Some(rate) = subject.rate() {
        remarks.push(format!(
            "latency at {rate:.0} per second, from the intended start"
        ));
    }
    let (closed, open) = (&subject.closed, &subject.open);
    let counts = [
        ("resumed", closed.resumed + open.resumed),
        ("HelloRetryRequest", closed.retried + open.retried),
    ];
    let all = closed.completed + open.completed;
    for (what, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        remarks.push(format!("{what}: {count} of {all}"));
    }
    let failures = subject.failures();
    if failures.total() > 0 {
        remarks.push(format!("failures: {}", failures.text()));
    }
    if remarks.is_empty() {
        String::new()
    } else {
        hanging(&format!("{}: ", subject.offer), &remarks.join("; "))
    }
}

/// The JSON of `bench tls --json`.
#[derive(Debug, Serialize)]
pub(super) struct ReportV1<'a> {
    target: &'a str,
    concurrency: u16,
    duration_seconds: f64,
    resume: bool,
    interrupted: bool,
    groups: Vec<SubjectV1<'a>>,
}

#[derive(Debug, Serialize)]
struct SubjectV1<'a> {
    group: String,
    negotiated: Option<&'a Negotiated>,
    /// Why there was no handshake at all.
    refused: Option<&'a str>,
    handshakes_per_second: f64,
    handshakes_per_second_by_round: &'a [f64],
    latency: Option<LatencyV1>,
    bytes_sent_per_handshake: Option<u64>,
    bytes_received_per_handshake: Option<u64>,
    handshakes: u64,
    resumed: u64,
    hello_retry_requests: u64,
    failures: BTreeMap<String, u64>,
}

/// Latency of the open loop, in microseconds from the intended start.
#[derive(Debug, Serialize)]
struct LatencyV1 {
    rate_per_second: f64,
    completed_per_second: f64,
    p50_us: u64,
    p95_us: u64,
    p99_us: u64,
    max_us: u64,
}

impl<'a> SubjectV1<'a> {
    fn new(subject: &'a Subject) -> Self {
        let (closed, open) = (&subject.closed, &subject.open);
        let quantile = |quantile| subject.latency_us.value_at_quantile(quantile);
        let latency = subject
            .rate()
            .filter(|_| !subject.latency_us.is_empty())
            .map(|rate| LatencyV1 {
                rate_per_second: rate,
                completed_per_second: per_second(open.completed, subject.open_for.as_secs_f64()),
                p50_us: quantile(0.50),
                p95_us: quantile(0.95),
                p99_us: quantile(0.99),
                max_us: subject.latency_us.max(),
            });
        Self {
            group: subject.offer.to_string(),
            negotiated: subject.negotiated.as_ref().ok(),
            refused: subject.negotiated.as_ref().err().map(String::as_str),
            handshakes_per_second: subject.handshakes_per_second(),
            handshakes_per_second_by_round: &subject.by_round,
            latency,
            bytes_sent_per_handshake: subject.bytes().map(|both| both.0),
            bytes_received_per_handshake: subject.bytes().map(|both| both.1),
            handshakes: closed.completed + open.completed,
            resumed: closed.resumed + open.resumed,
            hello_retry_requests: closed.retried + open.retried,
            failures: subject.failures().0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::WIDTH;

    fn measured() -> Subject {
        let negotiated = Negotiated {
            group: Some("X25519MLKEM768".to_owned()),
            ..Negotiated::default()
        };
        let mut subject = Subject::new("X25519+X25519MLKEM768".parse().unwrap(), Ok(negotiated));
        let tally = |completed| Tally {
            completed,
            retried: completed,
            sent: completed * 1500,
            received: completed * 2000,
            ..Tally::default()
        };
        subject.add_closed(Closed {
            tally: tally(1000),
            elapsed: Duration::from_secs(2),
        });
        subject.add_closed(Closed {
            tally: tally(3000),
            elapsed: Duration::from_secs(2),
        });
        let mut latency_us = open::histogram();
        latency_us.record_n(1500, 99).unwrap();
        latency_us.record(80_000).unwrap();
        subject.add_open(
            Open {
                tally: tally(100),
                latency_us,
                elapsed: Duration::from_secs(1),
            },
            500.0,
        );
        subject
    }

    fn report(subjects: Vec<Subject>) -> Report {
        Report {
            target: "localhost:8443".to_owned(),
            concurrency: 16,
            duration: Duration::from_secs(4),
            resume: false,
            interrupted: true,
            subjects,
        }
    }

    #[test]
    fn rounds_add_up() {
        let report = report(vec![measured()]);
        let json = serde_json::to_value(report.v1()).unwrap();
        let group = &json["groups"][0];
        assert_eq!(group["handshakes_per_second"], 1000.0);
        assert_eq!(
            group["handshakes_per_second_by_round"],
            serde_json::json!([500.0, 1500.0])
        );
        assert_eq!(group["bytes_sent_per_handshake"], 1500);
        assert_eq!(group["hello_retry_requests"], 4100);
        assert_eq!(group["latency"]["rate_per_second"], 500.0);
        assert_eq!(group["latency"]["completed_per_second"], 100.0);
        assert_eq!(group["latency"]["p50_us"], 1500);
        assert!(group["latency"]["max_us"].as_u64().unwrap() >= 80_000);
    }

    #[test]
    fn the_table_is_narrow_and_says_what_was_refused() {
        let refused = Subject::new(
            "MLKEM1024".parse().unwrap(),
            Err("alert handshake_failure".to_owned()),
        );
        let table = report(vec![measured(), refused]).table();
        assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{table}");
        assert!(table.contains("no handshake: alert handshake_failure"));
        assert!(
            table.contains("HelloRetryRequest: 4100 of 4100") && table.contains("1.50"),
            "{table}"
        );
        assert!(table.ends_with("interrupted: these are the rounds until then\n"));
    }

    #[test]
    fn nothing_measured_is_shown_as_nothing() {
        let subject = Subject::new("X25519".parse().unwrap(), Ok(Negotiated::default()));
        let report = report(vec![subject]);
        assert!(report.table().contains(" - "), "{}", report.table());
        assert_eq!(
            serde_json::to_value(report.v1()).unwrap()["groups"][0]["latency"],
            serde_json::Value::Null
        );
    }
}
