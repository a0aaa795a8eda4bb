//! Reading from SQLite: the queries, and the connection of one reader.
//!
//! Every column is read without trust: a value of another type than the one that was written is damage of
//! that row, not an error of the query.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row as Columns, params};

use super::{connect, fault, signed};
use crate::backend::{FoundEntry, Page, Reader, Side};
use crate::fault::{Damage, Fault, FaultKind, Why};
use crate::log::Entry;
use crate::record::Id;
use crate::row::{Found, Row, decode, encode, encode_parts, entry_checksum};

const READER_CACHE_KIB: i64 = 4 * 1024;
const COLUMNS: &str = "version, epoch, checksum, sealed";

/// A read-only connection.
#[derive(Debug)]
pub(crate) struct SqliteReader {
    connection: Connection,
    path: PathBuf,
}

impl SqliteReader {
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let configured = connection
            .pragma_update(None, "cache_size", -READER_CACHE_KIB)
            .and_then(|()| connection.pragma_update(None, "cell_size_check", true));
        configured.map_err(|error| fault(path, &error))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, Fault> {
        result.map_err(|error| fault(&self.path, &error))
    }
}

impl Reader for SqliteReader {
    fn row(&mut self, id: &Id) -> Result<Option<Found>, Fault> {
        self.told(row(&self.connection, id))?
            .ok_or_else(|| misled(&self.path, id))
    }

    fn rows(&mut self, page: &Page<'_>) -> Result<Vec<Found>, Fault> {
        self.told(rows(&self.connection, page))
    }

    fn walk(&mut self, after: i64, limit: usize) -> Result<Vec<(i64, Found)>, Fault> {
        self.told(walk(&self.connection, after, limit))
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<FoundEntry>, Fault> {
        self.told(entries(&self.connection, from, limit))
    }

    fn last_entry(&mut self) -> Result<Option<FoundEntry>, Fault> {
        self.told(last_entry(&self.connection))
    }

    fn copy(&mut self, side: Side, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.told(copy(&self.connection, side, name))
    }

    fn tally(&mut self, name: &str) -> Result<u64, Fault> {
        self.told(tally(&self.connection, name))
    }

    fn tallies(&mut self) -> Result<Vec<(String, u64)>, Fault> {
        self.told(tallies(&self.connection))
    }

    fn noted(&mut self) -> Result<Vec<Damage>, Fault> {
        self.told(noted(&self.connection))
    }

    /// `BEGIN` alone reads nothing; the first query decides which state is seen, so one is made at once.
    fn freeze(&mut self) -> Result<(), Fault> {
        self.told(
            self.connection
                .execute_batch("BEGIN; SELECT count(*) FROM copy_a;"),
        )
    }

    fn inspect(&mut self) -> Result<Vec<String>, Fault> {
        self.told(inspect(&self.connection))
    }
}

/// The row of an identity, or none when the index may have led astray: a lookup that found nothing ends
/// between two entries, and if a damaged one sent it there, it is one of these two.
pub(super) fn row(connection: &Connection, id: &Id) -> rusqlite::Result<Option<Option<Found>>> {
    let encoded = encode(id);
    let mut statement =
        connection.prepare_cached("SELECT version, epoch, checksum, sealed FROM record WHERE id = ?1")?;
    let found = statement
        .query_row([&encoded], |columns| found(id.clone(), columns, 0))
        .optional()?;
    if found.is_some() {
        return Ok(Some(found));
    }
    let before = "SELECT id, mark FROM record WHERE id < ?1 ORDER BY id DESC LIMIT 1";
    let behind = "SELECT id, mark FROM record WHERE id > ?1 ORDER BY id LIMIT 1";
    let believed = is_sound(connection, before, &encoded)? && is_sound(connection, behind, &encoded)?;
    Ok(believed.then_some(None))
}

fn is_sound(connection: &Connection, sql: &str, id: &[u8]) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(sql)?;
    let each = |columns: &Columns<'_>| Ok(i64::from(mark(&bytes(columns, 0)?)) == integer(columns, 1)?);
    Ok(statement.query_row([id], each).optional()?.unwrap_or(true))
}

/// What an index entry is checked by.
pub(super) fn mark(id: &[u8]) -> u32 {
    crc32fast::hash(id)
}

pub(super) fn misled(path: &Path, id: &Id) -> Fault {
    Fault::new(FaultKind::Index, path, format_args!("while {id} was looked up"))
}

