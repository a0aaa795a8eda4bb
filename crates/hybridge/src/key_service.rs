//! The key service of a process that has a data directory: opened at start, kept in order meanwhile.
//!
//! The first start gives a new store its seal, a key file for this machine, and makes the administrator's
//! token. Later starts open it with that file; with a passphrase or shares it stays sealed until somebody
//! brings them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hybridge_api::Access;
use hybridge_crypto::Algorithm;
use hybridge_keys::SealState;
use hybridge_keys::approval::Approvals;
use hybridge_keys::backup::Vault;
use hybridge_keys::idempotency::Idempotency;
use hybridge_keys::seal::{Protector, Scheme};
use hybridge_keys::token::{Digest, Rate, Tokens};
use hybridge_keys::{Caller, Keys, OpenError, Tended};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::admin_token;
use crate::backups;
use crate::clock;
use crate::command_error::{CommandError, Kind};
use crate::data_directory::DataDirectory;
use crate::file::backup::Backup;
use crate::key_watch::KeyWatch;
use crate::self_test;
use crate::serving::Api;

/// How often the schedule looks for work.
const TICK: Duration = Duration::from_secs(1);
/// Looks between two times of tidying up.
const TIDY_EVERY: u64 = 600;

/// The key service of this process.
#[derive(Clone, Debug)]
pub(crate) struct KeyService {
    keys: Keys,
    tokens: Tokens,
    idempotency: Idempotency,
    folder: PathBuf,
    vault: Option<Vault>,
}

impl KeyService {
    /// Tests the cryptography, then opens the store in the data directory; makes and seals a new one where there
    /// is none. After a failed test the seal stays closed. `rehearsal` names an algorithm that shall fail.
    ///
    /// # Errors
    /// `File`: it is damaged, older than its witness says, or its key file is missing.
    pub(crate) async fn open(
        data: &DataDirectory,
        config: hybridge_keys::Config,
        rate: Rate,
        rehearsal: Option<&'static Algorithm>,
    ) -> Result<Self, CommandError> {
        let report = self_test::run(rehearsal);
        // Memory holds keys: no core dump, and no other process of this user looks in.
        if let Err(error) =
            rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        {
            tracing::warn!(%error, "core dumps of this process cannot be switched off");
        }
        let keys = Keys::open(config).map_err(unopened)?;
        let service = Self {
            tokens: Tokens::new(keys.clone(), rate),
            idempotency: Idempotency::new(keys.clone()),
            keys,
            folder: data.path().to_owned(),
            vault: None,
        };
        let caller = Caller::service("start");
        let written = service.keys.self_tested(&report, &caller, clock::now()).await;
        written.map_err(|error| damaged(error.into()))?;
        if report.check().is_ok() {
            service.start().await?;
        }
        Ok(service)
    }

    /// With backups, made by the schedule and by the API.
    ///
    /// # Errors
    /// As [`backups::open`].
    pub(crate) fn with_backups(self, data: &DataDirectory, written: &Backup) -> Result<Self, CommandError> {
        // What opens them is a key too, and no key is used after a failed self-test.
        let vault = match hybridge_crypto::state::failure() {
            Some(_failed) => None,
            None => Some(backups::open(&self.keys, data, written)?),
        };
        Ok(Self { vault, ..self })
    }

    /// How the service is, for health and metrics.
    pub(crate) fn watch(&self) -> Arc<KeyWatch> {
        Arc::new(KeyWatch::new(self.keys.clone(), self.vault()))
    }

    /// The backups, where this process keeps some.
    pub(crate) fn vault(&self) -> Option<Vault> {
        self.vault.clone()
    }

    async fn start(&self) -> Result<(), CommandError> {
        let caller = Caller::service("start");
        let now = clock::now();
        let state = self.keys.seal_state().map_err(damaged)?;
        match state {
            SealState::Uninitialised => {
                let prepared = self.keys.prepare_seal(&Protector::KeyFile).map_err(damaged)?;
                self.keys.put_seal(&caller, prepared, now).await.map_err(damaged)
            }
            SealState::Sealed {
                scheme: Scheme::KeyFile,
                ..
            } => self
                .keys
                .unseal_with_key_file(&caller, now)
                .await
                .map_err(damaged),
            SealState::Sealed { .. } | SealState::Unsealed { .. } => Ok(()),
        }
    }

    /// Why nothing but health answers, if so.
    pub(crate) fn is_sealed(&self) -> bool {
        !matches!(self.keys.seal_state(), Ok(SealState::Unsealed { .. }))
    }

    /// The administrator's token, made and put into its file where there is none that is good. `None` where it
    /// was there, or cannot be checked because the service is sealed.
    ///
    /// # Errors
    /// `File`: others can read the file, or it cannot be written.
    pub(crate) async fn admin_token(&self) -> Result<Option<String>, CommandError> {
        if self.is_sealed() {
            return Ok(None);
        }
        let path = admin_token::path(&self.folder);
        let known = admin_token::text(&path)?;
        let known = known.as_ref().map(|text| text.as_str());
        let made = self.tokens.bootstrap(known, clock::now()).await;
        let Some(secret) = made.map_err(|error| CommandError::new(Kind::File, error))? else {
            return Ok(None);
        };
        admin_token::put(&path, &secret)?;
        Ok(Some(secret.reveal().to_owned()))
    }

