//! What is on disk: the tables, how records are found, and the versioned structs.
//!
//! Every value is one byte of version and then postcard of a `…V1` struct; a struct never changes once it
//! is released, its successor gets the next byte. Times are milliseconds since 1970-01-01T00:00:00Z. The
//! domain types are not these, and these never leave the crate.

mod key;
mod version;

use hybridge_store::{Id, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use key::{read_key, write_key};
pub(crate) use version::{Stored, read_version, write_version};

use crate::{Error, KeyName};

/// One record for each key; id is the name.
pub(crate) const KEY: Table = Table("key");
/// One record for each version; id is `name ‖ 0x00 ‖ u32be version`.
pub(crate) const VERSION: Table = Table("version");
/// One record for each destroyed version, and one for each key that was destroyed as a whole.
pub(crate) const TOMBSTONE: Table = Table("tombstone");
/// How often versions were used; id is that of the version and one byte for the kind.
pub(crate) const USAGE: Table = Table("usage");
/// What the schedule has to do, in order of time; id is `kind ‖ u64be time ‖ id of key or version`.
pub(crate) const DUE: Table = Table("due");
/// The versions in quarantine; id is that of the version.
pub(crate) const QUARANTINE: Table = Table("quarantine");
/// Approvals of second administrators; what is in them is the business of `approval`.
pub(crate) const APPROVAL: Table = Table("approval");
/// Exceptions for classical suites; id is their own.
pub(crate) const EXCEPTION: Table = Table("exception");

const V1: u8 = 1;

/// The id of a key's record.
pub(crate) fn key_id(name: &KeyName) -> Id {
    Id {
        table: KEY,
        key: name.as_bytes().to_vec(),
    }
}

/// The id of a version's record in one of the tables that are ordered by version.
pub(crate) fn version_id(table: Table, name: &KeyName, version: u32) -> Id {
    Id {
        table,
        key: [&versions_of(name)[..], &version.to_be_bytes()].concat(),
    }
}

/// What the ids of all versions of a key begin with.
pub(crate) fn versions_of(name: &KeyName) -> Vec<u8> {
    [name.as_bytes(), &[0]].concat()
}

/// Reads a name and a version back from an id; no version where the id is that of a key.
pub(crate) fn split_id(key: &[u8]) -> Option<(KeyName, Option<u32>)> {
    match key.iter().position(|byte| *byte == 0) {
        None => Some((KeyName::stored(key)?, None)),
        Some(end) => {
            let version = key.get(end + 1..)?.try_into().ok()?;
            Some((KeyName::stored(&key[..end])?, Some(u32::from_be_bytes(version))))
        }
    }
}

/// What the schedule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A new version of a key.
    Rotation,
    /// Erasing a key or a version.
    Destruction,
}

impl Due {
    pub(crate) const fn prefix(self) -> [u8; 1] {
        match self {
            Self::Rotation => *b"r",
            Self::Destruction => *b"d",
        }
    }

    /// The id of an entry of the schedule, which orders by time.
    pub(crate) fn id(self, at: Timestamp, subject: &[u8]) -> Id {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Id {
            table: DUE,
            key: [&self.prefix()[..], &millis.to_be_bytes(), subject].concat(),
        }
    }

    /// The time and the subject of an entry.
    pub(crate) fn split(key: &[u8]) -> Option<(Timestamp, &[u8])> {
        let (millis, subject) = key.get(1..)?.split_first_chunk::<8>()?;
        let millis = i64::try_from(u64::from_be_bytes(*millis)).ok()?;
        Some((Timestamp::from_millisecond(millis).ok()?, subject))
    }
}

/// One byte of version and the struct, in a buffer of its final size so that no copy stays behind.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, Error> {
    let len = postcard::experimental::serialized_size(value).map_err(Error::store)?;
    let mut bytes = Zeroizing::new(vec![0; 1 + len]);
    bytes[0] = V1;
    postcard::to_slice(value, &mut bytes[1..]).map_err(Error::store)?;
    Ok(bytes)
}

/// The struct of a record; a version that is not known or bytes that do not fit are damage.
pub(crate) fn decode<'a, T: Deserialize<'a>>(id: &Id, bytes: &'a [u8]) -> Result<T, Error> {
    match bytes.split_first() {
        Some((&V1, rest)) => postcard::from_bytes(rest).map_err(|_malformed| damaged(id)),
        _ => Err(damaged(id)),
    }
}

/// The error that names a record.
pub(crate) fn damaged(id: &Id) -> Error {
    Error::Damaged {
        record: id.to_string(),
    }
}

pub(crate) fn to_millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(crate) fn from_millis(id: &Id, millis: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(millis).map_err(|_out_of_range| damaged(id))
}

pub(crate) fn maybe_from_millis(id: &Id, millis: Option<i64>) -> Result<Option<Timestamp>, Error> {
    millis.map(|millis| from_millis(id, millis)).transpose()
}

/// The same time with the precision that is kept, so that what is shown at once is what is read later.
pub(crate) fn kept(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
