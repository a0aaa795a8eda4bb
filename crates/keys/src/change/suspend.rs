//! Disabling and enabling: a key, or one of its versions, is put aside and comes back.
//!
//! Once disabling is acknowledged no use succeeds until it is enabled again.

use jiff::Timestamp;

use super::{ATTEMPTS, Draft, Wanted};
use crate::record::kept;
use crate::{Caller, Change, Error, Key, KeyName, Keys};

impl Keys {
    /// Puts a version aside, or the key with all its versions. What is disabled already stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoVersion`], [`Error::State`].
    pub async fn disable(
        &self,
        caller: &Caller,
        name: &KeyName,
        version: Option<u32>,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.disable", now);
        let result = self.suspend(&wanted, version, Change::Suspend).await;
        self.settled(&wanted, result).await
    }

    /// Brings a version back, or the key. What is enabled already stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoVersion`], [`Error::State`].
    pub async fn enable(
        &self,
        caller: &Caller,
        name: &KeyName,
        version: Option<u32>,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.enable", now);
        let result = self.suspend(&wanted, version, Change::Resume).await;
        self.settled(&wanted, result).await
    }

    async fn suspend(&self, wanted: &Wanted<'_>, version: Option<u32>, change: Change) -> Result<Key, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            let mut event = wanted.done();
            match version {
                Some(version) => {
                    draft.version(self, version)?.change(change, wanted.now)?;
                    event = event.version(version);
                }
                None => suspend_key(&mut draft, change, wanted.now),
            }
            if let Some(key) = self.save(draft, &event, wanted).await? {
                return Ok(key);
            }
        }
        Err(Error::Conflict)
    }
}

fn suspend_key(draft: &mut Draft, change: Change, now: Timestamp) {
    let since = draft.key.disabled.unwrap_or(kept(now));
    draft.key.disabled = (change == Change::Suspend).then_some(since);
}
