//! Health, the regular work of the service, and its orderly end.
//!
//! Nothing here has a clock: whoever runs the service calls [`Keys::tend`] now and then.

use std::path::PathBuf;

use hybridge_crypto::selftest::Report;
use hybridge_crypto::state::{self, Failed};
use hybridge_store::{Damage, Id, Notice};
use jiff::Timestamp;

use crate::audit::{Event, Outcome};
use crate::change::{Reaped, Rotated};
use crate::count::Count;
use crate::exchange::time;
use crate::record::{Due, split_id};
use crate::{Caller, Error, KeyName, Keys, SealState, StartError};

/// Overdue rotations that are counted at most.
const DUE_MAX: usize = 1000;
/// Rotations and destructions in one round at most.
const ROUND: usize = 256;

/// How the service is.
#[derive(Debug)]
pub struct Health {
    /// How far the seal is open, or why its state cannot be told.
    pub seal: Result<SealState, StartError>,
    /// The self-test that failed; while there is one nothing cryptographic is served.
    pub self_test: Option<Failed>,
    /// Records that are damaged; the others are not affected.
    pub damaged: Vec<Damage>,
    /// What the store wants an operator to know.
    pub notices: Vec<Notice>,
    /// The fault after which the store refuses everything.
    pub store_fault: Option<String>,
    /// How many rotations are overdue, 1,000 at most; `None` while sealed.
    pub due_rotations: Option<usize>,
    /// How many versions are in quarantine, 1,000 at most; `None` while sealed.
    pub quarantined: Option<usize>,
    /// How many exceptions for classical suites are open; `None` while sealed.
    pub exceptions: Option<usize>,
    /// How many keys there are, the service's own and destroyed ones included.
    pub keys: Option<u64>,
    /// The log's end.
    pub log_entries: u64,
    /// Where the data is, for checks of the disk.
    pub directory: PathBuf,
}

impl Health {
    /// True where everything that was asked for can be served.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        let is_open = matches!(self.seal, Ok(SealState::Unsealed { .. }));
        is_open && self.self_test.is_none() && self.store_fault.is_none()
    }

    /// Damaged records by name: `key/app/one`, `version/app/one version 3`.
    #[must_use]
    pub fn damaged_names(&self) -> Vec<String> {
        self.damaged.iter().map(|damage| shown(&damage.id)).collect()
    }

    /// True where an older image, or another store, was opened at the operator's word.
    #[must_use]
    pub fn is_rollback_accepted(&self) -> bool {
        let accepted = |notice: &Notice| matches!(notice, Notice::RollbackAccepted { .. });
        self.notices.iter().any(accepted)
    }

    /// Files that should witness how far the store had come and cannot be read or written, each with why.
    #[must_use]
    pub fn witnesses_unreachable(&self) -> Vec<String> {
        let why = |notice: &Notice| match notice {
            Notice::WitnessUnreachable { path, why } => Some(format!("{}: {why}", path.display())),
            _ => None,
        };
        self.notices.iter().filter_map(why).collect()
    }
}

fn shown(id: &Id) -> String {
    match split_id(&id.key) {
        Some((name, Some(version))) => format!("{}/{name} version {version}", id.table.0),
        _ => id.to_string(),
    }
}

/// What one round of regular work did.
#[derive(Debug, Default)]
pub struct Tended {
    /// The keys that were due for rotation, each with how it went.
    pub rotated: Vec<(KeyName, Result<Rotated, Error>)>,
    /// The destructions that were due, each with how it went.
    pub reaped: Vec<Reaped>,
    /// Whether the audit log was signed.
    pub is_signed: bool,
    /// Sessions of the key exchange that are left.
    pub sessions: usize,
}

impl Keys {
    /// How the service is. Reads a little; works while sealed.
    #[must_use]
    pub fn health(&self, now: Timestamp) -> Health {
        let store = self.store();
        Health {
            seal: self.seal_state(),
            self_test: state::failure(),
            damaged: store.damaged(),
            notices: store.notices(),
            store_fault: store.failure().map(|fault| fault.to_string()),
            due_rotations: self
                .scheduled(Due::Rotation, now, DUE_MAX)
                .ok()
                .map(|due| due.len()),
            quarantined: self.quarantined(None, DUE_MAX).ok().map(|all| all.len()),
            exceptions: self.exceptions(now).ok().map(|open| open.len()),
            keys: self.count().ok(),
            log_entries: store.head().sequence,
            directory: self.config().directory.clone(),
        }
    }

    /// Writes down how self-tests went: `selftest.passed` or `selftest.failed`. Works while sealed and while
    /// cryptography is switched off.
    ///
    /// # Errors
    /// [`Error::Store`] where the log cannot be written.
    pub async fn self_tested(&self, report: &Report, caller: &Caller, now: Timestamp) -> Result<(), Error> {
        let event = |name| Event::service(name).fact("tests", report.rows.len());
        let event = match report.check() {
            Ok(()) => event("selftest.passed"),
            Err(failed) => event("selftest.failed")
                .fact("algorithm", failed.algorithm)
                .fact("test", failed.test)
                .not(Outcome::Failed, "self-test"),
        };
        self.write(&event, caller, now).await
    }

    /// How often each operation ended how, since the service was opened.
    #[must_use]
    pub fn counts(&self) -> Vec<Count> {
        self.inner().counts.read()
    }

    /// Does what is due: rotations, destructions, exceptions and sessions that have ended, a checkpoint,
    /// a seal that nobody confirmed. Does nothing else while sealed.
    ///
    /// # Errors
    /// [`Error::Store`]; what failed for one key is told with that key.
    pub async fn tend(&self, now: Timestamp) -> Result<Tended, Error> {
        self.drop_stale_seal(now);
        if self.store().is_sealed() {
            return Ok(Tended::default());
        }
        let rotated = self.rotate_due(now, ROUND).await?;
        let reaped = self.reap(now, ROUND).await?;
        self.tidy_exceptions(now).await?;
        Ok(Tended {
            rotated,
            reaped,
            is_signed: self.checkpoint_if_old(now).await?,
            sessions: self.inner().sessions.tidy(time(now)),
        })
    }

    /// An orderly end: what was reserved and not used is given back, the log is signed, the store closed.
    ///
    /// # Errors
    /// [`Error::Store`]; what was acknowledged is durable all the same.
    pub async fn close(self, now: Timestamp) -> Result<(), Error> {
        let mut last = Ok(());
        if !self.store().is_sealed() {
            let loaded = self.inner().cache.drain();
            for version in loaded.iter().flat_map(|loaded| loaded.versions()) {
                last = last.and(version.protections.settle(self.store()).await);
                last = last.and(version.data_keys.settle(self.store()).await);
            }
            last = last.and(self.checkpoint(now).await.map(drop));
        }
        let store = self.store().clone();
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        closed.map_err(Error::store)?.map_err(Error::store)?;
        last
    }
}
