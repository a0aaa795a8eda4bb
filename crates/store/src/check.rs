//! A check: what is known to be wrong, or a look at everything.
//!
//! A deep check reads one consistent state: SQLite's own structure, every row's checksum and, if a keyring is
//! present, its seal, the number of rows per table, and the log's chain from the first entry on. It goes on
//! past whatever it finds.

use std::collections::BTreeMap;

use crate::backend::Reader;
use crate::copies::{self, Copies};
use crate::fault::{Damage, Fault, ReadError, Why};
use crate::keyring::Keyring;
use crate::log::{Entry, Head};
use crate::read::id_of;
use crate::record::Table;
use crate::row::Row;
use crate::store::Store;
use crate::writer::Work;

const ROWS_PER_STEP: usize = 512;
const ENTRIES_PER_STEP: usize = 1024;

/// How much a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What is known already, and the root record.
    Quick,
    /// Everything; the time grows with the store.
    Deep,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Rows looked at.
    pub rows: u64,
    pub damaged: Vec<Damage>,
    /// False when the store was sealed, so that no seal could be checked.
    pub seals_checked: bool,
    /// Log entries looked at.
    pub entries: u64,
    /// Sequence numbers of entries that are damaged, missing, or do not follow the one before.
    pub entries_damaged: Vec<u64>,
    /// Tables whose number of rows is not the number that was counted: a row appeared or vanished.
    pub miscounted: Vec<String>,
    /// What the storage engine says about its own structure.
    pub structure: Vec<String>,
    pub root_damaged: bool,
}

impl Check {
    /// Nothing was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty()
            && self.entries_damaged.is_empty()
            && self.miscounted.is_empty()
            && self.structure.is_empty()
            && !self.root_damaged
    }
}

impl Store {
    /// Checks the store. Blocks the calling thread; others read and write meanwhile.
    ///
    /// # Errors
    /// A fault that kept the check from beginning. Faults met later are findings.
    pub fn check(&self, depth: Depth) -> Result<Check, ReadError> {
        self.state.refuse_if_failed()?;
        let mut reader = (self.state.make_reader)()?;
        reader.freeze()?;
        let reader = &mut *reader;
        let root = copies::read(reader, copies::ROOT)?;
        let mut check = Check {
            root_damaged: matches!(root, Copies::Lost),
            ..Check::default()
        };
        match depth {
            Depth::Quick => check.damaged = self.damaged(),
            Depth::Deep => self.look_at_everything(reader, &mut check),
        }
        Ok(check)
    }

    fn look_at_everything(&self, reader: &mut dyn Reader, check: &mut Check) {
        match reader.inspect() {
            Ok(lines) => check.structure = lines,
            Err(fault) => check.structure.push(fault.to_string()),
        }
        let keyring = self.state.keyring();
        check.seals_checked = keyring.is_some();
        let told = |check: &mut Check, done: Result<(), Fault>| {
            if let Err(fault) = done {
                check.structure.push(fault.to_string());
            }
        };
        let rows = self.check_rows(reader, keyring.as_deref(), check);
        told(check, rows);
        let entries = check_entries(reader, Head::empty(self.state.id), check);
        told(check, entries);
        self.remember_findings(check);
    }

    fn check_rows(
        &self,
        reader: &mut dyn Reader,
        keyring: Option<&Keyring>,
        check: &mut Check,
    ) -> Result<(), Fault> {
        let mut counts: BTreeMap<Table, u64> = BTreeMap::new();
        let open = |row: Row| {
            let opened = keyring.map(|keyring| keyring.open(self.state.id, &row));
            opened.transpose().map(drop)
        };
        let mut position = 0;
        loop {
            let page = reader.walk(position, ROWS_PER_STEP)?;
            let Some((last, _)) = page.last() else { break };
            position = *last;
            for (_, found) in page {
                check.rows += 1;
                *counts.entry(id_of(&found).table).or_default() += 1;
                check.damaged.extend(found.and_then(open).err());
            }
        }
        compare_counts(reader, counts, check)
    }

    /// The list of known damage becomes what was found, as far as it could be found.
    fn remember_findings(&self, check: &Check) {
        let lasting = check.damaged.iter().filter(|damage| damage.why != Why::Epoch);
        let notes: Vec<Damage> = lasting
            .filter(|damage| self.state.remember(damage))
            .cloned()
            .collect();
        let is_sound = |known: &Damage| {
            let judged = check.seals_checked || known.why == Why::Checksum;
            judged && check.structure.is_empty() && !check.damaged.iter().any(|found| found.id == known.id)
        };
        let known = self.state.damaged();
        let forget: Vec<_> = known
            .into_iter()
            .filter(is_sound)
            .map(|damage| damage.id)
            .collect();
        for id in &forget {
            self.state.forget(id);
        }
        let rebuild = check.structure.iter().any(|line| line.contains("index"));
        if !notes.is_empty() || !forget.is_empty() || rebuild {
            self.hand_in(Work {
                notes,
                forget,
                rebuild,
                ..Work::default()
            });
        }
    }
}

fn compare_counts(
    reader: &mut dyn Reader,
    mut counts: BTreeMap<Table, u64>,
    check: &mut Check,
) -> Result<(), Fault> {
    for (name, expected) in reader.tallies()? {
        let Some(table) = name.strip_prefix("rows:") else {
            continue;
        };
        let counted = Table::named(table).and_then(|table| counts.remove(&table));
        if counted.unwrap_or(0) != expected {
            check.miscounted.push(table.to_owned());
        }
    }
    check
        .miscounted
        .extend(counts.keys().map(|table| table.0.to_owned()));
    Ok(())
}

/// After a damaged entry the chain is taken up again with the hash of the next one.
fn check_entries(reader: &mut dyn Reader, empty: Head, check: &mut Check) -> Result<(), Fault> {
    let mut next = 1;
    let mut head = Some(empty);
    loop {
        let page = reader.entries(next, ENTRIES_PER_STEP)?;
        if page.is_empty() {
            return Ok(());
        }
        for found in page {
            check.entries += 1;
            let (Ok(sequence) | Err(sequence)) = found
                .as_ref()
                .map(|entry| entry.sequence)
                .map_err(|damaged| *damaged);
            if sequence > next {
                check
                    .entries_damaged
                    .extend((next..sequence).take(ENTRIES_PER_STEP));
                head = None;
            }
            let follows = |entry: &Entry| head.is_none_or(|head| entry.follows(&head));
            if !found.as_ref().is_ok_and(follows) {
                check.entries_damaged.push(sequence);
            }
            head = found.ok().map(|entry| entry.head());
            next = sequence + 1;
        }
    }
}
