//! Every implemented algorithm has a known answer, and every known answer can fail.
//!
//! What a failure does to the process is tested in a binary of its own, `tests/error_state.rs`.

use core::time::Duration;

use super::{Outcome, Report, Row, Tamper, answers, implemented, known_answers, pairwise, run};
use crate::state::Test;
use crate::{Algorithm, Kind};

fn no_clock() -> Duration {
    Duration::ZERO
}

#[test]
fn every_implemented_algorithm_gives_its_known_answer() {
    // Not `run`: a failure here would take every other test of this process with it.
    let report = known_answers(implemented(), None, &no_clock);
    let failed: Vec<_> = report.failures().map(|row| row.algorithm.name).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(report.rows.len() > 60, "only {} rows", report.rows.len());
    assert_eq!(report.check(), Ok(()));
}

/// The table of algorithms and the known answers cannot drift apart.
#[test]
fn exactly_what_is_implemented_has_a_known_answer() {
    for algorithm in Algorithm::ALL {
        let holds = answers::hold(algorithm, Tamper::new(false));
        assert_eq!(holds, algorithm.is_implemented(), "{algorithm}");
    }
}

#[test]
fn one_changed_bit_fails_every_known_answer() {
    for algorithm in implemented() {
        assert!(!answers::hold(algorithm, Tamper::new(true)), "{algorithm}");
    }
}

#[test]
fn fresh_keys_are_consistent() {
    // RSA and the small sets of SLH-DSA take seconds; they have tests of their own in `sign`.
    let quick = implemented()
        .filter(|algorithm| !algorithm.name.contains("RSA") && !algorithm.name.starts_with("SLH-DSA"));
    let report = pairwise(quick, &no_clock);
    assert!(report.passed(), "{:?}", report.failures().collect::<Vec<_>>());
    let kems = report
        .rows
        .iter()
        .filter(|row| row.algorithm.kind != Kind::Signature);
    assert_eq!(kems.count(), 9);
}

#[test]
fn a_report_counts_time_and_needs_a_row() {
    let row = |outcome| Row {
        algorithm: &Algorithm::ALL[0],
        test: Test::KnownAnswer,
        outcome,
        took: Duration::from_millis(2),
    };
    let report = |outcomes: &[Outcome]| Report {
        rows: outcomes.iter().copied().map(row).collect(),
    };
    assert!(!report(&[]).passed());
    assert!(report(&[Outcome::Passed, Outcome::Passed]).passed());
    assert!(!report(&[Outcome::Passed, Outcome::Failed]).passed());
    assert!(!report(&[Outcome::Refused]).passed());
    assert_eq!(report(&[Outcome::Passed; 3]).took(), Duration::from_millis(6));
}

#[test]
fn time_is_taken_around_each_row() {
    let ticks = std::cell::Cell::new(0);
    let clock = || {
        ticks.set(ticks.get() + 5);
        Duration::from_micros(ticks.get())
    };
    let report = run(Algorithm::by_name("SHA-256"), &clock);
    assert_eq!(report.rows[0].took, Duration::from_micros(5));
}
