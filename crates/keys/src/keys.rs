//! The service itself: a cheap handle over the store, the loaded keys and the audit log.
//!
//! What is committed is the truth. This file opens the store, finds keys in it, and writes audit entries in
//! the same transaction as what they record; what the operations do is in their own files.

use std::sync::Arc;

use hybridge_crypto::state;
use hybridge_store::{CommitError, Committed, OpenError, Options, Store, Transaction};
use jiff::Timestamp;

use crate::audit::Event;
use crate::cache::{Cache, Loaded};
use crate::checkpoint::Journal;
use crate::count::Counts;
use crate::exchange::Sessions;
use crate::fault::{commit_error, read_error};
use crate::record::{self, APPROVAL, TOMBSTONE, VERSION, key_id, version_id};
use crate::start::Seal;
use crate::version::Version;
use crate::{Caller, Config, Error, Key, KeyName, Rider, serve};

/// The key service. Cloning is cheap; all clones are one service.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
    rider: Option<Arc<Rider>>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) journal: Journal,
    pub(crate) counts: Counts,
    pub(crate) seal: Seal,
    pub(crate) sessions: Sessions,
}

impl Keys {
    /// Opens the database, or makes an empty one. It is sealed afterwards. Blocks for a few reads.
    ///
    /// # Errors
    /// [`OpenError`]: what is wrong with the file, or that it is older than its witnesses say.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let options = Options {
            witness: config.witnesses.clone(),
            accept_rollback: config.accept_rollback,
        };
        let store = Store::open(&config.database(), options)?;
        Ok(Self::over(store, config))
    }

    /// The service over a store that is open already.
    #[must_use]
    pub fn over(store: Store, config: Config) -> Self {
        let cache = Cache::new(config.loaded_keys_max);
        let journal = Journal::at(store.head().sequence);
        let sessions = Sessions::new(config.sessions_max, hybridge_exchange::Time::default());
        let inner = Arc::new(Inner {
            config,
            store,
            cache,
            journal,
            counts: Counts::default(),
            seal: Seal::default(),
            sessions,
        });
        Self { inner, rider: None }
    }

    /// The same service; what the next operation changes takes effect together with the rider, or not at
    /// all. One handle for one operation.
    #[must_use]
    pub fn with(&self, rider: Rider) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            rider: Some(Arc::new(rider)),
        }
    }

    /// The transaction that a change begins with.
    pub(crate) fn transaction(&self) -> Transaction {
        let rider = self.rider.as_deref().cloned();
        rider.unwrap_or_default().into_transaction()
    }

    /// Passes where the key asks for no second administrator, or an approval is spent with the operation.
    pub(crate) fn check_dual_control(&self, key: &Key) -> Result<(), Error> {
        let approval = |rider: &Arc<Rider>| rider.writes_to(APPROVAL);
        if key.policy.dual_control && !self.rider.as_ref().is_some_and(approval) {
            let why = "the key needs the approval of a second administrator";
            return Err(Error::Refused { why });
        }
        Ok(())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The store underneath, for the parts of this crate that keep records of their own.
    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// How the service is set up.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Commits with one audit entry, or not at all.
    pub(crate) async fn record(
        &self,
        mut transaction: Transaction,
        event: &Event<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Committed, CommitError> {
        transaction.entries.push(event.to_bytes(caller, now));
        let committed = self.inner.store.commit(transaction).await?;
        self.inner.counts.add(event.name, event.outcome);
        self.checkpoint_soon(committed.head, now);
        Ok(committed)
    }

    /// Writes down that a request was refused or failed; the error to tell, which is another one where the
    /// entry cannot be written.
    pub(crate) async fn refusal(
        &self,
        event: Event<'_>,
        error: Error,
        caller: &Caller,
        now: Timestamp,
    ) -> Error {
        let event = event.not(serve::outcome(&error), error.code());
        match self.record(Transaction::default(), &event, caller, now).await {
            Ok(_committed) => error,
            Err(unwritten) => commit_error(unwritten),
        }
    }

    /// Writes down what was refused before it came here, such as a request without the right to it.
    ///
    /// # Errors
    /// [`Error::Store`] where the entry cannot be written.
    pub async fn refused(&self, caller: &Caller, event: &Event<'_>, now: Timestamp) -> Result<(), Error> {
        let written = self.record(Transaction::default(), event, caller, now).await;
        written.map(drop).map_err(commit_error)
    }

    /// The key, from the cache or from the store. A use commits only if it is still the committed one.
    pub(crate) fn loaded(&self, name: &KeyName) -> Result<Arc<Loaded>, Error> {
        state::check()?;
        if let Some(loaded) = self.inner.cache.find(name) {
            return Ok(loaded);
        }
        let id = key_id(name);
        let record = self.inner.store.read(&id).map_err(read_error)?;
        let record = record.ok_or(Error::NotFound)?;
        let key = record::read_key(&id, record.version, &record.value)?;
        Ok(self.inner.cache.keep(Loaded::new(id, key)))
    }

    /// Whether a loaded key is still the committed one. Uses find out when they commit; refusals, which
    /// commit nothing that depends on the key, ask here. What is not is forgotten.
    pub(crate) fn is_current(&self, loaded: &Loaded) -> Result<bool, Error> {
        let record = self.inner.store.read(&loaded.id).map_err(read_error)?;
        let is_current = record.is_some_and(|record| record.version == loaded.key.revision);
        if !is_current {
            self.inner.cache.forget(&loaded.key.name, loaded.key.revision);
        }
        Ok(is_current)
    }

    /// A version of a loaded key. What has a tombstone has no material, whatever its record says.
    pub(crate) fn version(&self, loaded: &Loaded, number: u32) -> Result<Arc<Version>, Error> {
        loaded.version(number, || {
            let stored = self.stored(&loaded.key.name, number)?;
            Version::load(&loaded.key, &stored)
        })
    }

    /// The record of a version; destroyed where there is a tombstone.
    pub(crate) fn stored(&self, name: &KeyName, version: u32) -> Result<record::Stored, Error> {
        let tombstone = version_id(TOMBSTONE, name, version);
        let tombstone = self.inner.store.read(&tombstone).map_err(read_error)?;
        if tombstone.is_some() {
            return Err(Error::State {
                version,
                state: crate::State::Destroyed,
            });
        }
        self.stored_with_revision(name, version).map(|(_, stored)| stored)
    }

    /// The record of a version with the version that the store gave the record.
    pub(crate) fn stored_with_revision(
        &self,
        name: &KeyName,
        version: u32,
    ) -> Result<(u64, record::Stored), Error> {
        let id = version_id(VERSION, name, version);
        let record = self.inner.store.read(&id).map_err(read_error)?;
        let record = record.ok_or(Error::NoVersion { version })?;
        let stored = record::read_version(&id, &record.value)?;
        Ok((record.version, stored))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Keys({})", self.inner.config.directory.display())
    }
}
