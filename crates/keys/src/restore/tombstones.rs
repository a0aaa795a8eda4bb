//! Newer tombstones: what was destroyed after the backup is destroyed again.
//!
//! They are looked for in the newest later backup at the same destination and in what the operator names.
//! The newest one has all tombstones of those before it, because none is ever removed. Whether something
//! could have been destroyed after the newest that was reached cannot be known here, and is said.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hybridge_store::{Id, Keyring, Options, Precondition, Row, Store, StoreId, Transaction, Write};
use jiff::Timestamp;

use super::{Journal, Request, RestoreError};
use crate::KeyName;
use crate::backup::{BackupError, Item, Manifest, Name, checked, list, open};
use crate::record::{
    self, Due, KEY, QUARANTINE, TOMBSTONE, VERSION, key_id, read_key, read_version, to_millis, version_id,
    write_key, write_version,
};

/// Somewhere else where newer tombstones may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The database's file of an old data directory, of the same store; nothing may be using it.
    Database(PathBuf),
}

/// What became of newer tombstones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newer {
    /// Tombstones that the backup did not have and that were applied.
    pub applied: u64,
    /// Where newer tombstones were read, and up to which entry of the log they reach.
    pub reached: Vec<(String, u64)>,
    /// What was there and could not be read, with the reason.
    pub unreached: Vec<(String, String)>,
}

impl Newer {
    /// True where nothing later than the backup was reached: what was destroyed after it may be back.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.reached.is_empty() || !self.unreached.is_empty()
    }
}

/// A tombstone: what is gone, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Buried {
    pub(super) id: Vec<u8>,
    /// When it was destroyed, where the record can be opened.
    pub(super) at: Option<Timestamp>,
}

/// Looks for tombstones later than the backup.
pub(super) async fn find(
    request: &Request<'_>,
    manifest: &Manifest,
    keyring: Keyring,
) -> Result<(Newer, Vec<Buried>), RestoreError> {
    let mut newer = Newer::default();
    let mut found: BTreeMap<Vec<u8>, Buried> = BTreeMap::new();
    for (name, sequence) in later(request, manifest, &mut newer).await? {
        match read_backup(request, &name).await {
            Ok(buried) => {
                newer.reached.push((name.to_string(), sequence));
                found.extend(buried.into_iter().map(|buried| (buried.id.clone(), buried)));
                break;
            }
            Err(error) => newer.unreached.push((name.to_string(), error.to_string())),
        }
    }
    let sources = request.newer.clone();
    let expected = manifest.store.clone();
    let work = move || read_sources(&sources, &expected, &keyring);
    for (place, read) in tokio::task::spawn_blocking(work).await? {
        match read {
            Ok((sequence, buried)) => {
                if sequence > manifest.head.sequence {
                    newer.reached.push((place, sequence));
                }
                found.extend(buried.into_iter().map(|buried| (buried.id.clone(), buried)));
            }
            Err(why) => newer.unreached.push((place, why)),
        }
    }
    Ok((newer, found.into_values().collect()))
}

/// Later backups of the same store, newest first, with the end of their log.
async fn later(
    request: &Request<'_>,
    manifest: &Manifest,
    newer: &mut Newer,
) -> Result<Vec<(Name, u64)>, RestoreError> {
    let listed = list(request.destination, None, request.known).await?;
    let mut later = Vec::new();
    for each in listed.into_iter().rev() {
        match each.manifest {
            Ok(other) if other.store == manifest.store && other.head.sequence > manifest.head.sequence => {
                later.push((each.name, other.head.sequence));
            }
            Ok(_) => {}
            Err(error) if each.name > *request.name => {
                newer.unreached.push((each.name.to_string(), error.to_string()));
            }
            Err(_) => {}
        }
    }
    Ok(later)
}

async fn read_backup(request: &Request<'_>, name: &Name) -> Result<Vec<Buried>, BackupError> {
    let (_, fetched) = checked(request.destination, name, request.known, request.folder).await?;
    let (name, unlock) = (name.clone(), request.unlock.clone());
    let work = move || -> Result<Vec<Buried>, BackupError> {
        let (start, mut contents) = open(&name, &fetched.path, &unlock)?;
        let mut buried = Vec::new();
        loop {
            match contents.next().map_err(|error| error.of(&name))? {
                Item::Row(row) if row.id.table == TOMBSTONE => {
                    buried.push(read(&row, start.origin.store, &start.keyring));
                }
                Item::End(_) => return Ok(buried),
                Item::Row(_) | Item::Entry(_) => {}
            }
        }
    };
    tokio::task::spawn_blocking(work).await?
}

