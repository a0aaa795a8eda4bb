//! The results of a self-test as a person reads them: one row per test, then what follows from them.
//! Pure text, at most 80 columns wide.

use std::time::Duration;

use hybridge_crypto::selftest::{Outcome, Report, Row};
use hybridge_crypto::timing::{Measurement, Statistic, THRESHOLD, Verdict};
use hybridge_crypto::{provider, state};

use super::Findings;
use crate::layout::hanging;
use crate::terminal::{Colour, Tone};

pub(super) fn render(findings: &Findings, colour: Colour) -> String {
    let title = format!("Self-test of {}", provider::versions());
    let rows: String = findings.report.rows.iter().map(|one| test(one, colour)).collect();
    let timing = timing(&findings.timing, colour);
    let summary = summary(&findings.report, colour);
    format!(
        "{}\n\n{rows}\n{summary}{timing}",
        colour.paint(Tone::Title, &title)
    )
}

fn test(row: &Row, colour: Colour) -> String {
    let tone = match row.outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Failed => Tone::Bad,
        Outcome::Refused => Tone::Doubtful,
    };
    let outcome = format!("{:<8}", row.outcome.name());
    format!(
        "{:<34}{:<22}{} {:>13}\n",
        row.algorithm.name,
        row.test.name(),
        colour.paint(tone, &outcome),
        milliseconds(row.took)
    )
}

fn milliseconds(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1e3)
}

fn summary(report: &Report, colour: Colour) -> String {
    let all = report.rows.len();
    let took = milliseconds(report.took());
    if report.passed() {
        let tests = if all == 1 { "test" } else { "tests" };
        let passed = colour.paint(Tone::Good, "passed");
        return format!("{all} {tests} {passed} in {took}.\n");
    }
    let failed = report.failures().count();
    let why = state::failure().map_or_else(String::new, |failure| hanging("", &format!("{failure}.")));
    let words = colour.paint(Tone::Bad, "did not pass");
    format!("{failed} of {all} {words}, in {took}.\n{why}")
}

fn timing(measurements: &[Measurement], colour: Colour) -> String {
    if measurements.is_empty() {
        return String::new();
    }
    let title = colour.paint(Tone::Title, "Timing");
    let rule = hanging(
        "",
        &format!(
            "Welch's t between two kinds of input. A difference with |t| of {THRESHOLD} or more that comes \
             three times the same way is a leak. t is the largest over several crops of the slow times; samples, \
             means and the difference that it sees are of the crop that sees best."
        ),
    );
    let rows: String = measurements.iter().map(|one| measurement(one, colour)).collect();
    format!("\n{title}\n{rule}\n{rows}")
}

fn measurement(measurement: &Measurement, colour: Colour) -> String {
    let target = measurement.target;
    let [one, other] = target.classes();
    let tone = match measurement.verdict {
        Verdict::Quiet => Tone::Good,
        Verdict::Leak => Tone::Bad,
        Verdict::Inconclusive => Tone::Doubtful,
    };
    let head = format!(
        "{} {}: {one} or {other}: {}\n",
        target.algorithm(),
        target.operation(),
        colour.paint(tone, measurement.verdict.name())
    );
    let rounds: String = measurement.rounds.iter().map(round).collect();
    head + &rounds
}

fn round(statistic: &Statistic) -> String {
    let [a, b] = statistic.resolved.samples;
    let [one, other] = statistic.resolved.mean_ns.map(|mean| mean / 1e3);
    format!(
        "  t {:>7.2}  samples {a} + {b}  means {one:.3} and {other:.3} us  sees {:.2} %\n",
        statistic.t,
        statistic.resolution * 100.0
    )
}

#[cfg(test)]
mod tests {
    use hybridge_crypto::timing::{Compared, Target};

    use super::*;
    use crate::layout::WIDTH;

    fn statistic(t: f64) -> Statistic {
        Statistic {
            t,
            crop: 90,
            samples: [123_456, 123_456],
            mean_ns: [123_456.0, 123_456.0],
            resolution: 0.0123,
            resolved: Compared {
                crop: 100,
                samples: [123_456, 123_457],
                mean_ns: [123_456.0, 234_567.0],
            },
        }
    }

    #[test]
    fn every_line_fits_the_width() {
        let clock = || Duration::from_secs(100);
        let report = hybridge_crypto::selftest::run(hybridge_crypto::selftest::implemented(), &clock);
        let timing = Target::ALL.map(|target| Measurement {
            target,
            rounds: vec![statistic(-123.456), statistic(1.0)],
            verdict: Verdict::Inconclusive,
        });
        let text = render(
            &Findings {
                report,
                timing: timing.into(),
            },
            Colour::Plain,
        );
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        assert!(text.contains("tests passed in"));
    }

    #[test]
    fn samples_and_means_are_those_that_the_resolution_is_of() {
        let line = round(&statistic(1.0));
        let expected = "samples 123456 + 123457  means 123.456 and 234.567 us  sees 1.23 %\n";
        assert!(line.ends_with(expected), "{line}");
    }

    #[test]
    fn one_test_is_one_test() {
        let clock = || Duration::ZERO;
        let sha = hybridge_crypto::Algorithm::by_name("SHA-256");
        let report = hybridge_crypto::selftest::run(sha, &clock);
        assert_eq!(summary(&report, Colour::Plain), "1 test passed in 0.00 ms.\n");
    }
}
