//! Rotation: makes a new version of a key and retires the old one.
//!
//! Rules: a key has exactly one primary version; rotation deletes nothing, so that what the old version
//! protected still opens; callers see the new version only after the store has committed it. When to rotate
//! is in the schedule, a table in order of time, so that finding what is due does not read every key.

use futures_util::future::join_all;
use hybridge_store::{Id, Transaction, Write};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::{ATTEMPTS, Draft, Wanted};
use crate::fault::{commit_error, read_error};
use crate::material::Material;
use crate::record::{DUE, Due, Stored, kept, split_id};
use crate::{Caller, Change, Error, Key, KeyName, KeyVersion, Keys, Origin, Times};

/// Rotations that are under way at the same time.
const TOGETHER: usize = 16;
/// When a failed rotation is tried again (10 minutes).
const AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Proof that a key has a new primary version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key as it is now.
    pub key: Key,
    /// The version that was primary.
    pub old: KeyVersion,
    /// The version that is.
    pub new: KeyVersion,
}

/// True where the schedule rotates the key at that time.
#[must_use]
pub fn due(key: &Key, now: Timestamp) -> bool {
    let rests = key.disabled.is_some() || key.destroy_after.is_some() || key.destroyed.is_some();
    !rests && key.rotate_after.is_some_and(|at| at <= now)
}

impl Keys {
    /// Makes a new primary version and deactivates the old one, in one transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Disabled`], [`Error::Destroying`], [`Error::State`] for a key that is
    /// not yet active.
    pub async fn rotate(&self, caller: &Caller, name: &KeyName, now: Timestamp) -> Result<Rotated, Error> {
        let wanted = Wanted::new(caller, name, "key.rotate", now);
        self.settled(&wanted, self.try_rotate(&wanted).await).await
    }

    async fn try_rotate(&self, wanted: &Wanted<'_>) -> Result<Rotated, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            if draft.key.disabled.is_some() {
                return Err(Error::Disabled);
            }
            if let Some(after) = draft.key.destroy_after {
                return Err(Error::Destroying { after });
            }
            let old = draft.key.primary;
            self.add_primary(&mut draft, wanted.now).await?;
            draft.version(self, old)?.change(Change::Deactivate, wanted.now)?;
            let new = draft.shown(self, draft.key.primary, wanted.now)?;
            let old = draft.shown(self, old, wanted.now)?;
            let event = wanted.done().version(new.number).fact("old", old.number);
            if let Some(key) = self.save(draft, &event, wanted).await? {
                return Ok(Rotated { key, old, new });
            }
        }
        Err(Error::Conflict)
    }

    /// Adds a new version to a draft and makes it the primary one.
    pub(super) async fn add_primary(&self, draft: &mut Draft, now: Timestamp) -> Result<(), Error> {
        let key = &mut draft.key;
        let material = Material::generate_aside(key.purpose, key.algorithm).await?;
        key.latest = key.latest.checked_add(1).ok_or(Error::Limit {
            limit: "versions of one key",
        })?;
        key.primary = key.latest;
        let period = key.policy.rotation();
        key.rotate_after = period.and_then(|period| kept(now).checked_add(period).ok());
        let times = Times::new(kept(now), kept(now));
        let version = Stored::new(key.latest, key, (material, Origin::Generated), times);
        draft.add(version);
        Ok(())
    }

    /// Rotates at most `limit` keys that are due, the longest overdue first; says for each how it went.
    /// What failed is tried again ten minutes later, and holds up no other key.
    ///
    /// # Errors
    /// [`Error::Sealed`] and [`Error::Store`] where the schedule cannot be read.
    pub async fn rotate_due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(KeyName, Result<Rotated, Error>)>, Error> {
        let found = self.scheduled(Due::Rotation, now, limit)?;
        let mut all = Vec::with_capacity(found.len());
        for some in found.chunks(TOGETHER) {
            let rotations = some.iter().map(|(id, subject)| self.rotate_one(id, subject, now));
            all.extend(join_all(rotations).await.into_iter().flatten());
        }
        Ok(all)
    }

    async fn rotate_one(
        &self,
        id: &Id,
        subject: &[u8],
        now: Timestamp,
    ) -> Option<(KeyName, Result<Rotated, Error>)> {
        let (name, _) = split_id(subject)?;
        let committed = self.committed(&name);
        if !matches!(&committed, Ok(key) if due(key, now)) && !is_unreadable(&committed) {
            self.unschedule(id, None).await.ok()?;
            return None;
        }
        let rotated = Box::pin(self.rotate(&Caller::service("schedule"), &name, now)).await;
        let again = now.checked_add(AGAIN_AFTER).ok();
        let again = again
            .filter(|_at| rotated.is_err())
            .map(|at| Due::Rotation.id(at, subject));
        let is_done = again.is_none() && schedules(&committed, id);
        let moved = if is_done {
            Ok(())
        } else {
            self.unschedule(id, again).await
        };
        if let Err(error) = moved {
            tracing::warn!(key = %name, %error, "the schedule of rotations was not updated");
        }
        Some((name, rotated))
    }

    /// What the schedule has until that time, earliest first.
    pub(crate) fn scheduled(
        &self,
        kind: Due,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Id, Vec<u8>)>, Error> {
        let rows = self
            .store()
            .scan(DUE, &kind.prefix(), None, limit)
            .map_err(read_error)?;
        let entries = rows.into_iter().map(|(id, _value)| id);
        let until = entries.map_while(|id| {
            let (at, subject) = Due::split(&id.key)?;
            (at <= now).then(|| (id.clone(), subject.to_vec()))
        });
        Ok(until.collect())
    }

    /// Takes an entry out of the schedule, or moves it.
    pub(super) async fn unschedule(&self, id: &Id, to: Option<Id>) -> Result<(), Error> {
        let put = to.map(|to| Write::Put(to, Zeroizing::default()));
        let writes = std::iter::once(Write::Delete(id.clone())).chain(put);
        let transaction = Transaction {
            writes: writes.collect(),
            ..Transaction::default()
        };
        self.store()
            .commit(transaction)
            .await
            .map(drop)
            .map_err(commit_error)
    }
}

fn is_unreadable(committed: &Result<Key, Error>) -> bool {
    matches!(committed, Err(error) if !matches!(error, Error::NotFound))
}

/// True where the entry is the one that a rotation of the key takes away itself.
fn schedules(committed: &Result<Key, Error>, id: &Id) -> bool {
    matches!(committed, Ok(key) if super::schedule(key).contains(id))
}
