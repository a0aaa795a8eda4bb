//! The embedded backend: SQLite in one file, with a write-ahead log and `synchronous=FULL`.
//!
//! Rows lie in the order of their first insertion and are found through an index over their identities, so
//! that large rows need no overflow pages and the pages of a group of inserts lie together. SQLite itself
//! never checkpoints on its own: the writer does, when nothing waits or the write-ahead log grows long.
//! Another process is kept out by a lock file, and seen if it writes all the same.

mod reader;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use crate::backend::{Backend, FoundEntry, Pace, Page, Reader, Readers, Side};
use crate::fault::{Damage, Fault, FaultKind};
use crate::lock::{self, Lock};
use crate::log::Entry;
use crate::record::Id;
use crate::row::{Found, Row, encode, entry_checksum};
pub(crate) use reader::SqliteReader;

/// Pages in the write-ahead log from which on it is checkpointed when nothing waits.
const WAL_PAGES_QUIET: u32 = 1_000;
/// Pages in the write-ahead log from which on it is checkpointed although transactions wait.
const WAL_PAGES_BUSY: u32 = 4_000;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// An open database, the writer's connection.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    /// What SQLite's write-ahead log holds, in pages; told by SQLite after each commit.
    wal_pages: Arc<AtomicU32>,
    foreign_writes: i64,
    /// Read transactions that were open at the last checkpoint may have kept the log from being emptied.
    wal_pages_left: u32,
    _lock: Lock,
}

impl Sqlite {
    /// Opens a database, or makes it if there is none.
    ///
    /// # Errors
    /// A [`Fault`] that names the file: locked, not allowed, read-only, malformed, of another kind.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let lock = lock::lock(path)?;
        lock::create(path)?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let told = |error| fault(path, &error);
        schema::prepare(&connection, path)?;
        let foreign_writes = foreign_writes(&connection).map_err(told)?;
        lock::sync_folder(path).map_err(|error| Fault::io(path, &error))?;
        let mut sqlite = Self {
            connection,
            path: path.to_owned(),
            wal_pages: Arc::default(),
            foreign_writes,
            wal_pages_left: 0,
            _lock: lock,
        };
        sqlite.listen().map_err(told)?;
        Ok(sqlite)
    }

    fn listen(&mut self) -> rusqlite::Result<()> {
        let pages = Arc::clone(&self.wal_pages);
        self.connection
            .wal_hook(Some(move |_: &'_ mut rusqlite::hooks::Wal, count| {
                pages.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
                Ok(())
            }))
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, Fault> {
        let statement = self.connection.prepare_cached(sql);
        let changed = statement.and_then(|mut statement| statement.execute(values));
        changed.map_err(|error| fault(&self.path, &error))
    }

    fn misled(&self, id: &Id) -> Fault {
        reader::misled(&self.path, id)
    }

    fn checkpoint(&mut self) -> Result<(), Fault> {
        let done = self
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            });
        match done {
            Ok((pages, moved)) => {
                self.wal_pages_left = u32::try_from(pages - moved).unwrap_or(0);
                self.wal_pages.store(self.wal_pages_left, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                self.wal_pages_left = self.wal_pages.load(Ordering::Relaxed);
                let fault = fault(&self.path, &error);
                let is_harmless = matches!(fault.kind, FaultKind::Full | FaultKind::Locked);
                if is_harmless { Ok(()) } else { Err(fault) }
            }
        }
    }

    fn check_for_intruder(&self) -> Result<(), Fault> {
        let seen = foreign_writes(&self.connection).map_err(|error| fault(&self.path, &error))?;
        if seen == self.foreign_writes {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::Intruder,
            &self.path,
            "the database changed between two transactions",
        ))
    }
}

impl Backend for Sqlite {
    fn begin(&mut self) -> Result<(), Fault> {
        self.run("BEGIN IMMEDIATE", [])?;
        self.check_for_intruder().inspect_err(|_intruder| {
            let _closed = self.rollback();
        })
    }

    fn insert(&mut self, row: &Row) -> Result<(), Fault> {
        let id = encode(&row.id);
        let mark = reader::mark(&id);
        let version = signed(row.version);
        self.run(
            "INSERT INTO record (id, mark, version, epoch, checksum, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id, mark, version, row.epoch, row.checksum, row.sealed],
        )
        .map(drop)
    }

    fn update(&mut self, row: &Row) -> Result<(), Fault> {
        let version = signed(row.version);
        let changed = self.run(
            "UPDATE record SET version = ?2, epoch = ?3, checksum = ?4, sealed = ?5 WHERE id = ?1",
            params![encode(&row.id), version, row.epoch, row.checksum, row.sealed],
        )?;
        if changed == 1 {
            Ok(())
        } else {
            Err(self.misled(&row.id))
        }
    }

    fn delete(&mut self, id: &Id) -> Result<bool, Fault> {
        let changed = self.run("DELETE FROM record WHERE id = ?1", [encode(id)])?;
        if changed == 0 && self.row(id)?.is_some() {
            return Err(self.misled(id));
        }
        Ok(changed > 0)
    }

