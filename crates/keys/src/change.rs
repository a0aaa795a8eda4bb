//! Changing keys: a draft of the key and those of its versions that change, saved as one transaction.
//!
//! A draft starts from what is committed and is saved under the precondition that this still holds; the
//! schedule, the quarantine list and the audit entry change in the same transaction. Nothing else in the
//! crate writes to the tables of keys and versions.

mod compromise;
mod configure;
mod create;
mod destroy;
mod rotate;
mod suspend;

use hybridge_store::{CommitError, Id, Precondition, Transaction, Write};
use jiff::Timestamp;
use zeroize::Zeroizing;

pub use compromise::{Compromised, Protected, Quarantined};
pub use configure::Settings;
pub use create::{Encoding, Import};
pub use destroy::{Destroy, Reaped};
pub use rotate::{Rotated, due};

use crate::audit::Event;
use crate::fault::{commit_error, read_error};
use crate::record::{
    self, Due, KEY, QUARANTINE, Stored, TOMBSTONE, VERSION, key_id, to_millis, version_id, write_key,
    write_version,
};
use crate::{Caller, Error, Key, KeyName, KeyVersion, Keys};

/// How often a change starts again when others change the same key meanwhile.
pub(crate) const ATTEMPTS: usize = 16;

/// A key as it shall be.
pub(crate) struct Draft {
    before: Option<Key>,
    pub(crate) key: Key,
    versions: Vec<Edited>,
    tombstones: Vec<(Option<u32>, Timestamp)>,
}

/// A version as it shall be, and what is known of it in other tables now.
struct Edited {
    stored: Stored,
    /// Version of its record in the store; 0 for a new one.
    revision: u64,
    destroy_after: Option<Timestamp>,
    quarantined: bool,
}

impl Draft {
    /// A key that does not exist yet.
    pub(crate) const fn create(key: Key) -> Self {
        Self {
            before: None,
            key,
            versions: Vec::new(),
            tombstones: Vec::new(),
        }
    }

    /// Adds a version that does not exist yet.
    pub(crate) fn add(&mut self, stored: Stored) {
        self.versions.push(Edited {
            stored,
            revision: 0,
            destroy_after: None,
            quarantined: false,
        });
    }

    /// A version, read from the store when it is asked for first.
    pub(crate) fn version(&mut self, keys: &Keys, number: u32) -> Result<&mut Stored, Error> {
        let known = self
            .versions
            .iter()
            .position(|edited| edited.stored.number == number);
        let at = match known {
            Some(at) => at,
            None => {
                let (revision, stored) = keys.stored_with_revision(&self.key.name, number)?;
                self.versions.push(Edited {
                    revision,
                    destroy_after: stored.destroy_after,
                    quarantined: stored.quarantined,
                    stored,
                });
                self.versions.len() - 1
            }
        };
        Ok(&mut self.versions[at].stored)
    }

    /// What callers may see of a version.
    pub(crate) fn shown(&mut self, keys: &Keys, number: u32, now: Timestamp) -> Result<KeyVersion, Error> {
        self.version(keys, number)?;
        let edited = self.versions.iter().find(|edited| edited.stored.number == number);
        let edited = edited.ok_or(Error::NoVersion { version: number })?;
        Ok(edited.stored.shown(&self.key, now))
    }

    /// Leaves a tombstone for a version, or for the key as a whole.
    pub(crate) fn bury(&mut self, version: Option<u32>, now: Timestamp) {
        self.tombstones.push((version, now));
    }

    fn into_transaction(self, mut transaction: Transaction) -> Result<(Transaction, Key), Error> {
        let (id, name) = (key_id(&self.key.name), self.key.name.clone());
        match &self.before {
            None => {
                transaction.preconditions.push(Precondition::Absent(id.clone()));
                let tombstone = Id::new(TOMBSTONE, name.as_bytes());
                transaction.preconditions.push(Precondition::Absent(tombstone));
            }
            Some(before) => transaction
                .preconditions
                .push(Precondition::Version(id.clone(), before.revision)),
        }
        transaction.writes.push(Write::Put(id, write_key(&self.key)?));
        let before = self.before.as_ref().map(schedule).unwrap_or_default();
        reschedule(&mut transaction, before, schedule(&self.key));
        for edited in &self.versions {
            edited.write(&name, &mut transaction)?;
        }
        for (version, now) in &self.tombstones {
            let id = match version {
                Some(version) => version_id(TOMBSTONE, &name, *version),
                None => Id::new(TOMBSTONE, name.as_bytes()),
            };
            transaction
                .writes
                .push(Write::Put(id, record::encode(&to_millis(*now))?));
        }
        let revision = self.before.map_or(1, |before| before.revision + 1);
        Ok((transaction, Key { revision, ..self.key }))
    }
}

