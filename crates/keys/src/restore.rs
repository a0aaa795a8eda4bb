//! Restoring a backup into an empty folder, under a new seal.
//!
//! The backup is checked before a byte is written, rows are imported as they are sealed, and what was
//! destroyed after the backup is destroyed again where newer tombstones can be reached. Tokens, approvals,
//! exceptions and idempotency records stay behind ([`Dropped`]). It ends with a [`Proof`] that the keys are
//! there and usable. Restoring is going back on purpose, so a witness of the
//! origin that has seen more does not stop it: how much more is in the result, for people to read.

mod powers;
mod proof;
mod tombstones;

pub use powers::Dropped;
pub use proof::Proof;
pub use tombstones::{Newer, Source};

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hybridge_store::{Import, ImportError, Options, Standing, Store, Transaction};
use jiff::Timestamp;

use crate::audit::Event;
use crate::backup::{
    BackupError, Destination, Item, Manifest, Name, Opened, Signer, Start, Unlock, checked, open,
};
use crate::seal::{Delivery, Prepared, Protector, SealError, Unsealed, key_file, prepare};
use crate::{Caller, Error, KeyName, record};
use tombstones::Buried;

/// Rows in one transaction of an import.
const BATCH: usize = 4_000;

/// A clock that only counts: the time since some moment.
pub type Elapsed = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What is restored, from where, and under which seal.
pub struct Request<'a> {
    pub destination: &'a dyn Destination,
    pub name: &'a Name,
    /// The key that must have signed the manifest, where it is known.
    pub known: Option<&'a Signer>,
    pub unlock: Unlock,
    /// An empty folder of mode 0700.
    pub folder: &'a Path,
    /// Names in the folder that do not count, such as a lock.
    pub ignored: &'a [&'a str],
    /// The database's file, in the folder.
    pub database: PathBuf,
    pub witnesses: Vec<PathBuf>,
    pub protector: &'a Protector,
    /// Where newer tombstones may be, besides other backups at the same destination.
    pub newer: Vec<Source>,
    /// Who restores, for the audit log.
    pub caller: &'a Caller,
    pub now: Timestamp,
    pub elapsed: Elapsed,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Request({} from {:?})", self.name, self.destination)
    }
}

/// A store that was restored.
#[derive(Debug)]
pub struct Restored {
    pub store: Store,
    pub unsealed: Unsealed,
    pub manifest: Manifest,
    /// Which tombstones were newer, and whether there could be others that were not reached.
    pub newer: Newer,
    /// What was in the backup and does not come back.
    pub dropped: Dropped,
    /// How far a witness of the origin had seen it come, where that is further than the backup.
    pub witness: Option<Standing>,
    pub proof: Proof,
}

/// Restores a backup. `deliver` is given what the new seal delivers (shares) before anything takes effect;
/// the key file of a key-file seal is written here.
///
/// # Errors
/// [`RestoreError`]. After an error the folder may hold an unfinished store, which does not open.
pub async fn restore(
    request: Request<'_>,
    deliver: impl FnOnce(&Delivery) -> io::Result<()>,
) -> Result<Restored, RestoreError> {
    let began = (request.elapsed)();
    check_empty(request.folder, request.ignored)?;
    let (manifest, fetched) =
        checked(request.destination, request.name, request.known, request.folder).await?;
    let opened = opened(request.name, fetched.path.clone(), request.unlock.clone()).await?;
    let (start, contents) = opened;
    let prepared = seal_anew(&start, request.protector)?;
    deliver(prepared.delivery()).map_err(RestoreError::Deliver)?;
    if let Delivery::KeyFile(file) = prepared.delivery() {
        key_file::store(&request.folder.join(key_file::NAME), file.expose())?;
    }
    let job = Job {
        name: request.name.clone(),
        database: request.database.clone(),
        witnesses: request.witnesses.clone(),
        start,
        prepared,
    };
    let imported = tokio::task::spawn_blocking(move || job.import(contents)).await??;
    let Imported {
        store,
        unsealed,
        dropped,
    } = imported;
    drop(fetched);
    let (newer, buried) = tombstones::find(&request, &manifest, unsealed.keyring_copy()).await?;
    let witness = store.opened().accepted;
    let journal = Journal::new(&request, witness.as_ref(), dropped);
    let elapsed = request.elapsed.clone();
    let finish = move || -> Result<(Store, Newer, Proof), RestoreError> {
        let applied = tombstones::apply(&store, &buried, &journal)?;
        let newer = Newer { applied, ..newer };
        journal.record(&store, &newer)?;
        let proof = proof::prove(&store, &*elapsed, began)?;
        Ok((store, newer, proof))
    };
    let (store, newer, proof) = tokio::task::spawn_blocking(finish).await??;
    Ok(Restored {
        store,
        unsealed,
        manifest,
        newer,
        dropped,
        witness,
        proof,
    })
}

async fn opened(name: &Name, path: PathBuf, unlock: Unlock) -> Result<Opened, RestoreError> {
    let name = name.clone();
    let work = move || open(&name, &path, &unlock);
    Ok(tokio::task::spawn_blocking(work).await??)
}

