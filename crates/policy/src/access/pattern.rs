//! A pattern for names: `*` stands for any run of characters, `?` for one, everything else for itself.
//!
//! Matching takes time proportional to the product of the lengths at most, whatever the pattern is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

const LEN_MAX: usize = 128;

/// A pattern such as `app-*` or `key.sign`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    #[error("a pattern has 1 to {LEN_MAX} characters")]
    Length,
    #[error("{0:?} does not belong in a pattern: letters, digits, '-', '_', '.', '/', '*' and '?' do")]
    Character(char),
}

impl Pattern {
    /// The pattern that matches every name.
    pub fn any() -> Self {
        Self("*".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it matches every name.
    pub fn is_any(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }

    pub fn matches(&self, name: &str) -> bool {
        matches(self.0.as_bytes(), name.as_bytes())
    }

    /// Whether it surely matches all that `other` matches. Sound, and complete but for patterns in which
    /// `?` and `*` stand in for each other: for those it says no.
    pub fn contains(&self, other: &Self) -> bool {
        // The other's wildcards are read as characters that only a `*` of ours can stand for.
        matches(self.0.as_bytes(), other.0.as_bytes()) && self.questions_are_plain(other)
    }

    /// A `?` of ours must not have stood for a wildcard of the other.
    fn questions_are_plain(&self, other: &Self) -> bool {
        !self.0.contains('?') || !other.0.contains(['*', '?']) || self == other
    }
}

/// Two pointers; at a mismatch the last `*` takes one character more.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while read < name.len() {
        match (pattern.get(at), retry) {
            (Some(b'*'), _) => {
                retry = Some((at + 1, read));
                at += 1;
            }
            (Some(&byte), _) if byte == b'?' || byte == name[read] => {
                at += 1;
                read += 1;
            }
            (_, Some((after, taken))) => {
                retry = Some((after, taken + 1));
                (at, read) = (after, taken + 1);
            }
            _ => return false,
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let known = |c: &char| c.is_ascii_alphanumeric() || "-_./*?".contains(*c);
        if text.is_empty() || text.len() > LEN_MAX {
            return Err(InvalidPattern::Length);
        }
        match text.chars().find(|c| !known(c)) {
            Some(stranger) => Err(InvalidPattern::Character(stranger)),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidPattern, Pattern};

    fn pattern(text: &str) -> Pattern {
        text.parse().expect("a test pattern")
    }

    fn check(text: &str, hits: &[&str], misses: &[&str]) {
        for hit in hits {
            assert!(pattern(text).matches(hit), "{text} misses {hit}");
        }
        for miss in misses {
            assert!(!pattern(text).matches(miss), "{text} hits {miss}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_and_a_question_mark_for_one() {
        check("app", &["app"], &["", "ap", "apps", "APP"]);
        check("app-*", &["app-", "app-1", "app-a-b"], &["app", "xapp-1"]);
        check("*-key", &["-key", "a-key", "key-key"], &["key", "a-keys"]);
        check("a*b*c", &["abc", "aXbYc", "abbcc"], &["ab", "acb"]);
        check("a?c", &["abc"], &["ac", "abbc"]);
        check("*", &["", "anything"], &[]);
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let text = "*a".repeat(60);
        assert!(
            !pattern(&text).matches(&"a".repeat(59).repeat(20).replace("aa", "ab")[..1100].replace('a', "b"))
        );
        assert!(pattern(&text).matches(&"a".repeat(10_000)));
    }

    #[test]
    fn containment_is_never_claimed_wrongly() {
        for (wide, narrow) in [
            ("*", "app-*"),
            ("app-*", "app-1"),
            ("app-*", "app-x*"),
            ("a*", "a?"),
            ("a?", "a?"),
        ] {
            assert!(
                pattern(wide).contains(&pattern(narrow)),
                "{wide} contains {narrow}"
            );
        }
        for (wide, narrow) in [
            ("app-*", "*"),
            ("app-1", "app-*"),
            ("a?", "a*"),
            ("?", "*"),
            ("a*b", "a*"),
            ("a?*", "a*"),
        ] {
            assert!(
                !pattern(wide).contains(&pattern(narrow)),
                "{wide} does not contain {narrow}"
            );
        }
    }

    #[test]
    fn what_no_name_has_is_refused() {
        assert_eq!("".parse::<Pattern>(), Err(InvalidPattern::Length));
        assert_eq!("a b".parse::<Pattern>(), Err(InvalidPattern::Character(' ')));
        assert_eq!("a".repeat(129).parse::<Pattern>(), Err(InvalidPattern::Length));
    }
}
