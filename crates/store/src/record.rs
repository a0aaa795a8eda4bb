//! Records and transactions: what callers say and get.
//!
//! A record is a value under an identity, with a version that starts at 1 and grows by one at each put.
//! Identities are not sealed and order bytewise. A transaction is judged by its preconditions, in the
//! order in which transactions were handed in; then all of its writes and log entries are made, or none.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::log::Head;

/// The longest name of a table, in bytes.
pub const TABLE_LEN_MAX: usize = 32;
/// The longest key, in bytes.
pub const KEY_LEN_MAX: usize = 1024;
const TABLES_MAX: usize = 64;

/// The name of a table: lower-case ASCII letters, digits, `-` and `_`, at most 32 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub &'static str);

impl Table {
    /// The table of a name that was read from a file. At most 64 different names are kept; none for a
    /// name that is not well-formed, or one too many.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        if !is_well_formed(name) {
            return None;
        }
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Some(Self(known));
        }
        if names.len() >= TABLES_MAX {
            return None;
        }
        let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
        names.insert(kept);
        Some(Self(kept))
    }
}

fn is_well_formed(name: &str) -> bool {
    let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=TABLE_LEN_MAX).contains(&name.len()) && name.bytes().all(is_letter)
}

/// What a record is known by. Plain, also in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    pub table: Table,
    /// At most 1,024 bytes.
    pub key: Vec<u8>,
}

impl Id {
    #[must_use]
    pub fn new(table: Table, key: impl Into<Vec<u8>>) -> Self {
        Self {
            table,
            key: key.into(),
        }
    }

    pub(crate) fn is_well_formed(&self) -> bool {
        is_well_formed(self.table.0) && self.key.len() <= KEY_LEN_MAX
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.table.0, self.key.escape_ascii())
    }
}

/// A record as it is committed.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Starts at 1 and grows by one at each put.
    pub version: u64,
    pub value: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Record {{ version: {}, value: <redacted> }}", self.version)
    }
}

/// What must hold when the transaction's turn has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    Absent(Id),
    Present(Id),
    Version(Id, u64),
}

impl Precondition {
    #[must_use]
    pub fn id(&self) -> &Id {
        match self {
            Self::Absent(id) | Self::Present(id) | Self::Version(id, _) => id,
        }
    }

    /// The version that the precondition lets through, 0 for an absent record; none when several may pass.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        match self {
            Self::Absent(_) => Some(0),
            Self::Present(_) => None,
            Self::Version(_, version) => Some(*version),
        }
    }

    pub(crate) fn holds(&self, version: u64) -> bool {
        match self {
            Self::Absent(_) => version == 0,
            Self::Present(_) => version > 0,
            Self::Version(_, expected) => version == *expected,
        }
    }
}

/// One change of one record.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    Put(Id, Zeroizing<Vec<u8>>),
    /// Deletes a record, damaged or not; nothing happens when there is none.
    Delete(Id),
}

impl Write {
    #[must_use]
    pub fn id(&self) -> &Id {
        match self {
            Self::Put(id, _) | Self::Delete(id) => id,
        }
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(id, _) => write!(out, "Put({id}, <redacted>)"),
            Self::Delete(id) => write!(out, "Delete({id})"),
        }
    }
}

/// All or nothing: judged by the preconditions, then the writes in order, then the log entries in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    pub preconditions: Vec<Precondition>,
    pub writes: Vec<Write>,
    /// Appended to the log as they are, unsealed.
    pub entries: Vec<Vec<u8>>,
}

/// Proof that a transaction is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The sequence numbers of the transaction's log entries; the first of a store is 1.
    pub entries: Range<u64>,
    /// The log after this transaction.
    pub head: Head,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_once_and_only_by_a_well_formed_name() {
        let first = Table::named("record-test").unwrap();
        assert_eq!(Table::named("record-test"), Some(first));
        for bad in ["", "Key", "a b", "a\0", "ä", &"x".repeat(33)] {
            assert_eq!(Table::named(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn values_are_not_printed() {
        let id = Id::new(Table("key"), *b"a");
        let shown = format!(
            "{:?} {:?}",
            Write::Put(id, b"secret".to_vec().into()),
            Record {
                version: 1,
                value: b"secret".to_vec().into()
            }
        );
        assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
    }
}
