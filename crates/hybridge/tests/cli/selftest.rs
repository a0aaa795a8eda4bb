//! `hybridge selftest` of the real binary: what passes, what a failure looks like, and the timing report.
//! No test depends on how quiet the machine is.

use std::collections::HashSet;

use serde_json::Value;

use crate::hybridge::run;

fn json(arguments: &[&str]) -> (Option<i32>, Value) {
    let finished = run(&[&["selftest", "--json"], arguments].concat());
    let value = serde_json::from_str(&finished.stdout);
    (finished.code, value.expect("JSON on standard output"))
}

fn rows(report: &Value) -> &Vec<Value> {
    report["tests"].as_array().expect("a list of tests")
}

#[test]
fn every_known_answer_is_given() {
    let finished = run(&["selftest"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    let last = finished.stdout.lines().last().expect("a summary");
    assert!(last.contains("tests passed in"), "{last}");
    assert_eq!(finished.stderr, "");
}

#[test]
fn the_json_names_every_algorithm_that_is_implemented_once() {
    let (code, report) = json(&[]);
    assert_eq!(code, Some(0));
    assert_eq!(report["passed"], true);
    assert_eq!(report["failure"], Value::Null);
    let names = rows(&report)
        .iter()
        .map(|row| row["algorithm"].as_str().expect("a name"));
    let unique: HashSet<_> = names.collect();
    assert_eq!(unique.len(), rows(&report).len());
    for name in [
        "X-Wing",
        "ML-KEM-1024",
        "ML-DSA-65",
        "SLH-DSA-SHA2-128s",
        "MLDSA65-Ed25519-SHA512",
    ] {
        assert!(unique.contains(name), "{name}");
    }
    assert!(rows(&report).iter().all(|row| row["outcome"] == "passed"));
}

/// No mock, reduced or invented algorithm hides in the binary: all of them are standards by name.
#[test]
fn nothing_in_the_list_is_a_mock() {
    let (_code, report) = json(&[]);
    for row in rows(&report) {
        let name = row["algorithm"].as_str().expect("a name").to_ascii_lowercase();
        for word in [
            "mock", "fake", "dummy", "test", "toy", "xor", "null", "none", "simulat", "reduced",
        ] {
            assert!(!name.contains(word), "{name}");
        }
    }
}

#[test]
fn a_failure_is_named_and_ends_with_exit_code_1() {
    let (code, report) = json(&["--fail", "ml-kem-768", "--algorithm", "SHA-256"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["passed"], false);
    let failure = report["failure"].as_str().expect("a failure");
    assert!(
        failure.contains("known answer test of ML-KEM-768 failed"),
        "{failure}"
    );
    let outcomes: Vec<_> = rows(&report).iter().map(|row| &row["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "failed"]);
    let said = run(&["selftest", "--fail", "X-Wing"]).stdout;
    assert!(said.contains("1 of "), "{said}");
    assert!(said.contains("cryptography is switched off"), "{said}");
}

#[test]
fn after_a_failure_no_key_is_made() {
    let (code, report) = json(&["--fail", "SHA-256", "--algorithm", "X-Wing", "--pairwise"]);
    assert_eq!(code, Some(1));
    let made = rows(&report)
        .iter()
        .find(|row| row["test"] == "pairwise consistency");
    assert_eq!(made.expect("a row for the refused test")["outcome"], "refused");
}

#[test]
fn a_key_of_each_kind_is_made_on_demand() {
    let (code, report) = json(&["--pairwise", "--algorithm", "X-Wing", "--algorithm", "ML-DSA-65"]);
    assert_eq!(code, Some(0));
    let tests: Vec<_> = rows(&report).iter().map(|row| &row["test"]).collect();
    let twice = |test: &'static str| [test, test];
    assert_eq!(
        tests,
        [twice("known answer"), twice("pairwise consistency")].concat()
    );
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let named = run(&["selftest", "--algorithm", "sntrup761"]);
    assert_eq!(named.code, Some(2));
    assert!(named.stderr.contains("not implemented"), "{}", named.stderr);
    let unknown = run(&["selftest", "--algorithm", "ROT13"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("no algorithm of this name"),
        "{}",
        unknown.stderr
    );
}

/// What a measurement says depends on the machine; that it is made and reported does not.
#[test]
fn timing_reports_t_values_with_their_samples() {
    let (code, report) = json(&["--timing", "--samples", "1000"]);
    let timing = report["timing"].as_array().expect("measurements");
    assert_eq!(timing.len(), 5);
    let quiet = timing.iter().all(|one| one["verdict"] == "quiet");
    assert_eq!(code, Some(if quiet { 0 } else { 1 }));
    for measurement in timing {
        let round = &measurement["rounds"][0];
        assert!(round["t"].is_number(), "{measurement}");
        let samples = round["samples"].as_array().expect("a count for each class");
        assert!(
            samples.iter().all(|count| count.as_u64() > Some(100)),
            "{measurement}"
        );
    }
}
