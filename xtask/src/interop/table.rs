//! What is printed: a line for each case as it ends, the failures in full, and the sums.
//!
//! Nothing here decides: an outcome is printed as it is.

use serde::Serialize;

use super::case::{Case, Done, Outcome, missing};
use super::peers::{Peer, Peers};

/// The line of one case.
pub(super) fn line(done: &Done) -> String {
    let words = match &done.outcome {
        Outcome::Passed(words) | Outcome::Skipped(words) => words,
        Outcome::Failed { why, .. } => why,
    };
    let (word, seconds) = (done.outcome.word(), done.took.as_secs_f64());
    format!("{word:<8} {:<44} {seconds:5.1} s  {words}", done.name)
}

/// The failures with the logs of everybody involved.
pub(super) fn failures(all: &[Done]) -> String {
    let mut text = String::new();
    for done in all {
        let Outcome::Failed { why, logs } = &done.outcome else {
            continue;
        };
        text.push_str(&format!("\n{}\n  {why}\n", done.name));
        for (name, log) in logs {
            text.push_str(&format!("  {name}: {log}\n"));
        }
    }
    text
}

/// Counts of each outcome, and the reasons behind the skipped.
pub(super) fn sums(all: &[Done]) -> String {
    let count = |word| all.iter().filter(|done| done.outcome.word() == word).count();
    let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
    let mut text = format!(
        "{} cases: {passed} passed, {failed} failed, {skipped} skipped",
        all.len()
    );
    let mut reasons: Vec<&str> = all.iter().filter_map(reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let times = all
            .iter()
            .filter_map(self::reason)
            .filter(|one| *one == reason)
            .count();
        text.push_str(&format!("\n  skipped {times}: {reason}"));
    }
    text
}

fn reason(done: &Done) -> Option<&str> {
    match &done.outcome {
        Outcome::Skipped(reason) => Some(reason),
        _ => None,
    }
}

/// `--list`: the cases with what each needs.
pub(super) fn list(cases: &[Case], peers: &Peers) -> String {
    let lines = cases.iter().map(|case| {
        let needs = case.needs.iter().map(|peer| peer.name());
        let needs = needs.collect::<Vec<_>>().join(", ");
        let missing = missing(case, peers).map(|reason| format!(" ({reason})"));
        format!("{:<44} {needs}{}", case.name, missing.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[derive(Serialize)]
struct Report<'a> {
    peers: Vec<Version>,
    cases: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    outcome: &'static str,
    seconds: f64,
    text: &'a str,
}

/// `--json`: everything, for a program.
///
/// # Errors
/// None that can happen with these shapes.
pub(super) fn json(all: &[Done], versions: &[(Peer, Option<String>)]) -> anyhow::Result<String> {
    let version = |(peer, version): &(Peer, Option<String>)| Version {
        name: peer.name(),
        version: version.clone(),
    };
    let report = Report {
        peers: versions.iter().map(version).collect(),
        cases: all.iter().map(row).collect(),
    };
    Ok(serde_json::to_string_pretty(&report)?)
}

fn row(done: &Done) -> Row<'_> {
    let text = match &done.outcome {
        Outcome::Passed(text) | Outcome::Skipped(text) => text,
        Outcome::Failed { why, .. } => why,
    };
    Row {
        name: done.name,
        outcome: done.outcome.word(),
        seconds: done.took.as_secs_f64(),
        text,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn done(name: &'static str, outcome: Outcome) -> Done {
        Done {
            name,
            outcome,
            took: Duration::from_millis(1500),
        }
    }

    #[test]
    fn every_reason_to_skip_is_said_once_with_its_count() {
        let skipped = |name| done(name, Outcome::Skipped("Envoy is missing".to_owned()));
        let passed = done("a", Outcome::Passed("fine".to_owned()));
        let text = sums(&[passed, skipped("b"), skipped("c")]);
        assert_eq!(
            text,
            "3 cases: 1 passed, 0 failed, 2 skipped\n  skipped 2: Envoy is missing"
        );
    }

    #[test]
    fn a_failure_is_shown_with_the_logs() {
        let logs = vec![("01-nginx.log".to_owned(), "emerg".to_owned())];
        let failed = Outcome::Failed {
            why: "no".to_owned(),
            logs,
        };
        let all = [done("a", failed)];
        assert_eq!(failures(&all), "\na\n  no\n  01-nginx.log: emerg\n");
        assert!(line(&all[0]).starts_with("failed   a "));
        assert!(
            json(&all, &[(Peer::Go, None)])
                .unwrap()
                .contains("\"outcome\": \"failed\"")
        );
    }
}
