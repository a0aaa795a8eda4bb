//! Starting: the seal is made or opened, and the service's own keys are there.
//!
//! Sealed means that nothing but the log and the root record can be read. What people bring is counted
//! here until the seal opens; which of it was wrong is said by name.

mod pending;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hybridge_store::{ReadError, Transaction};
use jiff::Timestamp;

use crate::audit::Event;
use crate::cache::lock;
use crate::change::Wanted;
use crate::fault::{commit_error, read_error};
use crate::seal::{
    self, ConfirmError, Offer, Prepared, Protector, Root, RootError, Scheme, SealError, Secret, Step,
    UnsealError, Unsealed, Unsealing, key_file, rekey,
};
use crate::{Caller, Error, KeyName, Keys, NewKey, Purpose};

pub use pending::Ticket;

/// The key that signs the audit log's checkpoints.
pub(crate) const AUDIT: &str = "@audit";
/// The key that signs key exchanges.
pub(crate) const EXCHANGE: &str = "@exchange";

/// How often the identity of key exchanges rotates (90 days).
const IDENTITY_ROTATION: Duration = Duration::from_secs(90 * 24 * 3600);

/// What is known of the seal.
#[derive(Default)]
pub(crate) struct Seal {
    state: Mutex<State>,
    pending: Mutex<Option<pending::Pending>>,
    /// Held while a seal is replaced: two at once would leave records under a keyring that nobody has.
    replacing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    Opening(Unsealing),
    Open(Arc<Unsealed>),
}

/// How far the seal is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealState {
    /// The store is new: it has no seal yet.
    Uninitialised,
    /// Nothing can be read.
    Sealed {
        /// What opens it.
        scheme: Scheme,
        /// Indices of the shares that were counted.
        given: Vec<u8>,
    },
    /// Open.
    Unsealed {
        /// What opened it.
        scheme: Scheme,
        /// How often the seal was made anew.
        sealing: u32,
    },
}

/// What an offer led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A good share; more are needed.
    Counted {
        /// Whose it is.
        holder: String,
        /// How many were given.
        given: u8,
        /// How many are needed.
        threshold: u8,
    },
    /// The service is open.
    Unsealed,
}

