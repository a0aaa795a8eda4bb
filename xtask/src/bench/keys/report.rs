//! The report: a row per figure, a column per subject; medians with their spread, and how they compare.
//! JSON has every sample.

use serde_json::json;

use super::super::report::{median, round};
use super::{Sample, Subject};

/// Every sample as JSON.
pub(super) fn json(samples: &[Sample]) -> String {
    let rows: Vec<_> = samples
        .iter()
        .map(|sample| json!({"subject": sample.subject.name(), "figure": sample.figure, "value": sample.value}))
        .collect();
    format!("{:#}", json!(rows))
}

/// A Markdown table.
pub(super) fn table(samples: &[Sample]) -> String {
    let mut figures: Vec<&str> = Vec::new();
    for sample in samples {
        if !figures.contains(&sample.figure.as_str()) {
            figures.push(&sample.figure);
        }
    }
    let names = Subject::ALL.map(Subject::name).join(" | ");
    let mut lines = vec![
        format!("| median (min–max) | {names} |"),
        format!("|---|{}", "---:|".repeat(Subject::ALL.len())),
    ];
    for figure in figures {
        let cells = Subject::ALL.map(|subject| cell(samples, figure, subject));
        lines.push(format!("| {figure} | {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn cell(samples: &[Sample], figure: &str, subject: Subject) -> String {
    let own = values(samples, figure, subject);
    let (Some(middle), Some(min), Some(max)) = (median(&own), own.first(), own.last()) else {
        return "-".to_owned();
    };
    let spread = match own.len() {
        1 => round(middle),
        _ => format!("{} ({}–{})", round(middle), round(*min), round(*max)),
    };
    let of = |subject| median(&values(samples, figure, subject));
    match (subject, of(Subject::Library), of(Subject::Hybridge)) {
        (Subject::Hybridge, Some(library), _) => {
            format!("{spread}, library is {:.2} of it", library / middle)
        }
        (Subject::OpenBao, _, Some(ours)) => format!("{spread}, ours is {:.2} of it", ours / middle),
        _ => spread,
    }
}

/// Sorted samples of one figure.
fn values(samples: &[Sample], figure: &str, subject: Subject) -> Vec<f64> {
    let wanted = samples
        .iter()
        .filter(|sample| sample.figure == figure && sample.subject == subject);
    let mut values: Vec<f64> = wanted.map(|sample| sample.value).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_compared_with_the_library_and_openbao_with_ours() {
        let samples = [
            Sample::new(Subject::Library, "f", 70.0),
            Sample::new(Subject::Hybridge, "f", 100.0),
            Sample::new(Subject::Hybridge, "f", 90.0),
            Sample::new(Subject::Hybridge, "f", 300.0),
            Sample::new(Subject::OpenBao, "f", 200.0),
        ];
        assert_eq!(cell(&samples, "f", Subject::Library), "70.0");
        assert_eq!(
            cell(&samples, "f", Subject::Hybridge),
            "100 (90.0–300), library is 0.70 of it"
        );
        assert_eq!(cell(&samples, "f", Subject::OpenBao), "200, ours is 0.50 of it");
        assert_eq!(cell(&samples, "g", Subject::OpenBao), "-");
    }
}
