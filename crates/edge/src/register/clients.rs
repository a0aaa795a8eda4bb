//! The handle that the recorder and the API hold: the register behind a lock, and its file.
//!
//! The lock is held for short copies only and never by a core. Saving runs on a blocking thread; it
//! takes the register's content only once it has the file to itself, so a later save is never undone
//! by an earlier one.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task;

use super::client::Client;
use super::file::RegisterFile;
use super::{Counts, Filter, Register};
use crate::recorder::Named;

/// The client register; clones see the same.
#[derive(Clone, Debug)]
pub struct Clients {
    register: Arc<Mutex<Register>>,
    file: Arc<Mutex<Option<RegisterFile>>>,
}

impl Clients {
    /// A register for at most `capacity` clients that is forgotten with the process.
    pub fn in_memory(capacity: usize) -> Self {
        Self::new(Register::new(capacity), None)
    }

    /// The register that is kept in a data directory (`clients.v1.json`), which must exist.
    ///
    /// `now_us` is the time in microseconds since the Unix epoch. A file that cannot be read is set
    /// aside with a warning, and the register starts empty.
    pub fn open(directory: &Path, capacity: usize, now_us: i64) -> Self {
        let (file, saved) = RegisterFile::open(directory, now_us);
        Self::new(Register::restore(capacity, saved), file)
    }

    fn new(register: Register, file: Option<RegisterFile>) -> Self {
        Self {
            register: Arc::new(Mutex::new(register)),
            file: Arc::new(Mutex::new(file)),
        }
    }

    /// The clients that match, in the order of work: what lags most first, then what comes most often.
    pub fn list(&self, filter: &Filter) -> Vec<Client> {
        lock(&self.register).list(filter)
    }

    /// How full the register is, and of what.
    pub fn counts(&self) -> Counts {
        lock(&self.register).counts()
    }

    /// Counts handshakes for their clients, oldest first.
    pub(crate) fn observe(&self, batch: &[Named]) {
        let mut register = lock(&self.register);
        batch.iter().for_each(|named| register.observe(named));
    }

    /// Saves on a blocking thread what changed, and lets the caller go on.
    pub(crate) fn save_in_background(&self) -> task::JoinHandle<()> {
        let clients = self.clone();
        task::spawn_blocking(move || clients.save())
    }

    /// Saves what changed since the last time. A failure is a warning; the next save tries again.
    pub(crate) fn save(&self) {
        let file = lock(&self.file);
        let Some(file) = file.as_ref() else { return };
        let Some(clients) = lock(&self.register).take_changed() else {
            return;
        };
        if let Err(error) = file.replace(&clients) {
            lock(&self.register).mark_changed();
            let path = file.path().display();
            tracing::warn!(%path, %error, "the client register was not saved; is the disk full or read-only?");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