pub(super) fn rows(connection: &Connection, page: &Page<'_>) -> rusqlite::Result<Vec<Found>> {
    let start = encode_parts(page.table, page.prefix);
    let after = page
        .after
        .map(|key| encode_parts(page.table, key))
        .filter(|after| *after >= start);
    let end = successor(&start);
    let compare = if after.is_some() { ">" } else { ">=" };
    let sql =
        format!("SELECT id, {COLUMNS} FROM record WHERE id {compare} ?1 AND id < ?2 ORDER BY id LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let values = params![after.unwrap_or(start), end, limit(page.limit)];
    statement
        .query_map(values, |columns| found(identity(columns, 0)?, columns, 1))?
        .collect()
}

pub(super) fn walk(connection: &Connection, after: i64, most: usize) -> rusqlite::Result<Vec<(i64, Found)>> {
    let sql =
        format!("SELECT position, id, {COLUMNS} FROM record WHERE position > ?1 ORDER BY position LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let each = |columns: &Columns<'_>| Ok((columns.get(0)?, found(identity(columns, 1)?, columns, 2)?));
    statement.query_map(params![after, limit(most)], each)?.collect()
}

pub(super) fn entries(connection: &Connection, from: u64, most: usize) -> rusqlite::Result<Vec<FoundEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, hash, checksum, entry FROM log WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
    )?;
    statement
        .query_map(params![signed(from), limit(most)], entry)?
        .collect()
}

pub(super) fn last_entry(connection: &Connection) -> rusqlite::Result<Option<FoundEntry>> {
    let mut statement = connection
        .prepare_cached("SELECT sequence, hash, checksum, entry FROM log ORDER BY sequence DESC LIMIT 1")?;
    statement.query_row([], entry).optional()
}

pub(super) fn copy(connection: &Connection, side: Side, name: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = match side {
        Side::A => "SELECT bytes FROM copy_a WHERE name = ?1",
        Side::B => "SELECT bytes FROM copy_b WHERE name = ?1",
    };
    let mut statement = connection.prepare_cached(sql)?;
    statement
        .query_row([name], |columns| bytes(columns, 0))
        .optional()
}

pub(super) fn tally(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT count FROM tally WHERE name = ?1")?;
    let count = statement
        .query_row([name], |columns| integer(columns, 0))
        .optional()?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

pub(super) fn tallies(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare_cached("SELECT name, count FROM tally ORDER BY name")?;
    let each = |columns: &Columns<'_>| {
        let count = u64::try_from(integer(columns, 1)?).unwrap_or(0);
        Ok((String::from_utf8_lossy(&bytes(columns, 0)?).into_owned(), count))
    };
    statement.query_map([], each)?.collect()
}

pub(super) fn noted(connection: &Connection) -> rusqlite::Result<Vec<Damage>> {
    let mut statement = connection.prepare_cached("SELECT id, why FROM damage ORDER BY id")?;
    let each = |columns: &Columns<'_>| {
        Ok(Damage {
            id: identity(columns, 0)?,
            why: why_of(integer(columns, 1)?),
        })
    };
    statement.query_map([], each)?.collect()
}

pub(super) fn inspect(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |columns| columns.get::<_, String>(0))?;
    lines
        .filter(|line| !matches!(line, Ok(sound) if sound == "ok"))
        .collect()
}

/// Version, epoch, checksum and sealed bytes from a column on.
fn found(id: Id, columns: &Columns<'_>, from: usize) -> rusqlite::Result<Found> {
    let row = Row {
        id,
        version: u64::try_from(integer(columns, from)?).unwrap_or(0),
        epoch: u32::try_from(integer(columns, from + 1)?).unwrap_or(0),
        checksum: u32::try_from(integer(columns, from + 2)?).unwrap_or(0),
        sealed: bytes(columns, from + 3)?,
    };
    Ok(row.checked())
}

fn entry(columns: &Columns<'_>) -> rusqlite::Result<FoundEntry> {
    let sequence = u64::try_from(columns.get::<_, i64>(0)?).unwrap_or(0);
    let Ok(hash) = bytes(columns, 1)?.try_into() else {
        return Ok(Err(sequence));
    };
    let entry = Entry {
        sequence,
        hash,
        bytes: bytes(columns, 3)?,
    };
    let intact = i64::from(entry_checksum(&entry)) == integer(columns, 2)?;
    Ok(if intact { Ok(entry) } else { Err(sequence) })
}

fn identity(columns: &Columns<'_>, at: usize) -> rusqlite::Result<Id> {
    bytes(columns, at).map(|bytes| decode(&bytes))
}

fn bytes(columns: &Columns<'_>, at: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(match columns.get_ref(at)? {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    })
}

fn integer(columns: &Columns<'_>, at: usize) -> rusqlite::Result<i64> {
    Ok(match columns.get_ref(at)? {
        ValueRef::Integer(number) => number,
        _ => -1,
    })
}

/// The smallest byte string above every one that starts with `prefix`. A prefix holds a table's name, so a
/// byte that can be raised is always there.
fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    end
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

pub(super) fn why_code(why: Why) -> i64 {
    match why {
        Why::Checksum => 1,
        Why::Seal => 2,
        Why::Epoch => 3,
    }
}

fn why_of(code: i64) -> Why {
    match code {
        2 => Why::Seal,
        3 => Why::Epoch,
        _ => Why::Checksum,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_successor_is_above_all_with_the_prefix() {
        assert_eq!(super::successor(b"a\0b"), b"a\0c");
        assert_eq!(super::successor(b"a\0\xff\xff"), b"a\x01");
    }
}
