//! What is wrong with a message, and where: one error for every parser of this crate.
//! It is small and `Copy`, names the field as the RFC does, and fits a log line and a metric label.

use std::fmt;

/// Bytes that break the grammar of the message they claim to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Malformed {
    /// The field that is wrong, as the RFC spells it (`cipher_suites`, `key_share`, …).
    pub field: &'static str,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// Where it begins: bytes from the start of what was parsed.
    pub offset: usize,
}

/// The ways a field can be wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Flaw {
    /// It claims more bytes than there are.
    Truncated,
    /// Bytes follow where nothing may.
    TrailingBytes,
    /// Its length is none the grammar allows (odd, over a limit, not the fixed one).
    BadLength,
    /// It holds nothing and must hold something.
    Empty,
    /// It appears more than once and must not.
    Duplicate,
    /// It stands in the wrong place.
    Misplaced,
    /// Its value is none of those allowed here.
    BadValue,
    /// The message is longer than this crate reads.
    TooLong,
}

impl Flaw {
    /// A short stable word, fit for a metric label or a log field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing_bytes",
            Self::BadLength => "bad_length",
            Self::Empty => "empty",
            Self::Duplicate => "duplicate",
            Self::Misplaced => "misplaced",
            Self::BadValue => "bad_value",
            Self::TooLong => "too_long",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Truncated => "claims more bytes than there are",
            Self::TrailingBytes => "has bytes after its end",
            Self::BadLength => "has a length that is not allowed",
            Self::Empty => "is empty",
            Self::Duplicate => "appears twice",
            Self::Misplaced => "stands in the wrong place",
            Self::BadValue => "has a value that is not allowed",
            Self::TooLong => "is too long",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at byte {} {}",
            self.field,
            self.offset,
            self.flaw.sentence()
        )
    }
}

impl std::error::Error for Malformed {}