    fn append(&mut self, entry: &Entry) -> Result<(), Fault> {
        self.run(
            "INSERT INTO log (sequence, hash, checksum, entry) VALUES (?1, ?2, ?3, ?4)",
            params![
                signed(entry.sequence),
                entry.hash,
                entry_checksum(entry),
                entry.bytes
            ],
        )
        .map(drop)
    }

    fn put_copy(&mut self, side: Side, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let sql = match side {
            Side::A => "INSERT OR REPLACE INTO copy_a (name, bytes) VALUES (?1, ?2)",
            Side::B => "INSERT OR REPLACE INTO copy_b (name, bytes) VALUES (?1, ?2)",
        };
        self.run(sql, params![name, bytes]).map(drop)
    }

    fn add(&mut self, name: &str, change: i64) -> Result<(), Fault> {
        self.run(
            "INSERT INTO tally (name, count) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET count = count + ?2",
            params![name, change],
        )
        .map(drop)
    }

    fn note(&mut self, damage: &Damage) -> Result<(), Fault> {
        let why = reader::why_code(damage.why);
        self.run(
            "INSERT OR REPLACE INTO damage (id, why) VALUES (?1, ?2)",
            params![encode(&damage.id), why],
        )
        .map(drop)
    }

    fn forget(&mut self, id: &Id) -> Result<(), Fault> {
        self.run("DELETE FROM damage WHERE id = ?1", [encode(id)])
            .map(drop)
    }

    fn rebuild(&mut self) -> Result<(), Fault> {
        self.run("REINDEX record_id", []).map(drop)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.run("COMMIT", []).map(drop)
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.run("ROLLBACK", []).map(drop)
    }

    fn rest(&mut self, pace: Pace) -> Result<(), Fault> {
        let limit = match pace {
            Pace::Busy => WAL_PAGES_BUSY,
            Pace::Quiet => WAL_PAGES_QUIET,
        };
        let pages = self.wal_pages.load(Ordering::Relaxed);
        if pages < self.wal_pages_left.saturating_add(limit) {
            return Ok(());
        }
        self.checkpoint()
    }

    fn close(&mut self) -> Result<(), Fault> {
        let emptied = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()));
        emptied.map_err(|error| fault(&self.path, &error))
    }

    fn readers(&self) -> Readers {
        let path = self.path.clone();
        Box::new(move || Ok(Box::new(SqliteReader::open(&path)?)))
    }
}

/// The writer reads through its own connection: what its transaction has written is seen.
impl Reader for Sqlite {
    fn row(&mut self, id: &Id) -> Result<Option<Found>, Fault> {
        let found = reader::row(&self.connection, id).map_err(|error| fault(&self.path, &error))?;
        found.ok_or_else(|| self.misled(id))
    }

    fn rows(&mut self, page: &Page<'_>) -> Result<Vec<Found>, Fault> {
        reader::rows(&self.connection, page).map_err(|error| fault(&self.path, &error))
    }

    fn walk(&mut self, after: i64, limit: usize) -> Result<Vec<(i64, Found)>, Fault> {
        reader::walk(&self.connection, after, limit).map_err(|error| fault(&self.path, &error))
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<FoundEntry>, Fault> {
        reader::entries(&self.connection, from, limit).map_err(|error| fault(&self.path, &error))
    }

    fn last_entry(&mut self) -> Result<Option<FoundEntry>, Fault> {
        reader::last_entry(&self.connection).map_err(|error| fault(&self.path, &error))
    }

    fn copy(&mut self, side: Side, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        reader::copy(&self.connection, side, name).map_err(|error| fault(&self.path, &error))
    }

    fn tally(&mut self, name: &str) -> Result<u64, Fault> {
        reader::tally(&self.connection, name).map_err(|error| fault(&self.path, &error))
    }

    fn tallies(&mut self) -> Result<Vec<(String, u64)>, Fault> {
        reader::tallies(&self.connection).map_err(|error| fault(&self.path, &error))
    }

    fn noted(&mut self) -> Result<Vec<Damage>, Fault> {
        reader::noted(&self.connection).map_err(|error| fault(&self.path, &error))
    }

    /// The writer's own view is not frozen: it is the one that changes.
    fn freeze(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn inspect(&mut self) -> Result<Vec<String>, Fault> {
        reader::inspect(&self.connection).map_err(|error| fault(&self.path, &error))
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, Fault> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| fault(path, &error))?;
    // Else SQLite plans a prepared range query anew whenever its bounds change, which is each time.
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true))
        .map_err(|error| fault(path, &error))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Grows whenever another connection commits. Ours are read-only, so it never should.
fn foreign_writes(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}

/// SQLite's integers are signed; versions and sequence numbers stay far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// SQLite's error in the store's terms.
pub(crate) fn fault(path: &Path, error: &rusqlite::Error) -> Fault {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FaultKind::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => FaultKind::Locked,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation) => {
            FaultKind::Corrupt
        }
        Some(ErrorCode::ReadOnly) => FaultKind::ReadOnly,
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            FaultKind::Permission
        }
        Some(ErrorCode::SchemaChanged) => FaultKind::Foreign,
        _ => FaultKind::Io,
    };
    let extended = error.sqlite_error().map_or(0, |inner| inner.extended_code);
    Fault::new(kind, path, format_args!("{error}, SQLite code {extended}"))
}
