//! Self-tests of the cryptography, as the running process made them.
//! Names of algorithms, tests and outcomes are those of `hybridge selftest --json`.

use hybridge_crypto::selftest::{Report, Row};
use hybridge_crypto::state;
use serde::Serialize;
use utoipa::ToSchema;

/// What one run of the self-tests found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SelfTest {
    /// Every test passed, and none failed earlier in this process.
    pub passed: bool,
    /// What switched cryptography off, if anything did.
    pub failure: Option<String>,
    /// Time of all tests together, in microseconds.
    pub took_us: u64,
    /// One row per algorithm.
    pub tests: Vec<SelfTestRow>,
}

/// One test of one algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SelfTestRow {
    pub algorithm: &'static str,
    pub test: &'static str,
    /// `passed`, `failed`, or `refused` where an earlier failure had switched cryptography off.
    pub outcome: &'static str,
    pub took_us: u64,
}

impl From<&Report> for SelfTest {
    fn from(report: &Report) -> Self {
        let failure = state::failure();
        Self {
            passed: report.passed() && failure.is_none(),
            failure: failure.map(|failed| failed.to_string()),
            took_us: micros(report.took()),
            tests: report.rows.iter().map(SelfTestRow::from).collect(),
        }
    }
}

impl From<&Row> for SelfTestRow {
    fn from(row: &Row) -> Self {
        Self {
            algorithm: row.algorithm.name,
            test: row.test.name(),
            outcome: row.outcome.name(),
            took_us: micros(row.took),
        }
    }
}

fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
