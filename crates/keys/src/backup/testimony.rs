//! Backups as a witness: what a destination has seen of a store, against what the store says of itself.
//!
//! A store that is behind its own backups is an older image that was put back; one whose log differs at the
//! same place is another history. Only signed manifests are heard. Nothing is opened.

use hybridge_store::Store;

use super::list::list;
use super::{BackupError, Destination, Name, Signer};
use crate::recipient::text::hex;

/// What backups say about a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Testimony {
    /// There is no backup of the store that can be believed.
    Silent,
    /// The log of the store goes on from where the newest backup ended.
    Agrees { newest: Name },
    /// The store is older than a backup of it.
    RolledBack { newest: Name, theirs: u64, ours: u64 },
    /// The log of the store is not the one that was backed up.
    OtherHistory { newest: Name, sequence: u64 },
}

/// Hears the backups of a store at a destination.
///
/// # Errors
/// [`BackupError`] when the destination or the log cannot be read.
pub async fn testimony(
    destination: &dyn Destination,
    store: &Store,
    known: &Signer,
) -> Result<Testimony, BackupError> {
    let listed = list(destination, Some(store.id()), Some(known)).await?;
    let ours = listed
        .into_iter()
        .filter_map(|each| Some((each.name, each.manifest.ok()?)));
    let ours = ours.filter(|(_, manifest)| manifest.store == store.id().to_string());
    let Some((newest, manifest)) = ours.max_by_key(|(_, manifest)| manifest.head.sequence) else {
        return Ok(Testimony::Silent);
    };
    let theirs = manifest.head.sequence;
    let head = store.head().sequence;
    if head < theirs {
        return Ok(Testimony::RolledBack {
            newest,
            theirs,
            ours: head,
        });
    }
    let entry = store
        .log(theirs, 1)?
        .into_iter()
        .next()
        .filter(|entry| entry.sequence == theirs);
    match entry {
        Some(entry) if hex(&entry.hash) != manifest.head.hash => Ok(Testimony::OtherHistory {
            newest,
            sequence: theirs,
        }),
        _ => Ok(Testimony::Agrees { newest }),
    }
}
