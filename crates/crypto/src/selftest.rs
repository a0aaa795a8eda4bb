//! Self-tests: known answers of every implemented algorithm, and pairwise consistency of fresh keys.
//!
//! A failure puts the whole process into the error state (`state`), which only a restart leaves. An
//! algorithm without a known answer fails: nothing passes by having no test. What can be asked for from
//! outside is only that a test fails ([`run_broken`]); nothing here can make one pass.

mod answers;
mod pairwise;

use core::time::Duration;

use crate::provider::PROVIDER;
use crate::state::{self, Failed, Test};
use crate::{Algorithm, Kind};

use answers::Tamper;

/// Reads a clock that only goes forward; this crate has none of its own.
pub type Clock<'a> = &'a dyn Fn() -> Duration;

/// What one self-test of one algorithm gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The algorithm.
    pub algorithm: &'static Algorithm,
    /// Which test.
    pub test: Test,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// How a self-test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The answer was right.
    Passed,
    /// The answer was wrong, or there is none.
    Failed,
    /// Not tried: the process was in the error state already.
    Refused,
}

impl Outcome {
    /// The word for tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// Everything one run found, in the order in which it was tested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One row per algorithm and test.
    pub rows: Vec<Row>,
}

impl Report {
    /// True where every row passed and there is one.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.outcome == Outcome::Passed)
    }

    /// The rows that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.outcome != Outcome::Passed)
    }

    /// Time of all rows together.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.rows.iter().map(|row| row.took).sum()
    }

    /// Success, or the failure to refuse a start with.
    ///
    /// # Errors
    /// The first failure of this process; an empty report is one of its own.
    pub fn check(&self) -> Result<(), Failed> {
        state::check()?;
        if self.passed() {
            return Ok(());
        }
        Err(state::fail("the provider", Test::KnownAnswer))
    }
}

/// Tests the known answers of the given algorithms; a wrong one puts the process into the error state.
///
/// All rows are tested before the state changes, so that each tells of its own algorithm. The known answers
/// of everything that is implemented take some tens of milliseconds.
pub fn run(algorithms: impl IntoIterator<Item = &'static Algorithm>, clock: Clock<'_>) -> Report {
    finish(known_answers(algorithms, None, clock))
}

/// As [`run`], with one input of `broken` changed by one bit: it fails, as every real fault would.
///
/// This shows what a failure does, in a running program and with its real code; nothing can be weakened by it.
pub fn run_broken(
    algorithms: impl IntoIterator<Item = &'static Algorithm>,
    broken: &'static Algorithm,
    clock: Clock<'_>,
) -> Report {
    finish(known_answers(algorithms, Some(broken), clock))
}

/// Makes a fresh key of each given algorithm that has key pairs and tests that its halves belong together.
///
/// RSA and the small sets of SLH-DSA take seconds. Algorithms without key pairs have no row.
pub fn pairwise(algorithms: impl IntoIterator<Item = &'static Algorithm>, clock: Clock<'_>) -> Report {
    let pairs = algorithms.into_iter().filter(|algorithm| has_pairs(algorithm));
    let row = |algorithm| {
        row(algorithm, Test::PairwiseConsistency, clock, || {
            pairwise::holds(algorithm)
        })
    };
    finish(Report {
        rows: pairs.map(row).collect(),
    })
}

/// Every algorithm that this build implements, in the order of its provider.
pub fn implemented() -> impl Iterator<Item = &'static Algorithm> {
    PROVIDER.algorithms()
}

fn has_pairs(algorithm: &Algorithm) -> bool {
    matches!(algorithm.kind, Kind::Kem | Kind::KeyAgreement | Kind::Signature)
}

fn known_answers(
    algorithms: impl IntoIterator<Item = &'static Algorithm>,
    broken: Option<&'static Algorithm>,
    clock: Clock<'_>,
) -> Report {
    let row = |algorithm: &'static Algorithm| {
        let tamper = Tamper::new(broken == Some(algorithm));
        row(algorithm, Test::KnownAnswer, clock, || {
            answers::hold(algorithm, tamper)
        })
    };
    Report {
        rows: algorithms.into_iter().map(row).collect(),
    }
}

fn row(algorithm: &'static Algorithm, test: Test, clock: Clock<'_>, holds: impl FnOnce() -> bool) -> Row {
    let started = clock();
    let outcome = match state::check() {
        Err(_failed) => Outcome::Refused,
        Ok(()) if holds() => Outcome::Passed,
        Ok(()) => Outcome::Failed,
    };
    Row {
        algorithm,
        test,
        outcome,
        took: clock().saturating_sub(started),
    }
}

/// Enters the error state where a row failed.
fn finish(report: Report) -> Report {
    for row in &report.rows {
        if row.outcome == Outcome::Failed {
            state::fail(row.algorithm.name, row.test);
        }
    }
    report
}

#[cfg(test)]
mod tests;
