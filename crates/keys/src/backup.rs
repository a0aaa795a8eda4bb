//! Backups: the whole store of one moment, sealed to recipients or a passphrase, with a signed manifest.
//!
//! A backup is two files. The container (`….backup`) holds the keyring, every row as it is sealed, and the
//! log; the manifest (`….manifest.json`) says what is in it and is signed with the service's hybrid key.
//! The manifest is put last, so a container without one is not a backup. Formats: `docs/backup.md`.

mod contents;
mod create;
pub mod destination;
mod list;
mod manifest;
mod name;
mod schedule;
mod testimony;
mod vault;
mod verify;

pub(crate) use contents::{Contents, Item, Start};
pub use create::{Created, Request, create};
pub use destination::{Bucket, BucketAddress, Destination, DestinationError, Directory};
pub use list::{Listed, list};
pub use manifest::{Manifest, ManifestError, SealedTo, Signer};
pub use name::Name;
pub use schedule::{Keep, Pruned, due, prune};
pub use testimony::{Testimony, testimony};
pub use vault::{Setup, Vault, VaultError};
pub use verify::{Depth, Report, Unlock, verify};
pub(crate) use verify::{Opened, checked, open};

/// What a backup's container is bound to.
pub(crate) const PURPOSE: &str = "hybridge backup v1";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why a backup was not made, read or believed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("the backups cannot be reached")]
    Destination(#[from] DestinationError),
    #[error("the store cannot be read")]
    Store(#[from] hybridge_store::ReadError),
    #[error(
        "log entry {sequence} is damaged: a backup of this log could not be restored; restore an earlier one"
    )]
    LogDamaged { sequence: u64 },
    #[error("the keyring has no key for epoch {epoch}: the store was sealed anew meanwhile; try again")]
    KeyringTooOld { epoch: u32 },
    #[error("it could not be sealed")]
    Seal(#[from] crate::recipient::SealError),
    #[error("it does not open")]
    Open(#[from] crate::recipient::OpenError),
    #[error("its manifest is not to be believed")]
    Manifest(#[from] ManifestError),
    #[error("{name} does not match its manifest: {what}")]
    Mismatch { name: String, what: &'static str },
    #[error("{name} cannot be read: {what}")]
    Contents { name: String, what: &'static str },
    #[error("record {} of the backup does not open: {}", .0.id, .0.why)]
    Record(hybridge_store::Damage),
    #[error("{0} failed")]
    Crypto(&'static str, #[source] Failure),
    #[error("the file cannot be written or read")]
    Io(#[from] std::io::Error),
    #[error("the work was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

#[cfg(test)]
pub(crate) mod tests;
