//! What a backend must be able to do: keep rows, a log and a few small copies, in transactions.
//!
//! A backend knows neither keys nor preconditions nor the hash chain; those are the writer's. It must give
//! exact, durable transactions to one writer and committed reads to many readers. The suite in
//! `conformance` decides whether an implementation may be used.

use crate::fault::{Damage, Fault};
use crate::log::Entry;
use crate::record::{Id, Table};
use crate::row::{Found, Row};

/// The two sides on which header and root record are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

/// A log entry, or the sequence number of one that is damaged.
pub type FoundEntry = Result<Entry, u64>;

/// Reads what is committed; inside the writer's own transaction also what that has written.
pub trait Reader: Send {
    /// The row of an identity. That there is none must be certain: see [`crate::FaultKind::Index`].
    ///
    /// # Errors
    /// A fault of the storage; damage of the one row is inside the result.
    fn row(&mut self, id: &Id) -> Result<Option<Found>, Fault>;

    /// At most `limit` rows of a table whose key starts with `prefix` and comes after `after`, by key.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn rows(&mut self, page: &Page<'_>) -> Result<Vec<Found>, Fault>;

    /// At most `limit` rows of all tables after a position, with their positions. A row keeps its position.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn walk(&mut self, after: i64, limit: usize) -> Result<Vec<(i64, Found)>, Fault>;

    /// At most `limit` log entries with sequence numbers from `from` on, ascending.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<FoundEntry>, Fault>;

    /// The last entry of the log.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn last_entry(&mut self) -> Result<Option<FoundEntry>, Fault>;

    /// One of the two copies kept under a name.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn copy(&mut self, side: Side, name: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// A counter; 0 when it was never added to.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn tally(&mut self, name: &str) -> Result<u64, Fault>;

    /// All counters.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn tallies(&mut self) -> Result<Vec<(String, u64)>, Fault>;

    /// The damage that was noted and not forgotten.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn noted(&mut self) -> Result<Vec<Damage>, Fault>;

    /// From now on this reader sees one state, whatever is committed meanwhile. For a reader of its own.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn freeze(&mut self) -> Result<(), Fault>;

    /// Examines the whole structure on disk; one line per finding, none when it is sound.
    ///
    /// # Errors
    /// As [`Reader::row`].
    fn inspect(&mut self) -> Result<Vec<String>, Fault>;
}

/// Which rows [`Reader::rows`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    pub table: Table,
    pub prefix: &'a [u8],
    pub after: Option<&'a [u8]>,
    pub limit: usize,
}

/// Makes readers, from any thread.
pub type Readers = Box<dyn Fn() -> Result<Box<dyn Reader>, Fault> + Send + Sync>;

/// The one writer's side. Every method but [`Backend::begin`] belongs into a transaction.
pub trait Backend: Reader {
    /// # Errors
    /// A fault; no transaction is open then.
    fn begin(&mut self) -> Result<(), Fault>;

    /// Adds a row whose identity is new.
    ///
    /// # Errors
    /// A fault, also when there is such a row; the transaction must be rolled back then. The same holds for
    /// the methods below.
    fn insert(&mut self, row: &Row) -> Result<(), Fault>;

    /// Replaces the row with the same identity, keeping its position.
    ///
    /// # Errors
    /// As [`Backend::insert`], also when there is no such row.
    fn update(&mut self, row: &Row) -> Result<(), Fault>;

    /// Deletes a row and says whether there was one.
    ///
    /// # Errors
    /// As [`Backend::insert`].
    fn delete(&mut self, id: &Id) -> Result<bool, Fault>;

    /// Appends an entry; its sequence number is new.
    ///
    /// # Errors
    /// As [`Backend::insert`].
    fn append(&mut self, entry: &Entry) -> Result<(), Fault>;

    /// # Errors
    /// As [`Backend::insert`].
    fn put_copy(&mut self, side: Side, name: &str, bytes: &[u8]) -> Result<(), Fault>;

    /// Adds to a counter.
    ///
    /// # Errors
    /// As [`Backend::insert`].
    fn add(&mut self, name: &str, change: i64) -> Result<(), Fault>;

    /// Notes a damaged record.
    ///
    /// # Errors
    /// As [`Backend::insert`].
    fn note(&mut self, damage: &Damage) -> Result<(), Fault>;

    /// Forgets noted damage.
    ///
    /// # Errors
    /// As [`Backend::insert`].
    fn forget(&mut self, id: &Id) -> Result<(), Fault>;

    /// Builds anew what rows are found by; asked for after [`crate::FaultKind::Index`].
    ///
    /// # Errors
    /// As [`Backend::insert`].
    fn rebuild(&mut self) -> Result<(), Fault>;

    /// Makes the transaction durable. It is on stable storage when this returns.
    ///
    /// # Errors
    /// [`crate::FaultKind::Full`] and [`crate::FaultKind::Locked`] say that nothing was committed and that
    /// the transaction can be rolled back; after any other fault it is not known what is on disk.
    fn commit(&mut self) -> Result<(), Fault>;

    /// # Errors
    /// A fault; the backend must not be used any more then.
    fn rollback(&mut self) -> Result<(), Fault>;

    /// Called between transactions: tidies up, the more so when nothing waits.
    ///
    /// # Errors
    /// A fault that says that what is on disk is not known.
    fn rest(&mut self, pace: Pace) -> Result<(), Fault>;

    /// # Errors
    /// A fault; whatever was committed stays committed.
    fn close(&mut self) -> Result<(), Fault>;

    /// Makes readers of the same store.
    fn readers(&self) -> Readers;
}

/// Whether transactions wait while the backend tidies up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Busy,
    Quiet,
}