    /// What the API asks who may come in. While the service is sealed only the token in the file can be
    /// checked, and only for the seal.
    ///
    /// # Errors
    /// `File`: others can read the token's file.
    fn access(&self) -> Result<Access, CommandError> {
        let access = Access::of_keys(self.tokens.clone(), self.keys.clone());
        let known = admin_token::text(&admin_token::path(&self.folder))?;
        let digest = known.and_then(|text| Digest::parse(text.trim()).ok());
        Ok(match digest {
            Some(digest) => access.with_seal_token(digest),
            None => access,
        })
    }

    /// The API in front of the service.
    ///
    /// # Errors
    /// `File`: others can read the token's file.
    pub(crate) fn serving(&self, config: hybridge_api::Config) -> Result<Api, CommandError> {
        Ok(Api {
            config,
            access: self.access()?,
            keys: Some(self.clone()),
        })
    }

    /// One line for the terminal: the token if it was made just now, or how to unseal.
    pub(crate) fn note(&self, made: Option<&str>) -> String {
        let path = admin_token::path(&self.folder);
        match made {
            // Not into the journal, which more people read than the file.
            Some(_) if std::env::var_os("JOURNAL_STREAM").is_some() => {
                format!("admin token: made, in {}", path.display())
            }
            Some(token) => format!("admin token: {token} (shown once; kept in {})", path.display()),
            None if let Some(failed) = hybridge_crypto::state::failure() => {
                format!("key service: {failed}; see /health, and start again")
            }
            None if self.is_sealed() => "key service: sealed; open it with hybridge unseal".to_owned(),
            None => format!("admin token: in {}", path.display()),
        }
    }

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Signs the log and closes the store, when nobody asks any more.
    pub(crate) async fn close(self) {
        if let Err(error) = self.keys.close(clock::now()).await {
            tracing::error!(%error, "the key service did not close in order; nothing acknowledged is lost");
        }
    }

    /// Rotates what is due, destroys what was announced, signs the log, tidies up, until told to stop.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = 0_u64;
        let backups = self
            .vault()
            .map(|vault| tokio::spawn(self.clone().back_up(vault)));
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
            if !self.is_sealed() {
                self.look(count).await;
            }
            count += 1;
        }
        if let Some(backups) = backups {
            backups.abort();
        }
    }

    async fn back_up(self, vault: Vault) {
        backups::keep(vault, || self.is_sealed()).await;
    }

    async fn look(&self, count: u64) {
        let now = clock::now();
        match self.keys.tend(now).await {
            Ok(tended) => tell(&tended),
            Err(error) => tracing::error!(%error, "the schedule was not kept"),
        }
        if count.is_multiple_of(TIDY_EVERY) {
            let tidied = [
                self.tokens.tidy(now).await,
                Approvals::new(self.keys.clone()).tidy(now).await,
                self.idempotency.tidy(now).await,
            ];
            for error in tidied.into_iter().filter_map(Result::err) {
                tracing::warn!(%error, "what has expired was not tidied up");
            }
        }
    }
}

/// How the key service of a data directory is set up.
pub(crate) fn config(data: &DataDirectory) -> hybridge_keys::Config {
    hybridge_keys::Config {
        witnesses: vec![witness_beside(data.path())],
        ..hybridge_keys::Config::new(data.path().to_owned())
    }
}

/// Where a witness of how far the store had come is kept beside a data directory: an older image of the
/// directory put back is older than it says.
pub(crate) fn witness_beside(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".witness");
    folder.with_file_name(name)
}

fn tell(tended: &Tended) {
    for (name, result) in &tended.rotated {
        match result {
            Ok(rotated) => {
                tracing::info!(key = %name, version = rotated.new.number, "rotated by the schedule");
            }
            Err(error) => tracing::error!(key = %name, %error, "not rotated by the schedule"),
        }
    }
    for reaped in &tended.reaped {
        match &reaped.result {
            Ok(()) => tracing::info!(key = %reaped.name, version = reaped.version, "destroyed"),
            Err(error) => tracing::error!(key = %reaped.name, %error, "not destroyed"),
        }
    }
}

/// A store that does not open, and what helps.
fn unopened(error: OpenError) -> CommandError {
    let is_older = matches!(error, OpenError::RolledBack { .. });
    let error = CommandError::new(Kind::File, error);
    if is_older {
        error
            .hint("put the newer directory back, or restore its newest backup: hybridge restore")
            .hint("what was made since is lost and what was destroyed may be back; go on all the same with --accept-rollback")
    } else {
        error
    }
}

fn damaged(error: hybridge_keys::StartError) -> CommandError {
    CommandError::new(Kind::File, error).context("cannot open the key service".to_owned())
}
