//! Changing what a key may be used for: its policy, labels and the lifetime of what it protects.
//!
//! A setting only ever narrows where widening would undo a promise: exportability and dual control.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::create::check_labels;
use super::{ATTEMPTS, Draft, Wanted};
use crate::record::kept;
use crate::{Caller, Error, Key, KeyName, Keys, Policy};

/// What to change; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The whole new policy.
    pub policy: Option<Policy>,
    /// All new labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// How long what it protects must stay protected.
    pub lifetime: Option<Duration>,
}

impl Keys {
    /// Changes a key's policy, labels or lifetime. A new rotation period counts from the last rotation.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`]; [`Error::Refused`] for making a key exportable that was made
    /// without.
    pub async fn configure(
        &self,
        caller: &Caller,
        name: &KeyName,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.configure", now);
        self.settled(&wanted, self.try_configure(&wanted, settings).await)
            .await
    }

    async fn try_configure(&self, wanted: &Wanted<'_>, settings: &Settings) -> Result<Key, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            if let Some(policy) = &settings.policy {
                self.set_policy(&mut draft, policy)?;
            }
            if let Some(labels) = &settings.labels {
                check_labels(labels)?;
                draft.key.labels.clone_from(labels);
            }
            draft.key.lifetime = settings.lifetime.or(draft.key.lifetime);
            if let Some(key) = self.save(draft, &wanted.done(), wanted).await? {
                return Ok(key);
            }
        }
        Err(Error::Conflict)
    }

    /// Writes the key's records anew, so that they are sealed under the newest epoch. A damaged version is
    /// left as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Store`].
    pub async fn reseal(&self, caller: &Caller, name: &KeyName, now: Timestamp) -> Result<Key, Error> {
        let wanted = Wanted::new(caller, name, "key.reseal", now);
        self.settled(&wanted, self.try_reseal(&wanted).await).await
    }

    async fn try_reseal(&self, wanted: &Wanted<'_>) -> Result<Key, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            for number in 1..=draft.key.latest {
                leave_out(draft.version(self, number).map(drop))?;
            }
            if let Some(key) = self.save(draft, &wanted.done(), wanted).await? {
                return Ok(key);
            }
        }
        Err(Error::Conflict)
    }

    fn set_policy(&self, draft: &mut Draft, policy: &Policy) -> Result<(), Error> {
        let key = &mut draft.key;
        policy
            .check(key.purpose, key.latest)
            .map_err(|error| Error::invalid(error.field(), error))?;
        if policy.exportable && !key.policy.exportable {
            let why = "a key that was made to stay here cannot become exportable";
            return Err(Error::Refused { why });
        }
        if key.policy.dual_control && !policy.dual_control {
            let why = "dual control cannot be taken from a key";
            return Err(Error::Refused { why });
        }
        if policy.rotation() != key.policy.rotation() {
            let primary = key.primary;
            let since = draft.version(self, primary)?.times.created;
            let after = policy
                .rotation()
                .and_then(|period| since.checked_add(period).ok());
            draft.key.rotate_after = after.map(kept);
        }
        draft.key.policy = policy.clone();
        Ok(())
    }
}

/// A version that is damaged or missing holds up none of the others.
fn leave_out(read: Result<(), Error>) -> Result<(), Error> {
    match read {
        Err(Error::Damaged { .. } | Error::NoVersion { .. }) => Ok(()),
        read => read,
    }
}
