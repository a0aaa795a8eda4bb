//! The schema and the settings of the writer's connection. Version 1 is the only one so far.
//!
//! `application_id` and `user_version` in SQLite's own header say whose file it is; a file of another
//! program, or of a later version, is refused untouched.

use std::path::Path;

use rusqlite::Connection;

use super::{WRITER_CACHE_KIB, fault};
use crate::fault::{Fault, FaultKind};

/// "HYBR" in ASCII.
const APPLICATION_ID: i64 = 0x4859_4252;
const FORMAT: i64 = 1;

const SCHEMA: &str = "
BEGIN IMMEDIATE;
CREATE TABLE record (
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    mark INTEGER NOT NULL,
    version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE UNIQUE INDEX record_id ON record (id, mark);
CREATE TABLE log (
    sequence INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    entry BLOB NOT NULL
);
CREATE TABLE copy_a (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE copy_b (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE damage (id BLOB PRIMARY KEY, why INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA application_id = 1213809234;
PRAGMA user_version = 1;
COMMIT;
";

/// Sets the connection up and makes the schema in an empty file.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let told = |error| fault(path, &error);
    let empty = is_empty(connection).map_err(told)?;
    if !empty {
        refuse_foreign(connection, path)?;
    }
    configure(connection).map_err(told)?;
    if empty {
        connection.execute_batch(SCHEMA).map_err(told)?;
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .map(|n| n == 0)
}

fn refuse_foreign(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(|error| fault(path, &error))?;
    let format = number("user_version").map_err(|error| fault(path, &error))?;
    if (application, format) == (APPLICATION_ID, FORMAT) {
        return Ok(());
    }
    let detail = format!("application {application:#x}, format {format}; expected format {FORMAT}");
    Err(Fault::new(FaultKind::Foreign, path, detail))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_row| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_row| Ok(()))?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update_and_check(None, "secure_delete", true, |_row| Ok(()))
}
