//! What a rule found: a place, a message, and whether it fails the run.
//!
//! The printed form is the one that editors and terminals turn into a link.

use std::fmt;

/// One departure from a rule. Ordered by place, so that output is stable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// Relative to the repository's root, with forward slashes.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) message: String,
    pub(crate) severity: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Fails the run.
    Error,
    /// Printed, fails nothing.
    Note,
}

impl Violation {
    pub(crate) fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
            severity: Severity::Error,
        }
    }

    pub(crate) fn note(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(path, line, message)
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.severity == Severity::Note {
            "note: "
        } else {
            ""
        };
        write!(out, "{prefix}{}:{}: {}", self.path, self.line, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_a_place_that_editors_understand() {
        assert_eq!(
            Violation::error("a/b.rs", 7, "too long").to_string(),
            "a/b.rs:7: too long"
        );
        assert_eq!(
            Violation::note("a/b.rs", 7, "long").to_string(),
            "note: a/b.rs:7: long"
        );
    }
}
