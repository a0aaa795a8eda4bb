//! Name-lists (RFC 4251 §5): comma-separated names in printable ASCII.
//! The order is the peer's preference; whether a name means anything is not asked here.

use std::fmt;

use crate::malformed::{Flaw, Malformed};

/// A name-list that keeps the grammar; the empty list is one too.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NameList<'a>(&'a str);

impl<'a> NameList<'a> {
    /// Reads a name-list.
    ///
    /// # Errors
    /// When a name is empty, or a character is not printable ASCII; offsets count from the list's
    /// first byte.
    pub fn parse(list: &'a [u8]) -> Result<Self, Malformed> {
        let wrong = |flaw, offset| Malformed {
            field: "name-list",
            flaw,
            offset,
        };
        if let Some(offset) = list.iter().position(|byte| !byte.is_ascii_graphic()) {
            return Err(wrong(Flaw::BadValue, offset));
        }
        let text = std::str::from_utf8(list).map_err(|error| wrong(Flaw::BadValue, error.valid_up_to()))?;
        if !text.is_empty() && text.split(',').any(str::is_empty) {
            return Err(wrong(Flaw::Empty, 0));
        }
        Ok(Self(text))
    }

    /// The list as it is on the wire.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The names, in order of preference.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.0.split(',').filter(|name| !name.is_empty())
    }

    /// Whether the list holds a name.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|listed| listed == name)
    }

    /// What a client with this list and a server with `server` settle on: the first of the client's
    /// that the server has too (RFC 4253 §7.1).
    pub fn settle(&self, server: &NameList<'_>) -> Option<&'a str> {
        self.iter().find(|name| server.contains(name))
    }
}

impl fmt::Display for NameList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}
