//! Reading: a small pool of readers, and the way from a row to a record.
//!
//! A thread keeps to one reader as long as nobody else uses it, so that readers seldom wait for each other.
//! A damaged record is told for itself, remembered, and noted in the file; the others are read all the same.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use crate::backend::{Page, Reader, Readers};
use crate::copies::{self, Copies};
use crate::fault::{Damage, Fault, FaultKind, ReadError, Why};
use crate::keyring::Keyring;
use crate::log::Entry;
use crate::record::{Id, Record, Table};
use crate::row::{Found, Row};
use crate::store::Store;
use crate::writer::Work;

const READERS_MAX: usize = 8;

/// One record of a scan: its identity, and itself or why it was not read.
pub type Scanned = (Id, Result<Record, ReadError>);

/// Readers for everybody.
pub(crate) struct Pool(Vec<Mutex<Box<dyn Reader>>>);

impl Pool {
    pub(crate) fn open(make: &Readers) -> Result<Self, Fault> {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        let readers = (0..(threads + 1).min(READERS_MAX)).map(|_| make().map(Mutex::new));
        readers.collect::<Result<_, _>>().map(Self)
    }

    /// A reader that nobody else uses, beginning with the one that this thread had before.
    pub(crate) fn take(&self) -> MutexGuard<'_, Box<dyn Reader>> {
        let home = self.home();
        for step in 0..self.0.len() {
            match self.0[(home + step) % self.0.len()].try_lock() {
                Ok(reader) => return reader,
                Err(TryLockError::Poisoned(reader)) => return reader.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.0[home].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn home(&self) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(thread::current().id());
        usize::try_from(hash % self.0.len() as u64).unwrap_or(0)
    }
}

impl Store {
    /// The committed record.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] for this record alone; [`ReadError::Sealed`]; a fault of the storage.
    pub fn read(&self, id: &Id) -> Result<Option<Record>, ReadError> {
        let state = &self.state;
        state.refuse_if_failed()?;
        let keyring = state.keyring().ok_or(ReadError::Sealed)?;
        let found = state
            .readers
            .take()
            .row(id)
            .map_err(|fault| self.fault_met(fault))?;
        found.map(|found| self.unsealed(&keyring, found)).transpose()
    }

    /// At most `limit` records of a table whose key starts with `prefix` and comes after `after`, by key.
    /// The next page starts after the last key of this one; an empty page is the end.
    ///
    /// # Errors
    /// As [`Store::read`]; a damaged record is told in its place.
    pub fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Scanned>, ReadError> {
        self.state.refuse_if_failed()?;
        let keyring = self.state.keyring().ok_or(ReadError::Sealed)?;
        let rows = self.state.readers.take().rows(&Page {
            table,
            prefix,
            after,
            limit,
        })?;
        Ok(rows
            .into_iter()
            .map(|found| (id_of(&found).clone(), self.unsealed(&keyring, found)))
            .collect())
    }

    /// The number of records in a table.
    ///
    /// # Errors
    /// A fault of the storage.
    pub fn count(&self, table: Table) -> Result<u64, ReadError> {
        self.state.refuse_if_failed()?;
        Ok(self.state.readers.take().tally(&count_name(table))?)
    }

    /// How many rows were sealed in an epoch. A new epoch is due well before 2^32 (SP 800-38D §8.3).
    ///
    /// # Errors
    /// A fault of the storage.
    pub fn seals(&self, epoch: u32) -> Result<u64, ReadError> {
        self.state.refuse_if_failed()?;
        Ok(self.state.readers.take().tally(&seals_name(epoch))?)
    }

    /// At most `limit` log entries from a sequence number on (the first is 1). Works while sealed.
    ///
    /// # Errors
    /// [`ReadError::EntryDamaged`] when one of them is damaged or missing: those after it are read by asking
    /// again from the next number. The chain itself is verified by [`Store::check`].
    pub fn log(&self, from: u64, limit: usize) -> Result<Vec<Entry>, ReadError> {
        self.state.refuse_if_failed()?;
        let from = from.max(1);
        let found = self.state.readers.take().entries(from, limit)?;
        let numbered = (from..).zip(found);
        let each = numbered.map(|(sequence, found)| {
            found
                .ok()
                .filter(|entry| entry.sequence == sequence)
                .ok_or(ReadError::EntryDamaged { sequence })
        });
        each.collect()
    }

    /// The root record, small bytes of which two copies are kept. Works while sealed.
    ///
    /// # Errors
    /// [`ReadError::RootDamaged`] when both copies are damaged; a fault of the storage.
    pub fn root(&self) -> Result<Option<Vec<u8>>, ReadError> {
        self.state.refuse_if_failed()?;
        let copies = copies::read(&mut **self.state.readers.take(), copies::ROOT)?;
        match copies {
            Copies::Absent => Ok(None),
            Copies::Sound(bytes) => Ok(Some(bytes)),
            Copies::Damaged(_, bytes) => {
                self.hand_in(Work {
                    heal: true,
                    ..Work::default()
                });
                Ok(Some(bytes))
            }
            Copies::Lost => Err(ReadError::RootDamaged),
        }
    }

    fn unsealed(&self, keyring: &Keyring, found: Found) -> Result<Record, ReadError> {
        let opened = found.and_then(|row: Row| keyring.open(self.state.id, &row));
        opened.map_err(|damage| self.damage_met(damage))
    }

    fn fault_met(&self, fault: Fault) -> ReadError {
        if fault.kind == FaultKind::Index {
            self.hand_in(Work {
                rebuild: true,
                ..Work::default()
            });
        }
        fault.into()
    }

    fn damage_met(&self, damage: Damage) -> ReadError {
        let lasting = damage.why != Why::Epoch;
        if lasting && self.state.remember(&damage) {
            self.hand_in(Work {
                notes: vec![damage.clone()],
                ..Work::default()
            });
        }
        ReadError::Damaged {
            id: damage.id,
            why: damage.why,
        }
    }
}

pub(crate) fn id_of(found: &Found) -> &Id {
    match found {
        Ok(row) => &row.id,
        Err(damage) => &damage.id,
    }
}

pub(crate) fn count_name(table: Table) -> String {
    format!("rows:{}", table.0)
}

pub(crate) fn seals_name(epoch: u32) -> String {
    format!("seals:{epoch}")
}
