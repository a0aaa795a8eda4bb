//! Compromise: a version is known or feared to be in other hands.
//!
//! One transaction marks the version, quarantines it and, where it was the primary one, makes a new one.
//! What it protected is told from what is counted; who held a copy of a public key is not known here.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{ATTEMPTS, Wanted};
use crate::fault::read_error;
use crate::meter::{self, Counted};
use crate::record::{QUARANTINE, split_id};
use crate::{Caller, Change, Error, Key, KeyName, KeyVersion, Keys};

/// Proof that a version is quarantined, and what it had protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compromised {
    /// The key as it is now, with its primary version.
    pub key: Key,
    /// The version that is quarantined.
    pub version: KeyVersion,
    /// What it had protected.
    pub protected: Protected,
}

/// What a version had protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// At most how often it protected something; what others encapsulated to its public key is not counted.
    pub protections: u64,
    /// At most how many data keys it wrapped; whatever they encrypted is at risk too.
    pub data_keys: u64,
    /// The key's labels, which say whose it is.
    pub labels: BTreeMap<String, String>,
    /// How long what it protected has to stay protected.
    pub lifetime: Option<Duration>,
    /// From when on it protected.
    pub from: Timestamp,
    /// Until when, the compromise at the latest.
    pub until: Timestamp,
}

/// A version in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarantined {
    /// The key.
    pub name: KeyName,
    /// The version.
    pub version: u32,
}

impl Keys {
    /// Records a compromise of a version, the primary one where none is named.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoVersion`], [`Error::State`] for what is compromised or destroyed.
    pub async fn compromise(
        &self,
        caller: &Caller,
        name: &KeyName,
        version: Option<u32>,
        now: Timestamp,
    ) -> Result<Compromised, Error> {
        let wanted = Wanted::new(caller, name, "key.compromise", now);
        self.settled(&wanted, self.try_compromise(&wanted, version).await)
            .await
    }

    async fn try_compromise(&self, wanted: &Wanted<'_>, version: Option<u32>) -> Result<Compromised, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            let number = version.unwrap_or(draft.key.primary);
            let stored = draft.version(self, number)?;
            stored.change(Change::Compromise, wanted.now)?;
            stored.quarantined = true;
            if number == draft.key.primary {
                self.add_primary(&mut draft, wanted.now).await?;
            }
            let version = draft.shown(self, number, wanted.now)?;
            let protected = self.protected(&draft.key, &version, wanted.now)?;
            let event = wanted
                .done()
                .version(number)
                .fact("primary", draft.key.primary)
                .fact("protections", protected.protections)
                .fact("data-keys", protected.data_keys);
            if let Some(key) = self.save(draft, &event, wanted).await? {
                return Ok(Compromised {
                    key,
                    version,
                    protected,
                });
            }
        }
        Err(Error::Conflict)
    }

    fn protected(&self, key: &Key, version: &KeyVersion, now: Timestamp) -> Result<Protected, Error> {
        let counted = |counted: Counted| meter::counted(self.store(), &counted.id(&key.name, version.number));
        Ok(Protected {
            protections: counted(Counted::Protections)?,
            data_keys: counted(Counted::DataKeys)?,
            labels: key.labels.clone(),
            lifetime: key.lifetime,
            from: version.times.activated,
            until: version.times.deactivated.unwrap_or(now),
        })
    }

    /// The versions in quarantine, at most `limit` after the one that is named.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::Store`].
    pub fn quarantined(&self, after: Option<&Quarantined>, limit: usize) -> Result<Vec<Quarantined>, Error> {
        let after = after.map(|after| crate::record::version_id(QUARANTINE, &after.name, after.version).key);
        let rows = self
            .store()
            .scan(QUARANTINE, &[], after.as_deref(), limit)
            .map_err(read_error)?;
        let entries = rows.iter().filter_map(|(id, _value)| split_id(&id.key));
        let versions =
            entries.filter_map(|(name, version)| version.map(|version| Quarantined { name, version }));
        Ok(versions.collect())
    }

    /// Lets a compromised version process again what it protected, so that it can be moved to a newer one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoVersion`]; [`Error::Refused`] where it is not in quarantine.
    pub async fn release(
        &self,
        caller: &Caller,
        name: &KeyName,
        version: u32,
        now: Timestamp,
    ) -> Result<KeyVersion, Error> {
        let wanted = Wanted::new(caller, name, "key.release", now);
        self.settled(&wanted, self.try_release(&wanted, version).await)
            .await
    }

    async fn try_release(&self, wanted: &Wanted<'_>, version: u32) -> Result<KeyVersion, Error> {
        for _ in 0..ATTEMPTS {
            let mut draft = self.draft(wanted.name)?;
            let stored = draft.version(self, version)?;
            if !std::mem::take(&mut stored.quarantined) {
                let why = "the version is not in quarantine";
                return Err(Error::Refused { why });
            }
            let shown = draft.shown(self, version, wanted.now)?;
            let event = wanted.done().version(version);
            if self.save(draft, &event, wanted).await?.is_some() {
                return Ok(shown);
            }
        }
        Err(Error::Conflict)
    }
}
