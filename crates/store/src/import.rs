//! An import: fills an empty file with the rows and the log of a snapshot.
//!
//! The file says that it is unfinished until the last step, and does not open before. The store keeps the
//! id of its origin, because the seals are bound to it; a witness of the origin that has seen more is
//! therefore heard when the import is finished.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::backend::{Backend, Pace};
use crate::copies::{self, Copies, Header, Stage};
use crate::fault::{Damage, Fault, OpenError};
use crate::log::{Entry, Head};
use crate::open::{Options, write_header};
use crate::read::{count_name, seals_name};
use crate::record::{Id, Table};
use crate::row::Row;
use crate::snapshot::Origin;
use crate::sqlite::Sqlite;
use crate::store::Store;

/// An import that is under way.
pub struct Import {
    backend: Box<dyn Backend>,
    path: PathBuf,
    origin: Origin,
    head: Head,
    rows: BTreeMap<Table, i64>,
    seals: BTreeMap<u32, u64>,
}

/// Why an import does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("{}: there is a store already", path.display())]
    NotEmpty { path: PathBuf },
    #[error("{} does not match its checksum", damage.id)]
    Damaged { damage: Damage },
    #[error("{id} came twice")]
    Twice { id: Id },
    #[error("log entry {sequence} does not follow the one before it")]
    Chain { sequence: u64 },
    #[error("the log ends at entry {ours}, the origin's at {theirs}")]
    Incomplete { ours: u64, theirs: u64 },
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Import {
    /// Begins with a new file.
    ///
    /// # Errors
    /// [`ImportError::NotEmpty`], or a fault of the storage.
    pub fn begin(path: &Path, origin: Origin) -> Result<Self, ImportError> {
        let mut backend: Box<dyn Backend> = Box::new(Sqlite::open(path)?);
        if copies::read(&mut *backend, copies::HEADER)? != Copies::Absent {
            return Err(ImportError::NotEmpty {
                path: path.to_owned(),
            });
        }
        let header = Header {
            stage: Stage::Importing,
            store: origin.store,
            generation: origin.generation,
        };
        write_header(&mut *backend, header)?;
        let head = Head::empty(origin.store);
        let seals = origin.seals.iter().copied().collect();
        Ok(Self {
            backend,
            path: path.to_owned(),
            origin,
            head,
            rows: BTreeMap::new(),
            seals,
        })
    }

    /// Takes rows, in any order. A few thousand at a time are best: each call is one transaction.
    ///
    /// # Errors
    /// [`ImportError::Damaged`] or [`ImportError::Twice`], after which nothing of this call is kept; a fault.
    pub fn rows(&mut self, rows: Vec<Row>) -> Result<(), ImportError> {
        self.transact(|import| rows.into_iter().try_for_each(|row| import.row(row)))
    }

    /// Takes log entries, ascending and without a gap.
    ///
    /// # Errors
    /// [`ImportError::Chain`], after which nothing of this call is kept; a fault.
    pub fn entries(&mut self, entries: Vec<Entry>) -> Result<(), ImportError> {
        let before = self.head;
        let done = self.transact(|import| entries.into_iter().try_for_each(|entry| import.entry(&entry)));
        if done.is_err() {
            self.head = before;
        }
        done
    }

    /// Says that everything was given, and opens the store.
    ///
    /// # Errors
    /// [`ImportError::Incomplete`] when the log does not end where the origin's does; a fault; what
    /// [`Store::open`] says, a witness that has seen more included.
    pub fn finish(mut self, options: Options) -> Result<Store, ImportError> {
        if self.head != self.origin.head {
            let (ours, theirs) = (self.head.sequence, self.origin.head.sequence);
            return Err(ImportError::Incomplete { ours, theirs });
        }
        self.transact(Self::complete)?;
        self.backend.close()?;
        drop(self.backend);
        Ok(Store::open(&self.path, options)?)
    }

    fn complete(&mut self) -> Result<(), ImportError> {
        for (table, count) in &self.rows {
            self.backend.add(&count_name(*table), *count)?;
        }
        for (epoch, count) in &self.seals {
            self.backend
                .add(&seals_name(*epoch), i64::try_from(*count).unwrap_or(i64::MAX))?;
        }
        if let Some(root) = &self.origin.root {
            copies::write(&mut *self.backend, copies::ROOT, root)?;
        }
        let Origin {
            store, generation, ..
        } = self.origin;
        let header = Header {
            stage: Stage::Ready,
            store,
            generation,
        };
        Ok(copies::write(
            &mut *self.backend,
            copies::HEADER,
            &header.to_bytes(),
        )?)
    }

    fn row(&mut self, row: Row) -> Result<(), ImportError> {
        let row = row.checked().map_err(|damage| ImportError::Damaged { damage })?;
        if self.backend.row(&row.id)?.is_some() {
            return Err(ImportError::Twice { id: row.id });
        }
        self.backend.insert(&row)?;
        *self.rows.entry(row.id.table).or_default() += 1;
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), ImportError> {
        if !entry.follows(&self.head) {
            return Err(ImportError::Chain {
                sequence: entry.sequence,
            });
        }
        self.backend.append(entry)?;
        self.head = entry.head();
        Ok(())
    }

    fn transact(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let counted = self.rows.clone();
        self.backend.begin()?;
        let done = work(self).and_then(|()| Ok(self.backend.commit()?));
        if done.is_err() {
            self.rows = counted;
            self.backend.rollback()?;
        }
        self.backend.rest(Pace::Busy)?;
        done
    }
}

impl std::fmt::Debug for Import {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Import({}, {:?})", self.path.display(), self.head)
    }
}
