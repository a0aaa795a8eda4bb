//! A snapshot: everything of one moment, row by row and sealed as it is, while writing goes on.
//!
//! For backups. Nothing is collected in memory: pages are asked for until an empty one comes. The write-ahead
//! log cannot be emptied as long as a snapshot lives, so it should not be kept for long.

use crate::backend::{FoundEntry, Reader};
use crate::copies::{self, Copies};
use crate::fault::ReadError;
use crate::log::{Head, StoreId};
use crate::row::Found;
use crate::store::Store;

/// Where a snapshot comes from; what [`crate::Import`] must be given before any row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub store: StoreId,
    pub generation: u64,
    /// The log ends here.
    pub head: Head,
    pub root: Option<Vec<u8>>,
    /// How many rows there are, damaged ones included.
    pub rows: u64,
    /// How many rows were sealed per epoch, ever.
    pub seals: Vec<(u32, u64)>,
}

/// One consistent state of the store.
pub struct Snapshot {
    reader: Box<dyn Reader>,
    origin: Origin,
    position: i64,
    sequence: u64,
}

impl Store {
    /// Takes a snapshot. Works while sealed: rows are not opened.
    ///
    /// # Errors
    /// [`ReadError::RootDamaged`], or a fault of the storage.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        self.state.refuse_if_failed()?;
        let mut reader = (self.state.make_reader)()?;
        reader.freeze()?;
        let origin = self.origin(&mut *reader)?;
        Ok(Snapshot {
            reader,
            origin,
            position: 0,
            sequence: 1,
        })
    }

    fn origin(&self, reader: &mut dyn Reader) -> Result<Origin, ReadError> {
        let head = match reader.last_entry()? {
            None => Head::empty(self.state.id),
            Some(Ok(entry)) => entry.head(),
            Some(Err(sequence)) => return Err(ReadError::EntryDamaged { sequence }),
        };
        let root = match copies::read(reader, copies::ROOT)? {
            Copies::Absent => None,
            Copies::Sound(bytes) | Copies::Damaged(_, bytes) => Some(bytes),
            Copies::Lost => return Err(ReadError::RootDamaged),
        };
        let tallies = reader.tallies()?;
        let rows = tallies
            .iter()
            .filter(|(name, _)| name.starts_with("rows:"))
            .map(|(_, count)| count)
            .sum();
        let epoch = |name: &str| name.strip_prefix("seals:")?.parse().ok();
        let seals = tallies
            .iter()
            .filter_map(|(name, count)| Some((epoch(name)?, *count)))
            .collect();
        Ok(Origin {
            store: self.state.id,
            generation: self.state.generation,
            head,
            root,
            rows,
            seals,
        })
    }
}

impl Snapshot {
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The next rows, of all tables, at most `limit`; none when all were given. Damaged ones are named.
    ///
    /// # Errors
    /// A fault of the storage.
    pub fn rows(&mut self, limit: usize) -> Result<Vec<Found>, ReadError> {
        let page = self.reader.walk(self.position, limit)?;
        if let Some((position, _)) = page.last() {
            self.position = *position;
        }
        Ok(page.into_iter().map(|(_, found)| found).collect())
    }

    /// The next log entries, ascending, at most `limit`; none when all were given. A damaged one is named
    /// by its sequence number.
    ///
    /// # Errors
    /// A fault of the storage.
    pub fn entries(&mut self, limit: usize) -> Result<Vec<FoundEntry>, ReadError> {
        let page = self.reader.entries(self.sequence, limit)?;
        if let Some(last) = page.last() {
            let (Ok(sequence) | Err(sequence)) = last
                .as_ref()
                .map(|entry| entry.sequence)
                .map_err(|damaged| *damaged);
            self.sequence = sequence + 1;
        }
        Ok(page)
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Snapshot({:?})", self.origin)
    }
}
