//! The name of a key: what callers, patterns and the audit log call it.
//!
//! A name is proof that it was checked: 1 to 128 of `a-z 0-9 . _ - /`, starting and ending with a letter or
//! a digit, without `//` and `..`. Names order bytewise, as the store does. Names that begin with `@` belong
//! to the service itself; `parse` refuses them, so no caller can reach such a key.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name in bytes.
pub const NAME_LEN_MAX: usize = 128;

/// A checked key name. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Arc<str>);

impl KeyName {
    /// Checks a caller's name.
    ///
    /// # Errors
    /// [`NameError`] says which rule the name breaks.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        check(name).map(|()| Self(name.into()))
    }

    /// One of the service's own keys, for the few operations that an operator may ask of them.
    #[must_use]
    pub fn of_service(name: &str) -> Option<Self> {
        ["@audit", "@exchange"].contains(&name).then(|| Self(name.into()))
    }

    /// A name of the service's own, which begins with `@`.
    pub(crate) fn internal(name: &'static str) -> Self {
        debug_assert!(name.starts_with('@'));
        Self(name.into())
    }

    /// Takes a name back from the store, where only checked names were written.
    pub(crate) fn stored(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        let own = name.strip_prefix('@').unwrap_or(name);
        check(own).is_ok().then(|| Self(name.into()))
    }

    /// True for the service's own keys.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.0.starts_with('@')
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the store orders it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn check(name: &str) -> Result<(), NameError> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > NAME_LEN_MAX {
        return Err(NameError::Length);
    }
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !bytes.iter().all(|byte| is_plain(byte) || b"._-/".contains(byte)) {
        return Err(NameError::Character);
    }
    if !bytes.first().is_some_and(is_plain) || !bytes.last().is_some_and(is_plain) {
        return Err(NameError::Ends);
    }
    if name.contains("//") || name.contains("..") {
        return Err(NameError::Repeated);
    }
    Ok(())
}

/// Which rule of names was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty or longer than [`NAME_LEN_MAX`].
    #[error("a key name has 1 to {NAME_LEN_MAX} characters")]
    Length,
    /// Another character than `a-z 0-9 . _ - /`.
    #[error("a key name is made of a-z, 0-9, `.`, `_`, `-` and `/`")]
    Character,
    /// Starts or ends with a separator.
    #[error("a key name starts and ends with a letter or a digit")]
    Ends,
    /// Has `//` or `..`.
    #[error("a key name has no `//` and no `..`")]
    Repeated,
}

impl FromStr for KeyName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::parse(name)
    }
}

impl Borrow<str> for KeyName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyName, NAME_LEN_MAX, NameError};

    fn check(name: &str, expect: Result<(), NameError>) {
        assert_eq!(KeyName::parse(name).map(|_name| ()), expect, "{name}");
    }

    #[test]
    fn accepts_plain_names_and_paths() {
        for name in ["a", "0", "payments/card-pan.v2_x", &"a".repeat(NAME_LEN_MAX)] {
            check(name, Ok(()));
        }
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        check("", Err(NameError::Length));
        check(&"a".repeat(NAME_LEN_MAX + 1), Err(NameError::Length));
        for name in ["A", "a b", "ä", "a\0b", "@audit", "a%2fb", "a\\b"] {
            check(name, Err(NameError::Character));
        }
        for name in ["/a", "a/", ".", "a.", "-a"] {
            check(name, Err(NameError::Ends));
        }
        check("a//b", Err(NameError::Repeated));
        check("a/../b", Err(NameError::Repeated));
    }

    #[test]
    fn only_the_service_has_names_of_its_own() {
        let own = KeyName::internal("@audit");
        assert!(own.is_internal());
        assert_eq!(KeyName::stored(b"@audit"), Some(own));
        assert_eq!(KeyName::stored(b"@"), None);
        assert_eq!(KeyName::stored(b"A"), None);
    }
}