fn check_empty(folder: &Path, ignored: &[&str]) -> Result<(), RestoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RestoreError::NoFolder {
                folder: folder.to_owned(),
            });
        }
        entries => entries?,
    };
    for entry in entries {
        let found = entry?.file_name();
        if !ignored.iter().any(|name| found == *name) {
            let found = found.to_string_lossy().into_owned();
            return Err(RestoreError::NotEmpty {
                folder: folder.to_owned(),
                found,
            });
        }
    }
    Ok(())
}

/// A new root key, and a new epoch, so that nothing written from now on opens with what the backup holds.
fn seal_anew(start: &Start, protector: &Protector) -> Result<Prepared, SealError> {
    let failed = |source: hybridge_store::KeyringError| SealError::Crypto("the keyring", source.into());
    let copy = hybridge_store::Keyring::from_bytes(&start.keyring.to_bytes()).map_err(failed)?;
    let keyring = copy.with_new_epoch().map_err(failed)?;
    let sealing = start.sealing.checked_add(1).ok_or(SealError::Exhausted)?;
    prepare(start.origin.store, sealing, keyring, protector)
}

struct Job {
    name: Name,
    database: PathBuf,
    witnesses: Vec<PathBuf>,
    start: Start,
    prepared: Prepared,
}

impl Job {
    fn import<R: io::Read>(self, mut contents: crate::backup::Contents<R>) -> Result<Imported, RestoreError> {
        let mut origin = self.start.origin.clone();
        origin.root = Some(self.prepared.root().to_bytes());
        let mut import = Import::begin(&self.database, origin)?;
        let (mut rows, mut entries) = (Vec::new(), Vec::new());
        let mut dropped = Dropped::default();
        loop {
            match contents.next().map_err(|error| error.of(&self.name))? {
                Item::Row(row) if dropped.takes(row.id.table) => {}
                Item::Row(row) => rows.push(row),
                Item::Entry(entry) => entries.push(entry),
                Item::End(_) => break,
            }
            if rows.len() >= BATCH {
                import.rows(std::mem::take(&mut rows))?;
            }
            if entries.len() >= BATCH {
                import.entries(std::mem::take(&mut entries))?;
            }
        }
        import.rows(rows)?;
        import.entries(entries)?;
        // Going back is what a restore is for; what the witness has seen is reported by the caller.
        let options = Options {
            witness: self.witnesses,
            accept_rollback: true,
        };
        let store = import.finish(options)?;
        let unsealed = self.prepared.into_unsealed();
        store.unseal(unsealed.keyring_copy());
        Ok(Imported {
            store,
            unsealed,
            dropped,
        })
    }
}

struct Imported {
    store: Store,
    unsealed: Unsealed,
    dropped: Dropped,
}

/// What the audit log of the restored store hears.
struct Journal {
    caller: Caller,
    now: Timestamp,
    name: Name,
    /// Entries of the log that a witness of the origin had seen.
    witnessed: Option<u64>,
    dropped: Dropped,
}

impl Journal {
    fn new(request: &Request<'_>, witness: Option<&Standing>, dropped: Dropped) -> Self {
        Self {
            caller: request.caller.clone(),
            now: request.now,
            name: request.name.clone(),
            witnessed: witness.map(|standing| standing.head.sequence),
            dropped,
        }
    }

    /// The entry for one version, or one key, that was destroyed again.
    fn destroyed(&self, name: &KeyName, version: Option<u32>) -> Vec<u8> {
        let event = Event::done("key.destroy", name).fact("restore", &self.name);
        let event = match version {
            Some(version) => event.version(version),
            None => event,
        };
        event.to_bytes(&self.caller, self.now)
    }

    fn record(&self, store: &Store, newer: &Newer) -> Result<(), RestoreError> {
        let mut event = Event::service("backup.restore")
            .fact("backup", &self.name)
            .fact("tombstones", newer.applied)
            .fact("newer", if newer.is_unknown() { "unknown" } else { "reached" })
            .fact("dropped", self.dropped);
        if let Some(sequence) = self.witnessed {
            event = event.fact("witnessed", sequence);
        }
        let entries = vec![event.to_bytes(&self.caller, self.now)];
        let transaction = Transaction {
            entries,
            ..Transaction::default()
        };
        store.commit(transaction).wait().map_err(RestoreError::store)?;
        Ok(())
    }
}

impl Buried {
    /// The name and the version that are gone; no version is the whole key.
    fn subject(&self) -> Option<(KeyName, Option<u32>)> {
        record::split_id(&self.id)
    }
}

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(
        "{} is not empty (it has {found}): restore into an empty folder, and keep the old one, which may hold \
         newer tombstones",
        folder.display()
    )]
    NotEmpty { folder: PathBuf, found: String },
    #[error("{} does not exist: make it first, with mode 700", folder.display())]
    NoFolder { folder: PathBuf },
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("the new seal was not prepared")]
    Seal(#[from] SealError),
    #[error("what the new seal delivers was not taken")]
    Deliver(#[source] io::Error),
    #[error("the rows were not imported")]
    Import(#[from] ImportError),
    #[error("the restored store cannot be read or written")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a restored record cannot be used")]
    Record(#[from] Error),
    #[error("a file cannot be written or read")]
    Io(#[from] io::Error),
    #[error("the work was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl RestoreError {
    fn store(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Store(source.into())
    }
}

#[cfg(test)]
mod tests;
