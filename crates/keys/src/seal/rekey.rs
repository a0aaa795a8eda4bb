//! Rekeying in an order in which a crash at any point leaves a store that opens.
//!
//! First the next key file, where there is one; then the new root record, whose keyring has all old epochs
//! and a new one; then the key file takes its name; then records move to the new epoch, in batches; last, a
//! root record without the old epochs. [`next`] decides from what lies on disk alone, so going on after a crash is the
//! same as going on.

use std::io;
use std::path::Path;

use hybridge_store::{CommitError, ResealError, Resealed, Store};
use zeroize::Zeroizing;

use super::key_file::{self, KeyFileError, NAME, NEXT_NAME};
use super::prepare::{Delivery, Prepared};
use super::root::{Root, Scheme};
use super::unseal::Unsealed;
use super::{SealError, UnsealError};

/// Rows that are moved to the new epoch in one batch.
pub const BATCH: usize = 2_000;

/// What lies on disk, as far as a rekey is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Sealing of the committed root record.
    pub sealing: u32,
    /// True where the root record is opened by a key file.
    pub by_key_file: bool,
    /// Sealing of `root.key`, where it exists and can be read.
    pub key_file: Option<u32>,
    /// Sealing of `root.key.next`, where it exists and can be read.
    pub next_key_file: Option<u32>,
    /// Epochs in the committed keyring.
    pub epochs: usize,
    /// True once a pass over all records found none of an older epoch.
    pub is_resealed: bool,
}

/// One step towards a finished rekey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Todo {
    /// `root.key.next` opens the committed record: it takes its name.
    PromoteKeyFile,
    /// `root.key.next` is of a rekey that was not committed.
    DropNextKeyFile,
    /// `root.key` opens nothing any more.
    DropKeyFile,
    /// Records of older epochs are left, or may be.
    Reseal,
    /// No record needs the old epochs.
    Trim,
    Nothing,
}

/// What is to be done next, decided from what lies on disk. Only after the committed record was opened.
#[must_use]
pub fn next(found: &Found) -> Todo {
    match found.next_key_file {
        Some(next) if found.by_key_file && next == found.sealing => Todo::PromoteKeyFile,
        Some(_) => Todo::DropNextKeyFile,
        None if !found.by_key_file && found.key_file.is_some() => Todo::DropKeyFile,
        None if found.epochs <= 1 => Todo::Nothing,
        None if !found.is_resealed => Todo::Reseal,
        None => Todo::Trim,
    }
}

/// The key file that opens a root record: `root.key`, or `root.key.next` where a rekey was cut short
/// between its commit and the new name.
///
/// # Errors
/// [`KeyFileError`] when a file that exists cannot be read.
pub fn key_file_for(root: &Root, folder: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let next = key_file::load(&folder.join(NEXT_NAME))?;
    let fits =
        |file: &Zeroizing<String>| key_file::sealing(file).is_ok_and(|sealing| sealing == root.sealing());
    match next.filter(fits) {
        Some(next) => Ok(Some(next)),
        None => key_file::load(&folder.join(NAME)),
    }
}

/// Makes a prepared seal the store's own and unseals the store with it. The rest is for [`settle`].
///
/// The shares of the seal must have been delivered before. After an error it is not known which of the
/// two seals is in force; what opened the store before and what was delivered now must both be kept until
/// the store was opened again.
///
/// # Errors
/// [`RekeyError`]; a store that cannot commit.
pub async fn commit(store: &Store, folder: &Path, prepared: Prepared) -> Result<Unsealed, RekeyError> {
    if let Delivery::KeyFile(file) = prepared.delivery() {
        key_file::store(&folder.join(NEXT_NAME), file.expose())?;
    }
    store.put_root(prepared.root().to_bytes()).await?;
    let unsealed = prepared.into_unsealed();
    store.unseal(unsealed.keyring_copy());
    Ok(unsealed)
}