/// Why the seal was not made or opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no seal yet.
    #[error("the store has no seal yet")]
    Uninitialised,
    /// There is no key file where there should be one.
    #[error("the key file {} is missing", path.display())]
    NoKeyFile {
        /// Where it should be.
        path: std::path::PathBuf,
    },
    /// The store's root record does not read.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The root record cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The seal cannot be made so.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What was brought does not open it.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// No seal waits under this name.
    #[error("no seal waits to be confirmed under this id; what opened the store before still does")]
    NotPending,
    /// It is not proven that the seal arrived.
    #[error("it is not proven that the shares arrived, so nothing was changed")]
    Confirm(#[from] ConfirmError),
    /// Another seal came into force after this one was prepared.
    #[error("the store was sealed anew since this seal was prepared; prepare another")]
    Stale,
    /// The seal was not committed.
    #[error(transparent)]
    Rekey(#[from] rekey::RekeyError),
    /// The key file cannot be read.
    #[error(transparent)]
    KeyFile(#[from] key_file::KeyFileError),
    /// The service's own keys cannot be made, or the log not be written.
    #[error(transparent)]
    Keys(#[from] Error),
}

impl Keys {
    fn root(&self) -> Result<Option<Root>, StartError> {
        let bytes = self.store().root()?;
        let root = bytes.map(|bytes| Root::parse(&bytes)).transpose()?;
        Ok(root)
    }

    /// How far the seal is open.
    ///
    /// # Errors
    /// [`StartError::Root`], [`StartError::Read`].
    pub fn seal_state(&self) -> Result<SealState, StartError> {
        let given = match &*lock(&self.inner().seal.state) {
            State::Open(unsealed) => {
                return Ok(SealState::Unsealed {
                    scheme: unsealed.root().scheme(),
                    sealing: unsealed.root().sealing(),
                });
            }
            State::Opening(unsealing) => unsealing.given().collect(),
            State::Closed => Vec::new(),
        };
        Ok(self
            .root()?
            .map_or(SealState::Uninitialised, |root| SealState::Sealed {
                scheme: root.scheme(),
                given,
            }))
    }

    /// What is open now, for backups.
    ///
    /// # Errors
    /// [`Error::Sealed`].
    pub fn unsealed(&self) -> Result<Arc<Unsealed>, Error> {
        match &*lock(&self.inner().seal.state) {
            State::Open(unsealed) => Ok(Arc::clone(unsealed)),
            _ => Err(Error::Sealed),
        }
    }

    /// Prepares a seal: the first one of a new store, or a new one for an open store. What it delivers must
    /// be delivered before [`Keys::put_seal`].
    ///
    /// # Errors
    /// [`StartError::Seal`]; [`Error::Sealed`] for a store that has a seal and is not open.
    pub fn prepare_seal(&self, protector: &Protector) -> Result<Prepared, StartError> {
        if self.root()?.is_none() {
            return Ok(seal::initialise(self.store().id(), protector)?);
        }
        Ok(self.unsealed()?.rekey(protector)?)
    }

    /// Makes a prepared seal the store's own, opens the service with it, and moves the records to it.
    ///
    /// # Errors
    /// [`StartError::Stale`] changes nothing. After any other error both seals must be kept until the store
    /// was opened again.
    pub async fn put_seal(
        &self,
        caller: &Caller,
        prepared: Prepared,
        now: Timestamp,
    ) -> Result<(), StartError> {
        let _one_at_a_time = self.inner().seal.replacing.lock().await;
        let is_first = self.check_successor(&prepared)?;
        self.drop_pending_seal();
        let event = if is_first { "seal.create" } else { "seal.rekey" };
        let scheme = prepared.root().scheme();
        let event = Event::service(event).fact("scheme", format_args!("{scheme:?}"));
        // Recorded before it takes effect: a seal that nobody knows of must not be.
        self.write(&event, caller, now).await?;
        let unsealed = rekey::commit(self.store(), &self.config().directory, prepared).await?;
        self.enter(unsealed, now).await
    }

    /// True for the first seal; a later one must be the next of the one in force, whose records it opens.
    fn check_successor(&self, prepared: &Prepared) -> Result<bool, StartError> {
        let current = self.root()?.map(|root| root.sealing());
        if current.is_some() {
            self.unsealed()?;
        }
        if prepared.root().sealing().checked_sub(1) != Some(current.unwrap_or(0)) {
            return Err(StartError::Stale);
        }
        Ok(current.is_none())
    }

    /// Opens the seal with the key file in the data directory.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn unseal_with_key_file(&self, caller: &Caller, now: Timestamp) -> Result<(), StartError> {
        let root = self.root()?.ok_or(StartError::Uninitialised)?;
        let folder = &self.config().directory;
        let text = rekey::key_file_for(&root, folder)?.ok_or_else(|| StartError::NoKeyFile {
            path: folder.join(key_file::NAME),
        })?;
        self.unseal(caller, Offer::KeyFile(Secret(&text)), now).await?;
        Ok(())
    }

    /// Takes one offer: a key file, a passphrase or a share.
    ///
    /// # Errors
    /// [`StartError::Unseal`] names what is wrong; what was given before stays counted.
    pub async fn unseal(
        &self,
        caller: &Caller,
        offer: Offer<'_>,
        now: Timestamp,
    ) -> Result<Progress, StartError> {
        let root = self.root()?.ok_or(StartError::Uninitialised)?;
        let step = self.offer(root, offer);
        let event = Event::service("seal.offer");
        match step {
            Ok(None) => Ok(Progress::Unsealed),
            Ok(Some(Step::Counted {
                holder,
                given,
                threshold,
            })) => {
                let event = event.fact("holder", &holder).fact("given", given);
                self.write(&event, caller, now).await?;
                Ok(Progress::Counted {
                    holder,
                    given,
                    threshold,
                })
            }
            Ok(Some(Step::Unsealed(unsealed))) => {
                self.store().unseal(unsealed.keyring_copy());
                self.write(&Event::service("seal.unseal"), caller, now).await?;
                self.enter(*unsealed, now).await?;
                Ok(Progress::Unsealed)
            }
            Err(error) => {
                let event = event.not(crate::audit::Outcome::Refused, "rejected");
                self.write(&event, caller, now).await?;
                Err(error.into())
            }
        }
    }

    /// No step where the seal is open already.
    fn offer(&self, root: Root, offer: Offer<'_>) -> Result<Option<Step>, UnsealError> {
        let mut state = lock(&self.inner().seal.state);
        if matches!(*state, State::Closed) {
            *state = State::Opening(Unsealing::new(root));
        }
        match &mut *state {
            State::Opening(unsealing) => unsealing.offer(offer).map(Some),
            State::Closed | State::Open(_) => Ok(None),
        }
    }

    /// Forgets the shares that were given.
    pub fn forget_shares(&self) {
        if let State::Opening(unsealing) = &mut *lock(&self.inner().seal.state) {
            unsealing.reset();
        }
    }

    /// Closes the seal: from now on nothing but health answers.
    ///
    /// # Errors
    /// [`Error::Store`] where the log cannot be written; the seal is closed all the same.
    pub async fn seal(&self, caller: &Caller, now: Timestamp) -> Result<(), Error> {
        let checkpoint = self.checkpoint(now).await;
        *lock(&self.inner().seal.state) = State::Closed;
        self.drop_pending_seal();
        self.store().seal();
        drop(self.inner().cache.drain());
        self.inner().sessions.end_all();
        self.write(&Event::service("seal.close"), caller, now).await?;
        checkpoint.map(drop)
    }

    /// The service's own keys are made where they are missing, and a rekey that was cut short goes on.
    async fn enter(&self, unsealed: Unsealed, now: Timestamp) -> Result<(), StartError> {
        if !matches!(*lock(&self.inner().seal.state), State::Open(_)) {
            self.record_rollback(now).await?;
        }
        self.create_own(AUDIT, Duration::ZERO, now).await?;
        self.create_own(EXCHANGE, IDENTITY_ROTATION, now).await?;
        self.inner().sessions.restart(crate::exchange::time(now));
        let (store, folder) = (self.store().clone(), self.config().directory.clone());
        let settle = move || rekey::settle(&store, &folder, unsealed, |_batch| ());
        let unsealed = tokio::task::spawn_blocking(settle)
            .await
            .map_err(Error::store)??;
        *lock(&self.inner().seal.state) = State::Open(Arc::new(unsealed));
        Ok(())
    }

    /// That an older image was opened at the operator's word is in the log before anything is done with it.
    async fn record_rollback(&self, now: Timestamp) -> Result<(), Error> {
        let Some(overruled) = self.store().opened().accepted else {
            return Ok(());
        };
        let event = Event::service("store.rollback-accept")
            .fact("witnessed-generation", overruled.generation)
            .fact("witnessed-entry", overruled.head.sequence);
        self.write(&event, &Caller::service("start"), now).await
    }

    async fn create_own(&self, name: &'static str, rotation: Duration, now: Timestamp) -> Result<(), Error> {
        let caller = Caller::service("start");
        let name = KeyName::internal(name);
        if self
            .store()
            .read(&crate::record::key_id(&name))
            .map_err(read_error)?
            .is_some()
        {
            return Ok(());
        }
        let mut new = NewKey::for_purpose(Purpose::Sign);
        new.policy.rotation_period = Some(rotation);
        let wanted = Wanted::new(&caller, &name, "key.create", now);
        self.create_checked(&wanted, &new).await.map(drop)
    }

    /// Writes an entry of its own.
    pub(crate) async fn write(
        &self,
        event: &Event<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Error> {
        let written = self.record(Transaction::default(), event, caller, now).await;
        written.map(drop).map_err(commit_error)
    }
}
