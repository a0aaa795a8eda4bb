//! Places in the file: from the way to a value (`route`, 1, `canary`, `weight`) to line and column.
//! A way that ends early is the place where it ends, so there is always one to show.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step on the way to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A place, counted from 1; the column counts characters. Shown as `3:10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Place {
    /// The place of a byte; past the end it is the end.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The place of the value at the end of the way, or of the last one on it that is there.
pub(super) fn find(text: &str, steps: &[Step<'_>]) -> Place {
    let offset = DeTable::parse(text).map_or(0, |table| {
        walk(table.get_ref(), steps).map_or(0, |span| span.start)
    });
    Place::of(text, offset)
}

fn walk(table: &DeTable<'_>, steps: &[Step<'_>]) -> Option<Range<usize>> {
    let (Step::Key(first), rest) = steps.split_first().map(|(first, rest)| (*first, rest))? else {
        return None;
    };
    let mut here = table.get(first)?;
    for step in rest {
        match next(here, *step) {
            Some(value) => here = value,
            None => break,
        }
    }
    Some(here.span())
}

fn next<'a, 'i>(value: &'a Spanned<DeValue<'i>>, step: Step<'_>) -> Option<&'a Spanned<DeValue<'i>>> {
    match step {
        Step::Key(key) => value.get_ref().get(key),
        Step::Index(index) => value.get_ref().get(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        let text = "a = 1\n\"ü\" = \"é\" # x\nb = 2\n";
        assert_eq!(find(text, &[Step::Key("ü")]).to_string(), "2:7");
        assert_eq!(find(text, &[Step::Key("b")]).to_string(), "3:5");
        assert_eq!(find(text, &[Step::Key("missing")]).to_string(), "1:1");
        assert_eq!(Place::of(text, 10_000).to_string(), "4:1");
    }

    #[test]
    fn a_way_that_ends_early_is_where_it_ends() {
        let text = "[[r]]\nx = 1\n[[r]]\nc = { w = 5 }\n";
        let way = |keys: &[&'static str]| {
            let keys = keys.iter().map(|key| Step::Key(key));
            find(
                text,
                &[Step::Key("r"), Step::Index(1)]
                    .into_iter()
                    .chain(keys)
                    .collect::<Vec<_>>(),
            )
            .to_string()
        };
        assert_eq!(way(&["c", "w"]), "4:11");
        assert_eq!(way(&["c", "z"]), "4:5");
        assert_eq!(way(&["z"]), "3:1");
    }
}
