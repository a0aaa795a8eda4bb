//! Destruction: announced, cancelled or carried out; what is destroyed never comes back.
//!
//! From the announcement on nothing can be used. When the waiting window has passed, the reaper erases the
//! material from the record and leaves a tombstone, which also survives a restore of an older backup. The
//! names of destroyed keys are not given again.

use std::time::Duration;

use hybridge_store::Id;
use jiff::Timestamp;

use super::{ATTEMPTS, Draft, Wanted};
use crate::record::{Due, kept, split_id};
use crate::{Caller, Change, Error, Key, KeyName, Keys, State};

/// What to destroy, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destroy {
    /// One version, which is not the primary one; `None` is the whole key.
    pub version: Option<u32>,
    /// How long it can be cancelled; `None` is the configured window.
    pub wait: Option<Duration>,
}

/// What the reaper did.
#[derive(Debug)]
pub struct Reaped {
    /// The key.
    pub name: KeyName,
    /// The version; `None` is the whole key.
    pub version: Option<u32>,
    /// How it went.
    pub result: Result<(), Error>,
}

impl Keys {
    /// Announces a destruction. Nothing can be used from now on; it can be cancelled until the window ends.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoVersion`]; [`Error::Destroying`] where it is announced already;
    /// [`Error::Refused`] for the primary version and for too short a window.
    pub async fn destroy(
        &self,
        caller: &Caller,
        name: &KeyName,
        destroy: Destroy,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.destroy", now);
        self.settled(&wanted, self.try_destroy(&wanted, destroy).await)
            .await
    }

    async fn try_destroy(&self, wanted: &Wanted<'_>, destroy: Destroy) -> Result<Key, Error> {
        if wanted.name.is_internal() {
            let why = "the service's own keys are not destroyed";
            return Err(Error::Refused { why });
        }
        let after = self.window(destroy.wait, wanted.now)?;
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            self.check_dual_control(&draft.key)?;
            let planned = self.planned(&mut draft, destroy.version)?;
            if let Some(after) = *planned {
                return Err(Error::Destroying { after });
            }
            *planned = Some(after);
            let event = event(wanted, destroy.version).fact("after", after);
            if let Some(key) = self.save(draft, &event, wanted).await? {
                return Ok(key);
            }
        }
        Err(Error::Conflict)
    }

    fn window(&self, wait: Option<Duration>, now: Timestamp) -> Result<Timestamp, Error> {
        let config = self.config();
        let wait = wait.unwrap_or(config.destroy_wait);
        if wait < config.destroy_wait_min {
            let why = format_args!("at least {} s", config.destroy_wait_min.as_secs());
            return Err(Error::invalid("wait", why));
        }
        kept(now)
            .checked_add(wait)
            .map_err(|error| Error::invalid("wait", error))
    }

    /// When the destruction of the key or of the version is planned.
    fn planned<'a>(
        &self,
        draft: &'a mut Draft,
        version: Option<u32>,
    ) -> Result<&'a mut Option<Timestamp>, Error> {
        match version {
            None => Ok(&mut draft.key.destroy_after),
            Some(version) if version == draft.key.primary => {
                let why = "the primary version cannot be destroyed alone; rotate the key first";
                Err(Error::Refused { why })
            }
            Some(version) => {
                let stored = draft.version(self, version)?;
                let state = State::Destroyed;
                if stored.times.destroyed.is_some() {
                    return Err(Error::State { version, state });
                }
                Ok(&mut stored.destroy_after)
            }
        }
    }

    /// Cancels a destruction before its window has ended.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoVersion`]; [`Error::Refused`] where none is announced.
    pub async fn cancel_destroy(
        &self,
        caller: &Caller,
        name: &KeyName,
        version: Option<u32>,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.cancel-destroy", now);
        self.settled(&wanted, self.try_cancel(&wanted, version).await)
            .await
    }

    async fn try_cancel(&self, wanted: &Wanted<'_>, version: Option<u32>) -> Result<Key, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            if self.planned(&mut draft, version)?.take().is_none() {
                let why = "no destruction is announced";
                return Err(Error::Refused { why });
            }
            if let Some(key) = self.save(draft, &event(wanted, version), wanted).await? {
                return Ok(key);
            }
        }
        Err(Error::Conflict)
    }

    /// Carries out at most `limit` destructions whose window has ended.
    ///
    /// # Errors
    /// [`Error::Sealed`] and [`Error::Store`] where the schedule cannot be read.
    pub async fn reap(&self, now: Timestamp, limit: usize) -> Result<Vec<Reaped>, Error> {
        let mut reaped = Vec::new();
        for (id, subject) in self.scheduled(Due::Destruction, now, limit)? {
            let Some((name, version)) = split_id(&subject) else {
                continue;
            };
            let result = self.reap_one(&id, &name, version, now).await;
            reaped.push(Reaped {
                name,
                version,
                result,
            });
        }
        Ok(reaped)
    }

    async fn reap_one(
        &self,
        id: &Id,
        name: &KeyName,
        version: Option<u32>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let caller = Caller::service("schedule");
        let wanted = Wanted::new(&caller, name, "key.destroyed", now);
        for _ in 0..ATTEMPTS {
            let mut draft = match self.draft(name) {
                Err(Error::NotFound | Error::State { .. }) => return self.unschedule(id, None).await,
                draft => draft?,
            };
            if !self
                .planned(&mut draft, version)?
                .is_some_and(|after| after <= now)
            {
                return self.unschedule(id, None).await;
            }
            self.erase(&mut draft, version, now)?;
            if self
                .save(draft, &event(&wanted, version), &wanted)
                .await?
                .is_some()
            {
                return Ok(());
            }
        }
        Err(Error::Conflict)
    }

    /// Erases the material of a version, or of all.
    fn erase(&self, draft: &mut Draft, version: Option<u32>, now: Timestamp) -> Result<(), Error> {
        let numbers = match version {
            Some(version) => version..=version,
            None => 1..=draft.key.latest,
        };
        for number in numbers {
            self.erase_one(draft, number, now)?;
        }
        if version.is_none() {
            draft.key.destroy_after = None;
            draft.key.destroyed = Some(kept(now));
            draft.bury(None, now);
        }
        Ok(())
    }

    fn erase_one(&self, draft: &mut Draft, number: u32, now: Timestamp) -> Result<(), Error> {
        let stored = match draft.version(self, number) {
            // A damaged record has nothing that could be used, and its tombstone keeps it so.
            Err(Error::NoVersion { .. } | Error::Damaged { .. }) => {
                draft.bury(Some(number), now);
                return Ok(());
            }
            stored => stored?,
        };
        if stored.times.destroyed.is_none() {
            stored.change(Change::Destroy, now)?;
            stored.secret = zeroize::Zeroizing::default();
            stored.destroy_after = None;
            stored.quarantined = false;
            draft.bury(Some(number), now);
        }
        Ok(())
    }
}

fn event<'a>(wanted: &Wanted<'a>, version: Option<u32>) -> crate::audit::Event<'a> {
    let event = wanted.done();
    match version {
        Some(version) => event.version(version),
        None => event,
    }
}
