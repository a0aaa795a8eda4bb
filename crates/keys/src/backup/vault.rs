//! The backups of a running service: made, listed, verified and pruned, each written down in the audit log.
//!
//! One backup at a time. What is made while the store moves to a new seal may lack a key of it; that is an
//! error, and the next attempt succeeds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::list::list;
use super::schedule::{Keep, Pruned, due, prune};
use super::verify::{Report, Unlock, verify};
use super::{BackupError, Created, Destination, Listed, Name, Request, Signer, create};
use crate::audit::{Event, Outcome};
use crate::fault::commit_error;
use crate::material::Material;
use crate::recipient::Lock;
use crate::start::AUDIT;
use crate::version::Version;
use crate::{Caller, Error, KeyName, Keys, Rider};

/// Where the backups of a service go, who can open them, and how long they are kept.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where they go.
    pub destination: Arc<dyn Destination>,
    /// Who can open them.
    pub lock: Lock,
    /// What opens them here, where that is at hand; without it a verification looks at the outside.
    pub unlock: Option<Unlock>,
    /// How often one is made; not at all by the schedule where this is zero.
    pub every: Duration,
    /// How long they are kept.
    pub keep: Keep,
    /// A folder for containers on their way, where the destination is none.
    pub spool: PathBuf,
}

/// The backups of a running service. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub struct Vault {
    keys: Keys,
    setup: Arc<Setup>,
    working: Arc<Mutex<()>>,
}

/// Why a backup of a running service was not made, read or believed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key service is sealed, or its log cannot be written.
    #[error(transparent)]
    Keys(#[from] Error),
    /// The backup itself.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl Vault {
    /// The backups of a service.
    #[must_use]
    pub fn new(keys: Keys, setup: Setup) -> Self {
        Self {
            keys,
            setup: Arc::new(setup),
            working: Arc::default(),
        }
    }

    /// How it is set up.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The name that a backup taken at that time has.
    #[must_use]
    pub fn name(&self, now: Timestamp) -> Name {
        Name::new(self.keys.store().id(), now)
    }

    /// The key that signs manifests, and that those at the destination must be signed with.
    ///
    /// # Errors
    /// [`Error::Sealed`].
    pub fn signer(&self) -> Result<Signer, Error> {
        Ok(Signer::of(signing(self.identity()?.material()?)?))
    }

    fn identity(&self) -> Result<Arc<Version>, Error> {
        let loaded = self.keys.loaded(&KeyName::internal(AUDIT))?;
        self.keys.version(&loaded, loaded.key.primary)
    }

    /// Makes a backup of the store as it is now. `rider` takes effect with its audit entry.
    ///
    /// # Errors
    /// [`VaultError`]; an error is written down too.
    pub async fn create(&self, caller: &Caller, rider: Rider, now: Timestamp) -> Result<Created, VaultError> {
        let working = self.working.lock().await;
        let made = self.make(now).await;
        drop(working);
        let event = Event::service("backup.create");
        match made {
            Ok(created) => {
                let event = event
                    .fact("backup", &created.name)
                    .fact("destination", self.setup.destination.place())
                    .fact("keys", created.manifest.keys)
                    .fact("upto", created.manifest.head.sequence);
                self.write(rider, &event, caller, now).await?;
                Ok(created)
            }
            Err(error) => Err(self.failed(event, error, caller, now).await),
        }
    }

    async fn make(&self, now: Timestamp) -> Result<Created, VaultError> {
        let unsealed = self.keys.unsealed()?;
        let identity = self.identity()?;
        let request = Request {
            lock: &self.setup.lock,
            signer: signing(identity.material()?)?,
            spool: &self.setup.spool,
            sealing: unsealed.root().sealing(),
            now,
        };
        let destination = &*self.setup.destination;
        let made = create(self.keys.store(), unsealed.keyring_copy(), destination, &request).await;
        Ok(made?)
    }

    /// All backups of this store, oldest first.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn list(&self) -> Result<Vec<Listed>, VaultError> {
        let signer = self.signer()?;
        let store = self.keys.store().id();
        Ok(list(&*self.setup.destination, Some(store), Some(&signer)).await?)
    }

    /// Verifies a backup against this service's own key; down to its records where it can be opened here.
    ///
    /// # Errors
    /// [`VaultError`] that says what does not match; it is written down too.
    pub async fn verify(&self, caller: &Caller, name: &Name, now: Timestamp) -> Result<Report, VaultError> {
        let signer = self.signer()?;
        let (destination, unlock) = (&*self.setup.destination, self.setup.unlock.clone());
        let verified = verify(destination, name, Some(&signer), unlock, &self.setup.spool).await;
        let event = Event::service("backup.verify").fact("backup", name);
        match verified {
            Ok(report) => {
                self.write(Rider::default(), &event, caller, now).await?;
                Ok(report)
            }
            Err(error) => Err(self.failed(event, error.into(), caller, now).await),
        }
    }

    /// Deletes the backups that need not be kept.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn prune(&self, caller: &Caller, keep: Keep, now: Timestamp) -> Result<Pruned, VaultError> {
        let signer = self.signer()?;
        let store = self.keys.store().id();
        let (destination, spool) = (&*self.setup.destination, &self.setup.spool);
        let working = self.working.lock().await;
        let pruned = prune(destination, store, Some(&signer), (keep, now), spool).await;
        drop(working);
        let event = Event::service("backup.prune");
        match pruned {
            Ok(pruned) => {
                let event = event
                    .fact("deleted", pruned.deleted.len())
                    .fact("kept", pruned.kept);
                self.write(Rider::default(), &event, caller, now).await?;
                Ok(pruned)
            }
            Err(error) => Err(self.failed(event, error.into(), caller, now).await),
        }
    }

    /// True where the schedule wants a backup now.
    ///
    /// # Errors
    /// [`VaultError`] where the destination cannot be read.
    pub async fn is_due(&self, now: Timestamp) -> Result<bool, VaultError> {
        if self.setup.every.is_zero() {
            return Ok(false);
        }
        let listed = self.list().await?;
        let taken = listed
            .into_iter()
            .filter_map(|each| Some(each.manifest.ok()?.taken));
        Ok(due(now, taken.max(), self.setup.every))
    }

    async fn write(
        &self,
        rider: Rider,
        event: &Event<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Error> {
        let written = self
            .keys
            .record(rider.into_transaction(), event, caller, now)
            .await;
        written.map(drop).map_err(commit_error)
    }

    async fn failed(
        &self,
        event: Event<'_>,
        error: VaultError,
        caller: &Caller,
        now: Timestamp,
    ) -> VaultError {
        let event = event.not(Outcome::Failed, "backup");
        match self.write(Rider::default(), &event, caller, now).await {
            Ok(()) => error,
            Err(unwritten) => unwritten.into(),
        }
    }
}

fn signing(material: &Material) -> Result<&hybridge_crypto::sign::PrivateKey, Error> {
    match material {
        Material::Sign(key) => Ok(key),
        _ => Err(Error::NotFound),
    }
}

impl BackupError {
    /// True where the backup is what is wrong: it does not open, is not signed by the key, or lacks something.
    /// False where it could not be made or reached.
    #[must_use]
    pub const fn is_rejection(&self) -> bool {
        matches!(
            self,
            Self::Open(_)
                | Self::Manifest(_)
                | Self::Mismatch { .. }
                | Self::Contents { .. }
                | Self::Record(_)
        )
    }
}
