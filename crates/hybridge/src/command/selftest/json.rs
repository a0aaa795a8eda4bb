//! The JSON of `hybridge selftest --json`, version 1: fields are added, never changed.
//! Times are whole microseconds for tests and nanoseconds for what is measured.

use hybridge_crypto::selftest::Row;
use hybridge_crypto::timing::{Measurement, Statistic};
use hybridge_crypto::{provider, state};
use serde::Serialize;

use super::Findings;
use crate::command_error::{CommandError, Kind};

#[derive(Debug, Serialize)]
struct ReportV1 {
    passed: bool,
    provider: String,
    /// What switched cryptography off.
    failure: Option<String>,
    microseconds: u128,
    tests: Vec<TestV1>,
    timing: Vec<TimingV1>,
}

#[derive(Debug, Serialize)]
struct TestV1 {
    algorithm: &'static str,
    test: &'static str,
    outcome: &'static str,
    microseconds: u128,
}

#[derive(Debug, Serialize)]
struct TimingV1 {
    algorithm: &'static str,
    operation: &'static str,
    classes: [&'static str; 2],
    verdict: &'static str,
    rounds: Vec<RoundV1>,
}

/// Numbers that cannot be computed (no spread, no sample) are null.
#[derive(Debug, Serialize)]
struct RoundV1 {
    t: f64,
    percent_compared: u8,
    samples: [usize; 2],
    mean_nanoseconds: [f64; 2],
    /// The smallest difference that would have been seen, in percent of the mean.
    resolution_percent: f64,
    /// What that was computed from; the members above belong to `t`.
    resolved: ResolvedV1,
}

#[derive(Debug, Serialize)]
struct ResolvedV1 {
    percent_compared: u8,
    samples: [usize; 2],
    mean_nanoseconds: [f64; 2],
}

pub(super) fn render(findings: &Findings) -> Result<String, CommandError> {
    let report = ReportV1 {
        passed: findings.good(),
        provider: provider::versions().to_string(),
        failure: state::failure().map(|failed| failed.to_string()),
        microseconds: findings.report.took().as_micros(),
        tests: findings.report.rows.iter().map(test).collect(),
        timing: findings.timing.iter().map(timing).collect(),
    };
    let json =
        serde_json::to_string_pretty(&report).map_err(|error| CommandError::new(Kind::Internal, error))?;
    Ok(json + "\n")
}

fn test(row: &Row) -> TestV1 {
    TestV1 {
        algorithm: row.algorithm.name,
        test: row.test.name(),
        outcome: row.outcome.name(),
        microseconds: row.took.as_micros(),
    }
}

fn timing(measurement: &Measurement) -> TimingV1 {
    let target = measurement.target;
    TimingV1 {
        algorithm: target.algorithm(),
        operation: target.operation(),
        classes: target.classes(),
        verdict: measurement.verdict.name(),
        rounds: measurement.rounds.iter().map(round).collect(),
    }
}

fn round(statistic: &Statistic) -> RoundV1 {
    RoundV1 {
        t: statistic.t,
        percent_compared: statistic.crop,
        samples: statistic.samples,
        mean_nanoseconds: statistic.mean_ns,
        resolution_percent: statistic.resolution * 100.0,
        resolved: ResolvedV1 {
            percent_compared: statistic.resolved.crop,
            samples: statistic.resolved.samples,
            mean_nanoseconds: statistic.resolved.mean_ns,
        },
    }
}