/// Finishes a rekey that was committed, also one that a crash cut short. Blocks; safe to repeat.
///
/// `progress` hears of each batch of records. Damaged records keep the old epochs in the keyring, because
/// a repaired copy of them may still turn up.
///
/// # Errors
/// [`RekeyError`]; going on later does no harm.
pub fn settle(
    store: &Store,
    folder: &Path,
    unsealed: Unsealed,
    mut progress: impl FnMut(&Resealed),
) -> Result<Unsealed, RekeyError> {
    let mut unsealed = unsealed;
    let mut is_resealed = false;
    loop {
        match next(&look(folder, &unsealed, is_resealed)?) {
            Todo::PromoteKeyFile => key_file::promote(folder)?,
            Todo::DropNextKeyFile => key_file::remove(&folder.join(NEXT_NAME))?,
            Todo::DropKeyFile => key_file::remove(&folder.join(NAME))?,
            Todo::Reseal => {
                if reseal(store, &mut progress)? > 0 {
                    return Ok(unsealed);
                }
                is_resealed = true;
            }
            Todo::Trim => {
                let trimmed = unsealed.trimmed()?;
                store.put_root(trimmed.root().to_bytes()).wait()?;
                store.unseal(trimmed.keyring_copy());
                unsealed = trimmed;
            }
            Todo::Nothing => return Ok(unsealed),
        }
    }
}

/// One pass over all records; how many of them are damaged.
fn reseal(store: &Store, progress: &mut impl FnMut(&Resealed)) -> Result<u64, RekeyError> {
    let (mut position, mut damaged) = (0, 0);
    loop {
        let batch = store.reseal(position, BATCH)?;
        progress(&batch);
        damaged += batch.damaged;
        position = batch.position;
        if batch.done {
            return Ok(damaged);
        }
    }
}

fn look(folder: &Path, unsealed: &Unsealed, is_resealed: bool) -> Result<Found, RekeyError> {
    let sealing = |name: &str| -> Result<Option<u32>, RekeyError> {
        let file = key_file::load(&folder.join(name))?;
        // A file that is no key file is not ours to remove: it counts as one of another sealing.
        Ok(file.map(|file| key_file::sealing(&file).unwrap_or(0)))
    };
    Ok(Found {
        sealing: unsealed.root().sealing(),
        by_key_file: unsealed.root().scheme() == Scheme::KeyFile,
        key_file: sealing(NAME)?,
        next_key_file: sealing(NEXT_NAME)?,
        epochs: unsealed.keyring().epochs().count(),
        is_resealed,
    })
}

/// Why a rekey did not go on.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    #[error("the key file cannot be written")]
    Io(#[from] io::Error),
    #[error("a key file cannot be read")]
    KeyFile(#[from] KeyFileError),
    #[error("the root record was not committed")]
    Commit(#[from] CommitError),
    #[error("the records were not moved to the new epoch")]
    Reseal(#[from] ResealError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Unseal(#[from] UnsealError),
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: Found = Found {
        sealing: 2,
        by_key_file: true,
        key_file: Some(2),
        next_key_file: None,
        epochs: 1,
        is_resealed: false,
    };

    #[test]
    fn what_lies_on_disk_decides_what_is_next() {
        let cases = [
            (DONE, Todo::Nothing),
            (
                Found {
                    next_key_file: Some(2),
                    epochs: 2,
                    ..DONE
                },
                Todo::PromoteKeyFile,
            ),
            (
                Found {
                    next_key_file: Some(3),
                    ..DONE
                },
                Todo::DropNextKeyFile,
            ),
            (
                Found {
                    by_key_file: false,
                    next_key_file: Some(2),
                    ..DONE
                },
                Todo::DropNextKeyFile,
            ),
            (
                Found {
                    by_key_file: false,
                    key_file: Some(1),
                    ..DONE
                },
                Todo::DropKeyFile,
            ),
            (Found { epochs: 2, ..DONE }, Todo::Reseal),
            (
                Found {
                    epochs: 2,
                    is_resealed: true,
                    ..DONE
                },
                Todo::Trim,
            ),
        ];
        for (found, expected) in cases {
            assert_eq!(next(&found), expected, "{found:?}");
        }
    }
}
