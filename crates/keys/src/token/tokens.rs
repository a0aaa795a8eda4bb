//! The tokens of the key service: made, checked, revoked in the store.
//!
//! Loaded tokens are kept in a bounded cache that is exact: a token is put into it only if nothing was
//! revoked between the reading of its record and that moment, and a revocation takes it out before it is
//! acknowledged. One uncontended read lock is all that a known token costs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hybridge_store::ReadError;
use jiff::Timestamp;

use super::live::{Entered, Live, Rate, Refused};
use super::record;
use super::secret::{Digest, TokenId};
use crate::Keys;

/// Tokens that are kept loaded.
const LOADED_MAX: usize = 4096;

/// The tokens of a key service. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Keys,
    rate: Rate,
    loaded: RwLock<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    tokens: HashMap<TokenId, Arc<Live>>,
    /// How many revocations there were.
    revocations: u64,
}

impl Tokens {
    /// The tokens in this service's store, each as fast as this.
    #[must_use]
    pub fn new(keys: Keys, rate: Rate) -> Self {
        Self(Arc::new(Inner {
            keys,
            rate,
            loaded: RwLock::default(),
        }))
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Lets a token in without a look into the store, if it is loaded.
    #[must_use]
    pub fn enter_loaded(&self, digest: &Digest, now: Timestamp) -> Option<Result<Entered, Refused>> {
        if self.0.keys.store().is_sealed() {
            return Some(Err(Refused::Sealed));
        }
        let live = self.read().tokens.get(&digest.id()).cloned();
        live.map(|live| live.enter(digest, now))
    }

    /// Whether no token can be looked up, because the key service is sealed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.0.keys.store().is_sealed()
    }

    /// Lets a token in, or says why not. Blocks for one read where it is not loaded.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn enter(&self, digest: &Digest, now: Timestamp) -> Result<Entered, Refused> {
        if let Some(entered) = self.enter_loaded(digest, now) {
            return entered;
        }
        loop {
            let revocations = self.read().revocations;
            let live = self.load(&digest.id())?;
            if let Some(live) = self.keep(live, revocations) {
                return live.enter(digest, now);
            }
        }
    }

    fn load(&self, id: &TokenId) -> Result<Live, Refused> {
        let id = record::token_id(id);
        let found = self.0.keys.store().read(&id).map_err(|error| match error {
            ReadError::Sealed => Refused::Sealed,
            _ => Refused::Unreadable,
        })?;
        let bytes = found.ok_or(Refused::Unknown)?.value;
        let (digest, grant) = record::read(&id, &bytes).map_err(|_damaged| Refused::Unreadable)?;
        Ok(Live::new(digest, grant, self.0.rate))
    }

    /// Keeps a token that was just read, or the one that is kept already; nothing if what was read may be
    /// old by now.
    fn keep(&self, live: Live, revocations: u64) -> Option<Arc<Live>> {
        let mut loaded = self.write();
        if loaded.revocations != revocations {
            return None;
        }
        if loaded.tokens.len() >= LOADED_MAX {
            // Those under way stay: a revocation must find them to wait for them.
            let idle = loaded.tokens.iter().find(|(_, live)| live.is_idle());
            let idle = idle.map(|(id, _)| *id);
            idle.and_then(|id| loaded.tokens.remove(&id));
        }
        let kept = loaded.tokens.entry(live.id()).or_insert_with(|| Arc::new(live));
        Some(Arc::clone(kept))
    }

    /// Forgets a token that is revoked in the store, and waits until nothing of it is under way but the
    /// request that asks.
    pub(super) async fn forget(&self, id: &TokenId, asking: Option<TokenId>) {
        let live = {
            let mut loaded = self.write();
            loaded.revocations += 1;
            loaded.tokens.remove(id)
        };
        if let Some(live) = live {
            live.revoke();
            live.drained(u32::from(asking == Some(*id))).await;
        }
    }

    /// When loaded tokens were last let in.
    pub(super) fn uses(&self) -> Vec<(TokenId, i64)> {
        let loaded = self.read();
        let used = loaded.tokens.values().map(|live| (live.id(), live.used_s()));
        used.filter(|(_, used_s)| *used_s > 0).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Loaded> {
        self.0.loaded.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Loaded> {
        self.0.loaded.write().unwrap_or_else(PoisonError::into_inner)
    }
}
