//! `hybridge bench crypto`: what the library's operations cost on one core, without a service around them.
//!
//! CPU time is that of the thread, so other work on the machine lengthens the run and not the figure. Signing
//! is measured twice: as the service does it, which verifies before it answers, and as the library alone does.

mod work;

use std::time::Duration;

use clap::{Args, ValueEnum};
use hybridge_crypto::Algorithm;
use hybridge_crypto::provider::PROVIDER;
use serde::Serialize;

use super::{json, per_second};
use crate::command_error::{CommandError, Ending, Kind};
use crate::{clock, duration, terminal};

/// Measure the cryptographic library on one core
///
/// Operations per second and CPU time per operation, one thread, like `openssl speed`. Messages and plaintexts
/// have 64 bytes. Making a key includes its pairwise consistency test; `sign` includes the verification that
/// the service does before it answers, and `raw-sign` is the library alone.
#[derive(Args, Debug)]
pub(super) struct Crypto {
    /// Only this algorithm; may be given more than once [default: one of each kind in use]
    #[arg(long, value_name = "NAME", value_parser = parse_algorithm)]
    algorithm: Vec<&'static Algorithm>,

    /// Only this operation; may be given more than once
    #[arg(long, value_enum, value_name = "OPERATION")]
    operation: Vec<Operation>,

    /// How long each operation is repeated
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration::parse)]
    duration: Duration,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What an algorithm can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Operation {
    /// Make a key
    Keygen,
    Encapsulate,
    Decapsulate,
    /// Sign, and verify the signature
    Sign,
    /// Sign alone
    RawSign,
    Verify,
    Seal,
    Open,
    Mac,
}

/// The JSON of `bench crypto --json`, version 1.
#[derive(Debug, Serialize)]
struct ReportV1 {
    rows: Vec<RowV1>,
}

/// One operation of one algorithm.
#[derive(Debug, Serialize)]
struct RowV1 {
    algorithm: &'static str,
    operation: Operation,
    count: u64,
    seconds: f64,
    per_second: f64,
    /// CPU time of this thread for one operation, in microseconds.
    cpu_us: f64,
}

/// Those that keys have by default, and their parts.
const USUAL: [&str; 8] = [
    "X-Wing",
    "ML-KEM-768",
    "X25519",
    "ML-DSA-65",
    "Ed25519",
    "MLDSA65-Ed25519-SHA512",
    "AES-256-GCM",
    "HMAC-SHA-256",
];

fn parse_algorithm(name: &str) -> Result<&'static Algorithm, String> {
    let algorithm = Algorithm::by_name(name).ok_or("no such algorithm")?;
    if PROVIDER.implements(algorithm) {
        Ok(algorithm)
    } else {
        Err("the library does not have it".to_owned())
    }
}

impl Crypto {
    pub(super) fn run(&self) -> Result<Ending, CommandError> {
        let algorithms = match self.algorithm.as_slice() {
            [] => USUAL.into_iter().filter_map(Algorithm::by_name).collect(),
            some => some.to_vec(),
        };
        let mut rows = Vec::new();
        for algorithm in algorithms {
            let operations = work::operations(algorithm);
            for operation in operations.iter().filter(|operation| self.wants(**operation)) {
                terminal::progress(&format!("{algorithm}: {}", name(*operation)));
                rows.push(self.measure(algorithm, *operation)?);
            }
        }
        terminal::progress("");
        let report = ReportV1 { rows };
        let text = if self.json { json(&report)? } else { table(&report) };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }

    fn wants(&self, operation: Operation) -> bool {
        self.operation.is_empty() || self.operation.contains(&operation)
    }

    /// Once to warm up, then until the time is over.
    fn measure(&self, algorithm: &'static Algorithm, operation: Operation) -> Result<RowV1, CommandError> {
        let failed = |error: anyhow::Error| {
            CommandError::new(Kind::Internal, error).context(format!("{algorithm}: {}", name(operation)))
        };
        let mut work = work::prepare(algorithm, operation).map_err(failed)?;
        work().map_err(failed)?;
        let (began, cpu) = (clock::monotonic(), clock::thread_cpu());
        let (mut count, mut step) = (0_u64, 1_u64);
        let mut elapsed = Duration::ZERO;
        while elapsed < self.duration {
            for _ in 0..step {
                work().map_err(failed)?;
            }
            count += step;
            elapsed = clock::monotonic().duration_since(began);
            // About a hundred looks at the clock, however quick the operation is.
            step = (count * 10_000_000 / nanoseconds(elapsed)).max(1);
        }
        let cpu = clock::thread_cpu().saturating_sub(cpu);
        Ok(RowV1 {
            algorithm: algorithm.name,
            operation,
            count,
            seconds: elapsed.as_secs_f64(),
            per_second: per_second(count, elapsed.as_secs_f64()),
            cpu_us: cpu.as_secs_f64() * 1e6 / count as f64,
        })
    }
}

/// As on the command line.
fn name(operation: Operation) -> String {
    let value = operation.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}

fn table(report: &ReportV1) -> String {
    let mut text = format!(
        "{:<30}{:<14}{:>14}{:>16}\n",
        "algorithm", "operation", "per second", "CPU us each"
    );
    for row in &report.rows {
        text.push_str(&format!(
            "{:<30}{:<14}{:>14.0}{:>16.2}\n",
            row.algorithm,
            name(row.operation),
            row.per_second,
            row.cpu_us
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_algorithm_is_one_that_the_library_has() {
        for name in USUAL {
            assert!(parse_algorithm(name).is_ok(), "{name}");
        }
        assert!(parse_algorithm("ROT13").is_err());
    }

    #[test]
    fn every_operation_of_every_usual_algorithm_works() {
        for algorithm in USUAL.into_iter().filter_map(Algorithm::by_name) {
            let operations = work::operations(algorithm);
            assert!(!operations.is_empty(), "{algorithm}");
            for operation in operations {
                let mut work = work::prepare(algorithm, *operation).unwrap();
                work().unwrap();
            }
        }
    }
}
