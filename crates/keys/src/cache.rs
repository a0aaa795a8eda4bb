//! Loaded keys, expanded and ready: a bounded cache that is never believed.
//!
//! Every use commits under the precondition that the key's record is the one that was loaded, so an entry
//! that is out of date costs a retry and never a wrong answer. Shards keep cores apart; within a shard the
//! entry that was used longest ago goes first. Material is erased when its last user is done.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hybridge_store::Id;

use crate::version::Version;
use crate::{Key, KeyName};

const SHARDS: usize = 64;
/// Versions of one key that are kept expanded.
const VERSIONS_MAX: usize = 8;

/// A key as it was committed, with those of its versions that were used.
pub(crate) struct Loaded {
    pub(crate) id: Id,
    pub(crate) key: Key,
    versions: Mutex<Vec<Arc<Version>>>,
}

impl Loaded {
    pub(crate) fn new(id: Id, key: Key) -> Self {
        Self {
            id,
            key,
            versions: Mutex::default(),
        }
    }

    /// The version, from the cache or from where `load` finds it.
    pub(crate) fn version<E>(
        &self,
        number: u32,
        load: impl FnOnce() -> Result<Version, E>,
    ) -> Result<Arc<Version>, E> {
        if let Some(found) = lock(&self.versions)
            .iter()
            .find(|version| version.number == number)
        {
            return Ok(Arc::clone(found));
        }
        let version = Arc::new(load()?);
        let mut versions = lock(&self.versions);
        if let Some(found) = versions.iter().find(|version| version.number == number) {
            return Ok(Arc::clone(found));
        }
        if versions.len() == VERSIONS_MAX {
            let oldest = versions
                .iter()
                .position(|version| version.number != self.key.primary);
            versions.remove(oldest.unwrap_or(0));
        }
        versions.push(Arc::clone(&version));
        Ok(version)
    }

    /// The versions that are loaded now.
    pub(crate) fn versions(&self) -> Vec<Arc<Version>> {
        lock(&self.versions).clone()
    }
}

/// A bounded number of loaded keys.
pub(crate) struct Cache {
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
    per_shard_max: usize,
}

#[derive(Default)]
struct Shard {
    keys: HashMap<KeyName, (Arc<Loaded>, u64)>,
    clock: u64,
}

impl Cache {
    /// At most about that many keys.
    pub(crate) fn new(keys_max: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            per_shard_max: keys_max.div_ceil(SHARDS).max(1),
        }
    }

    fn shard(&self, name: &KeyName) -> MutexGuard<'_, Shard> {
        let hash = usize::try_from(self.hasher.hash_one(name) % SHARDS as u64).unwrap_or(0);
        lock(&self.shards[hash])
    }

    pub(crate) fn find(&self, name: &KeyName) -> Option<Arc<Loaded>> {
        let mut shard = self.shard(name);
        shard.clock += 1;
        let clock = shard.clock;
        let (loaded, used) = shard.keys.get_mut(name)?;
        *used = clock;
        Some(Arc::clone(loaded))
    }

    /// Keeps a key, unless the same or a later state of it is there already; returns what is kept.
    pub(crate) fn keep(&self, loaded: Loaded) -> Arc<Loaded> {
        let mut shard = self.shard(&loaded.key.name);
        shard.clock += 1;
        let clock = shard.clock;
        let known = shard.keys.get(&loaded.key.name);
        if let Some((known, _)) = known.filter(|(known, _)| known.key.revision >= loaded.key.revision) {
            return Arc::clone(known);
        }
        let loaded = Arc::new(loaded);
        shard
            .keys
            .insert(loaded.key.name.clone(), (Arc::clone(&loaded), clock));
        if shard.keys.len() > self.per_shard_max {
            shard.drop_oldest();
        }
        loaded
    }

    /// Drops what is no later than this revision.
    pub(crate) fn forget(&self, name: &KeyName, revision: u64) {
        let mut shard = self.shard(name);
        if shard
            .keys
            .get(name)
            .is_some_and(|(known, _)| known.key.revision <= revision)
        {
            shard.keys.remove(name);
        }
    }

    /// Empties the cache and returns what was in it.
    pub(crate) fn drain(&self) -> Vec<Arc<Loaded>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).keys.drain().map(|(_, (loaded, _))| loaded));
        }
        all
    }
}

impl Shard {
    fn drop_oldest(&mut self) {
        let oldest = self.keys.iter().min_by_key(|(_, (_, used))| *used);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.keys.remove(&name);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