type Read = Result<(u64, Vec<Buried>), String>;

fn read_sources(sources: &[Source], store: &str, keyring: &Keyring) -> Vec<(String, Read)> {
    let read =
        |Source::Database(path): &Source| (path.display().to_string(), read_database(path, store, keyring));
    sources.iter().map(read).collect()
}

fn read_database(path: &std::path::Path, store: &str, keyring: &Keyring) -> Read {
    if !path.is_file() {
        return Err("there is no such file".to_owned());
    }
    let old = Store::open(path, Options::default()).map_err(|error| error.to_string())?;
    if old.id().to_string() != store {
        return Err(format!("it is of another store ({})", old.id()));
    }
    let mut snapshot = old.snapshot().map_err(|error| error.to_string())?;
    let mut buried = Vec::new();
    loop {
        let page = snapshot.rows(super::BATCH).map_err(|error| error.to_string())?;
        if page.is_empty() {
            return Ok((snapshot.origin().head.sequence, buried));
        }
        for row in page {
            match row {
                Ok(row) if row.id.table == TOMBSTONE => buried.push(read(&row, old.id(), keyring)),
                // Which version it was of can be read also where the record is damaged.
                Err(damage) if damage.id.table == TOMBSTONE => {
                    buried.push(Buried {
                        id: damage.id.key,
                        at: None,
                    });
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn read(row: &Row, store: StoreId, keyring: &Keyring) -> Buried {
    let opened = keyring.open(store, row).ok();
    let millis = opened.and_then(|opened| record::decode::<i64>(&row.id, &opened.value).ok());
    let at = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    Buried {
        id: row.id.key.clone(),
        at,
    }
}

/// Destroys again what is buried and is not known to be; how many that were.
pub(super) fn apply(store: &Store, buried: &[Buried], journal: &Journal) -> Result<u64, RestoreError> {
    let mut applied = 0;
    for tombstone in buried {
        let id = Id::new(TOMBSTONE, tombstone.id.clone());
        if store.read(&id).map_err(RestoreError::store)?.is_some() {
            continue;
        }
        let Some((name, version)) = tombstone.subject() else {
            continue;
        };
        let at = tombstone.at.unwrap_or(journal.now);
        let mut transaction = Transaction::default();
        transaction.preconditions.push(Precondition::Absent(id.clone()));
        transaction
            .writes
            .push(Write::Put(id, record::encode(&to_millis(at))?));
        match version {
            Some(version) => destroy_version(store, &mut transaction, (&name, version), at)?,
            None => destroy_key(store, &mut transaction, &name, at)?,
        }
        transaction.entries.push(journal.destroyed(&name, version));
        store.commit(transaction).wait().map_err(RestoreError::store)?;
        applied += 1;
    }
    Ok(applied)
}

fn destroy_version(
    store: &Store,
    transaction: &mut Transaction,
    (name, version): (&KeyName, u32),
    at: Timestamp,
) -> Result<(), RestoreError> {
    let id = version_id(VERSION, name, version);
    let Some(found) = store.read(&id).map_err(RestoreError::store)? else {
        return Ok(());
    };
    let mut stored = read_version(&id, &found.value)?;
    if let Some(after) = stored.destroy_after.take() {
        transaction
            .writes
            .push(Write::Delete(Due::Destruction.id(after, &id.key)));
    }
    if std::mem::take(&mut stored.quarantined) {
        transaction
            .writes
            .push(Write::Delete(version_id(QUARANTINE, name, version)));
    }
    stored.times.destroyed = Some(at);
    stored.secret = zeroize::Zeroizing::default();
    transaction.writes.push(Write::Put(id, write_version(&stored)?));
    Ok(())
}

/// The key itself; its versions have tombstones of their own.
fn destroy_key(
    store: &Store,
    transaction: &mut Transaction,
    name: &KeyName,
    at: Timestamp,
) -> Result<(), RestoreError> {
    let id = key_id(name);
    let Some(found) = store.read(&id).map_err(RestoreError::store)? else {
        return Ok(());
    };
    let mut key = read_key(&id, found.version, &found.value)?;
    if let Some(after) = key.rotate_after.take() {
        transaction
            .writes
            .push(Write::Delete(Due::Rotation.id(after, &id.key)));
    }
    if let Some(after) = key.destroy_after.take() {
        transaction
            .writes
            .push(Write::Delete(Due::Destruction.id(after, &id.key)));
    }
    key.destroyed = Some(at);
    transaction
        .writes
        .push(Write::Put(Id::new(KEY, id.key), write_key(&key)?));
    Ok(())
}
