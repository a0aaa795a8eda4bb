//! When a backup is due, and which ones may go.
//!
//! Decisions are pure. Pruning deletes nothing unless a newest backup was verified there and then, and never
//! deletes that one: a destination full of backups that do not verify is left for a person to look at.

use std::path::Path;
use std::time::Duration;

use hybridge_store::StoreId;
use jiff::Timestamp;

use super::list::list;
use super::verify::checked;
use super::{BackupError, Destination, Name, Signer};

/// True where a backup is due: there is none yet, or the last one is `every` old or from the future.
#[must_use]
pub fn due(now: Timestamp, last: Option<Timestamp>, every: Duration) -> bool {
    match last {
        None => true,
        Some(last) => last > now || age(now, last) >= every,
    }
}

/// How long backups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Younger ones are all kept.
    pub age: Duration,
    /// This many are kept, however old.
    pub at_least: usize,
}

impl Default for Keep {
    /// Seven days, and at least ten.
    fn default() -> Self {
        Self {
            age: Duration::from_secs(7 * 24 * 3600),
            at_least: 10,
        }
    }
}

impl Keep {
    /// Which of these, oldest first, may go. `safe` is a backup that was verified.
    #[must_use]
    pub fn dispensable<'a>(
        &self,
        backups: &'a [(Name, Timestamp)],
        safe: &Name,
        now: Timestamp,
    ) -> Vec<&'a Name> {
        let beyond = backups.len().saturating_sub(self.at_least);
        let is_old = |taken: Timestamp| taken <= now && age(now, taken) > self.age;
        let old = backups[..beyond]
            .iter()
            .filter(|(name, taken)| is_old(*taken) && name != safe);
        old.map(|(name, _)| name).collect()
    }
}

/// What pruning did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    pub deleted: Vec<Name>,
    pub kept: usize,
    /// The newest backup, verified by signature and digest.
    pub newest: Option<Name>,
}

/// Deletes the backups of one store that need not be kept, each with its manifest first.
///
/// # Errors
/// [`BackupError`] when the destination cannot be read or written.
pub async fn prune(
    destination: &dyn Destination,
    store: StoreId,
    known: Option<&Signer>,
    (keep, now): (Keep, Timestamp),
    spool: &Path,
) -> Result<Pruned, BackupError> {
    let listed = list(destination, Some(store), known).await?;
    let sound: Vec<(Name, Timestamp)> = listed
        .into_iter()
        .filter_map(|each| Some((each.name, each.manifest.ok()?.taken)))
        .collect();
    let mut newest = None;
    for (name, _) in sound.iter().rev() {
        if checked(destination, name, known, spool).await.is_ok() {
            newest = Some(name.clone());
            break;
        }
    }
    let going = newest
        .as_ref()
        .map_or_else(Vec::new, |safe| keep.dispensable(&sound, safe, now));
    for name in &going {
        destination.delete(&name.manifest()).await?;
        destination.delete(&name.container()).await?;
    }
    Ok(Pruned {
        deleted: going.iter().map(|name| (*name).clone()).collect(),
        kept: sound.len() - going.len(),
        newest,
    })
}

fn age(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3600).expect("a time")
    }

    fn hourly(hours: std::ops::Range<i64>) -> Vec<(Name, Timestamp)> {
        hours
            .map(|hour| (Name::new(StoreId([1; 16]), at(hour)), at(hour)))
            .collect()
    }

    #[test]
    fn a_backup_is_due_when_there_is_none_or_the_last_is_old_or_from_the_future() {
        assert!(due(at(5), None, HOUR));
        assert!(due(at(5), Some(at(4)), HOUR));
        assert!(!due(at(5), Some(at(4)), HOUR * 2));
        assert!(due(at(5), Some(at(6)), HOUR * 2));
    }

    #[test]
    fn a_week_is_kept_and_what_is_older_goes() {
        let backups = hourly(0..200);
        let newest = backups[199].0.clone();
        let going = Keep::default().dispensable(&backups, &newest, at(200));
        assert_eq!(going.len(), 200 - 168);
        assert_eq!(*going[0], backups[0].0);
    }

    #[test]
    fn ten_are_kept_however_old() {
        let backups = hourly(0..15);
        let newest = backups[14].0.clone();
        let going = Keep::default().dispensable(&backups, &newest, at(100_000));
        assert_eq!(going.len(), 5);
    }

    #[test]
    fn the_verified_one_is_never_deleted() {
        let backups = hourly(0..15);
        let keep = Keep {
            age: HOUR,
            at_least: 0,
        };
        let going = keep.dispensable(&backups, &backups[3].0, at(100_000));
        assert_eq!(going.len(), 14);
        assert!(!going.contains(&&backups[3].0));
    }

    #[test]
    fn a_clock_that_was_set_back_deletes_nothing() {
        let backups = hourly(0..15);
        assert!(
            Keep {
                age: HOUR,
                at_least: 0
            }
            .dispensable(&backups, &backups[14].0, at(-5))
            .is_empty()
        );
    }
}
