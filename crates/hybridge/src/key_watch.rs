//! Looks at the key service now and then, so that health and metrics answer at once.
//!
//! Whether the seal is open and a self-test failed is asked each time. What has to be counted in the store
//! is at most a second old, and when the newest backup was taken at most a minute, because that asks its
//! destination.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hybridge_keys::backup::Vault;
use hybridge_keys::{Count, Health, Keys, SealState};
use jiff::Timestamp;

/// How old what is counted may be.
const FRESH: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);
/// How often the destination of backups is asked.
const ASK: Duration = Duration::from_secs(60);
/// How often it is asked while the answer is that there is none, or that the service is sealed.
const ASK_SOON: Duration = Duration::from_secs(5);
/// How many periods a backup may be late before that is worth a word.
const LATE: u32 = 3;

/// A look at the key service.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) seal: &'static str,
    pub(crate) self_test: Option<hybridge_crypto::state::Failed>,
    pub(crate) store_fault: Option<String>,
    pub(crate) damaged: Vec<String>,
    pub(crate) witnesses_unreachable: Vec<String>,
    pub(crate) rotations_due: Option<usize>,
    pub(crate) quarantined: Option<usize>,
    pub(crate) exceptions: Option<usize>,
    pub(crate) keys: Option<u64>,
    pub(crate) is_rollback_accepted: bool,
    pub(crate) backup: LastBackup,
}

/// The newest backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastBackup {
    /// When it was taken.
    pub(crate) taken: Option<Timestamp>,
    /// How old it may become; none where no schedule makes any.
    pub(crate) age_max: Option<Duration>,
}

/// Who looks.
#[derive(Debug)]
pub(crate) struct KeyWatch {
    keys: Keys,
    vault: Option<Vault>,
    seen: Mutex<Option<(Timestamp, Look)>>,
    backup: Mutex<LastBackup>,
}

impl KeyWatch {
    pub(crate) fn new(keys: Keys, vault: Option<Vault>) -> Self {
        let every = vault.as_ref().map(|vault| vault.setup().every);
        let age_max = every.filter(|every| !every.is_zero());
        let backup = LastBackup {
            taken: None,
            age_max: age_max.map(|every| every.saturating_mul(LATE)),
        };
        Self {
            keys,
            vault,
            seen: Mutex::new(None),
            backup: Mutex::new(backup),
        }
    }

    /// How the key service is.
    pub(crate) fn look(&self, now: Timestamp) -> Look {
        let mut seen = lock(&self.seen);
        let fresh = |(at, _): &&(Timestamp, Look)| (-FRESH..FRESH).contains(&now.duration_since(*at));
        let mut look = match seen.as_ref().filter(fresh) {
            Some((_, look)) => look.clone(),
            None => {
                let look = Look::of(&self.keys.health(now));
                *seen = Some((now, look.clone()));
                look
            }
        };
        look.seal = seal(&self.keys);
        look.self_test = hybridge_crypto::state::failure();
        look.backup = *lock(&self.backup);
        look
    }

    /// How often each operation ended how.
    pub(crate) fn counts(&self) -> Vec<Count> {
        self.keys.counts()
    }

    /// Asks the destination of backups now and then, for as long as it is polled.
    pub(crate) async fn run(self: std::sync::Arc<Self>) {
        let Some(vault) = &self.vault else {
            return;
        };
        loop {
            let listed = vault.list().await;
            let listed = listed.inspect_err(|error| tracing::debug!(%error, "the backups were not listed"));
            let manifests = listed.into_iter().flatten().filter_map(|each| each.manifest.ok());
            let taken = manifests.map(|manifest| manifest.taken).max();
            lock(&self.backup).taken = taken;
            tokio::time::sleep(if taken.is_some() { ASK } else { ASK_SOON }).await;
        }
    }
}

impl Look {
    fn of(health: &Health) -> Self {
        Self {
            seal: "",
            self_test: None,
            store_fault: health.store_fault.clone(),
            damaged: health.damaged_names(),
            witnesses_unreachable: health.witnesses_unreachable(),
            rotations_due: health.due_rotations,
            quarantined: health.quarantined,
            exceptions: health.exceptions,
            keys: health.keys,
            is_rollback_accepted: health.is_rollback_accepted(),
            backup: LastBackup::default(),
        }
    }
}

impl LastBackup {
    /// How old the newest one is.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        let age = now.duration_since(self.taken?);
        Some(Duration::try_from(age).unwrap_or_default())
    }

    /// True where one should have been made by now.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        let age = self.age(now).zip(self.age_max);
        age.is_some_and(|(age, age_max)| age > age_max)
    }
}

fn seal(keys: &Keys) -> &'static str {
    match keys.seal_state() {
        Ok(SealState::Uninitialised) => "uninitialised",
        Ok(SealState::Sealed { .. }) => "sealed",
        Ok(SealState::Unsealed { .. }) => "unsealed",
        Err(_unreadable) => "unreadable",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_late_after_three_periods() {
        let taken = Timestamp::constant(1_000_000, 0);
        let backup = LastBackup {
            taken: Some(taken),
            age_max: Some(Duration::from_secs(3 * 3600)),
        };
        assert!(!backup.is_late(taken + Duration::from_secs(3 * 3600)));
        assert!(backup.is_late(taken + Duration::from_secs(3 * 3600 + 1)));
        assert!(!LastBackup::default().is_late(taken));
        assert_eq!(backup.age(taken - Duration::from_secs(5)), Some(Duration::ZERO));
    }
}
