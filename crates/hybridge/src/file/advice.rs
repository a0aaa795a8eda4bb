//! From the TOML reader's complaint to one line and a remedy.
//! The reader names the field and those that it knows; the likely one is the nearest of them.

use std::path::Path;

use super::place::Place;
use crate::command_error::{CommandError, Kind};

/// Edits within which a name counts as a misspelling.
const EDITS_MAX: usize = 2;

/// `hybridge.toml:3:1: unknown field …`, with the likely field as a hint.
pub(super) fn explain(path: &Path, text: &str, error: &toml::de::Error) -> CommandError {
    let place = Place::of(text, error.span().map_or(0, |span| span.start));
    let (message, known) = split(error.message());
    let line = format!("{}:{place}: {message}", path.display());
    let mut explained = CommandError::message(Kind::Configuration, line);
    if let Some(likely) = misspelled(message).and_then(|wrong| nearest(wrong, &known)) {
        explained = explained.hint(format!("did you mean `{likely}`?"));
    }
    if known.is_empty() {
        explained
    } else {
        explained.hint(format!("known here: {}", known.join(", ")))
    }
}

/// serde says "unknown field `x`, expected one of `a`, `b`": what is wrong, and what is known.
fn split(message: &str) -> (&str, Vec<&str>) {
    let message = message.trim_end().lines().next().unwrap_or(message);
    match message.split_once(", expected ") {
        Some((wrong, known)) if wrong.starts_with("unknown ") => (wrong, quoted(known)),
        _ => (message, Vec::new()),
    }
}

fn quoted(list: &str) -> Vec<&str> {
    list.split('`').skip(1).step_by(2).collect()
}

fn misspelled(message: &str) -> Option<&str> {
    message
        .strip_prefix("unknown ")
        .and_then(|rest| quoted(rest).first().copied())
}

fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let best = known.iter().map(|name| (edits(wrong, name), *name)).min()?;
    (best.0 <= EDITS_MAX && best.0 < wrong.len()).then_some(best.1)
}

/// Insertions, deletions and replacements between two words (Levenshtein), in bytes.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (from, to, count) in [
            ("", "abc", 3),
            ("listn", "listen", 1),
            ("kitten", "sitting", 3),
            ("rung", "rung", 0),
        ] {
            assert_eq!(edits(from, to), count, "{from} {to}");
            assert_eq!(edits(to, from), count, "{to} {from}");
        }
    }

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["name", "listen", "upstream"];
        assert_eq!(nearest("upsteam", &known), Some("upstream"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("x", &["y"]), None);
    }

    #[test]
    fn only_complaints_about_unknown_names_are_split() {
        assert_eq!(
            split("unknown field `a`, expected `b` or `c`"),
            ("unknown field `a`", vec!["b", "c"])
        );
        assert_eq!(
            split("invalid type: integer `1`, expected a string").1,
            Vec::<&str>::new()
        );
    }
}
