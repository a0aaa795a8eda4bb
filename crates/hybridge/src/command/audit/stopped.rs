//! The log of a service that does not run, read from its data directory; sealed or not.
//!
//! Nothing of it is verified or signed here: what is shown is what the store has, in the service's own formats.

use std::path::{Path, PathBuf};

use hybridge_api::dto::{AuditEntry, AuditPage};
use hybridge_keys::Keys;
use hybridge_keys::audit::{Entry, Head, Line, Start};
use serde_json::Value;

use crate::command_error::{CommandError, Kind};
use crate::data_directory::{self, DataDirectory};
use crate::key_service;
use crate::service::ServiceArgs;

/// Entries that are read at once.
const PAGE: usize = 1000;

/// A store that nobody else uses while this value lives.
pub(super) struct Stopped {
    keys: Keys,
    folder: PathBuf,
    _data: DataDirectory,
}

/// Is there a key store in that directory?
pub(super) fn has_store(folder: &Path) -> bool {
    let setup = hybridge_keys::Config::new(folder.to_owned());
    setup.database().is_file()
}

impl Stopped {
    /// Opens the store in the data directory if nobody uses that and no address is given; none where the
    /// service has to be asked.
    ///
    /// # Errors
    /// `File`: the store cannot be opened, or is an older image than its witness knows.
    pub(super) fn find(service: &ServiceArgs) -> Result<Option<Self>, CommandError> {
        if service.api.is_some() {
            return Ok(None);
        }
        let folder = service.folder()?;
        if !has_store(&folder) || data_directory::is_in_use(&folder) {
            return Ok(None);
        }
        let data = DataDirectory::open(&folder)?;
        let keys = Keys::open(key_service::config(&data)).map_err(|error| {
            let opening = format!("cannot open the key store in {}", folder.display());
            CommandError::new(Kind::File, error).context(opening)
        })?;
        Ok(Some(Self {
            keys,
            folder,
            _data: data,
        }))
    }

    /// The last entries, as the service lists them.
    ///
    /// # Errors
    /// `File`: the log cannot be read.
    pub(super) fn tail(&self, count: usize) -> Result<Value, CommandError> {
        let entries = self.keys.audit_tail(count);
        let entries = entries.map_err(|error| self.unread(error))?;
        let page = AuditPage {
            next: self.keys.log_head().sequence + 1,
            entries: entries.iter().map(AuditEntry::from).collect(),
        };
        serde_json::to_value(page).map_err(|error| CommandError::new(Kind::Internal, error))
    }

    /// Gives the lines of an export to `take` until that wants no more; the signed end is not among them.
    ///
    /// # Errors
    /// `File`: the log cannot be read.
    pub(super) fn export(&self, from: u64, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), CommandError> {
        let last = self.keys.log_head().sequence;
        let mut next = from.clamp(1, last.max(1));
        let (store, before) = (self.keys.store_id(), self.before(next)?);
        let mut lines = vec![Line::Start(Start { store, before })];
        loop {
            if !take(&joined(&lines)) || next > last {
                return Ok(());
            }
            let entries = self.entries(next)?;
            next += entries.len() as u64;
            lines = entries.into_iter().map(Line::Entry).collect();
        }
    }

    /// The head of the log before that entry.
    fn before(&self, next: u64) -> Result<Head, CommandError> {
        if next == 1 {
            return Ok(Head::empty(self.keys.store_id()));
        }
        let entries = self.entries(next - 1)?;
        Ok(entries[0].head())
    }

    /// Entries from that one on; at least one.
    fn entries(&self, from: u64) -> Result<Vec<Entry>, CommandError> {
        let entries = self.keys.audit_entries(from, PAGE);
        let entries = entries.map_err(|error| self.unread(error))?;
        if entries.is_empty() {
            let message = format!(
                "entry {from} is missing in the audit log in {}",
                self.folder.display()
            );
            return Err(CommandError::message(Kind::File, message));
        }
        Ok(entries)
    }

    fn unread(&self, error: hybridge_keys::Error) -> CommandError {
        let reading = format!("cannot read the audit log in {}", self.folder.display());
        CommandError::new(Kind::File, error).context(reading)
    }
}

fn joined(lines: &[Line]) -> Vec<u8> {
    let line = |line: &Line| [line.to_bytes(), b"\n".to_vec()].concat();
    lines.iter().flat_map(line).collect()
}