impl Edited {
    fn write(&self, name: &KeyName, transaction: &mut Transaction) -> Result<(), Error> {
        let number = self.stored.number;
        let id = version_id(VERSION, name, number);
        transaction.preconditions.push(match self.revision {
            0 => Precondition::Absent(id.clone()),
            revision => Precondition::Version(id.clone(), revision),
        });
        let due = |at: Option<Timestamp>| {
            at.map(|at| Due::Destruction.id(at, &id.key))
                .into_iter()
                .collect()
        };
        reschedule(
            transaction,
            due(self.destroy_after),
            due(self.stored.destroy_after),
        );
        let quarantine = version_id(QUARANTINE, name, number);
        match (self.quarantined, self.stored.quarantined) {
            (false, true) => transaction.writes.push(Write::Put(quarantine, empty())),
            (true, false) => transaction.writes.push(Write::Delete(quarantine)),
            _ => {}
        }
        transaction
            .writes
            .push(Write::Put(id, write_version(&self.stored)?));
        Ok(())
    }
}

/// What the schedule holds for a key.
fn schedule(key: &Key) -> Vec<Id> {
    let name = key.name.as_bytes();
    let destruction = key.destroy_after.map(|at| Due::Destruction.id(at, name));
    let rests = key.disabled.is_some() || key.destroy_after.is_some() || key.destroyed.is_some();
    let rotation = key.rotate_after.filter(|_at| !rests);
    let rotation = rotation.map(|at| Due::Rotation.id(at, name));
    rotation.into_iter().chain(destruction).collect()
}

fn reschedule(transaction: &mut Transaction, before: Vec<Id>, after: Vec<Id>) {
    let gone = before.iter().filter(|id| !after.contains(id));
    transaction.writes.extend(gone.cloned().map(Write::Delete));
    let new = after.into_iter().filter(|id| !before.contains(id));
    transaction.writes.extend(new.map(|id| Write::Put(id, empty())));
}

fn empty() -> Zeroizing<Vec<u8>> {
    Zeroizing::default()
}

/// One request to change a key.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) name: &'a KeyName,
    pub(crate) event: &'static str,
    pub(crate) now: Timestamp,
}

impl<'a> Wanted<'a> {
    pub(crate) const fn new(
        caller: &'a Caller,
        name: &'a KeyName,
        event: &'static str,
        now: Timestamp,
    ) -> Self {
        Self {
            caller,
            name,
            event,
            now,
        }
    }

    pub(crate) fn done(&self) -> Event<'a> {
        Event::done(self.event, self.name)
    }
}

impl Keys {
    /// A draft of a key as it is committed now.
    pub(crate) fn draft(&self, name: &KeyName) -> Result<Draft, Error> {
        let key = self.committed(name)?;
        if key.destroyed.is_some() {
            return Err(Error::State {
                version: key.primary,
                state: crate::State::Destroyed,
            });
        }
        Ok(Draft {
            before: Some(key.clone()),
            ..Draft::create(key)
        })
    }

    /// The key as it is committed now, past the cache.
    pub(crate) fn committed(&self, name: &KeyName) -> Result<Key, Error> {
        let id = key_id(name);
        let record = self.store().read(&id).map_err(read_error)?;
        let record = record.ok_or(Error::NotFound)?;
        record::read_key(&id, record.version, &record.value)
    }

    /// Saves a draft with its audit entry; none where the key was changed meanwhile.
    pub(crate) async fn save(
        &self,
        draft: Draft,
        event: &Event<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Key>, Error> {
        let creates = draft.before.is_none();
        let (transaction, key) = draft.into_transaction(self.transaction())?;
        match self.record(transaction, event, wanted.caller, wanted.now).await {
            Ok(_committed) => {
                self.inner().cache.forget(&key.name, key.revision);
                Ok(Some(key))
            }
            // What rides along does not fit any more: trying again cannot help.
            Err(CommitError::Conflict(id))
                if id.table != KEY && id.table != VERSION && id.table != TOMBSTONE =>
            {
                Err(Error::Conflict)
            }
            Err(CommitError::Conflict(_)) if creates => Err(Error::Exists),
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(commit_error(error)),
        }
    }

    /// Writes a refusal down before it is told.
    pub(crate) async fn settled<T>(&self, wanted: &Wanted<'_>, result: Result<T, Error>) -> Result<T, Error> {
        match result {
            Ok(done) => Ok(done),
            Err(error) => Err(self
                .refusal(wanted.done(), error, wanted.caller, wanted.now)
                .await),
        }
    }
}
