//! What goes wrong: faults of the backend, and the errors of each operation.
//!
//! A fault names the file and what to do. Damage of one record is not a fault of the store: it is told for
//! that record alone.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::log::StoreId;
use crate::record::Id;
use crate::witness::Standing;

/// What kind of fault a backend met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No space is left. Nothing was written; it works again when there is room.
    Full,
    /// Another process holds the database.
    Locked,
    /// The operating system does not allow it.
    Permission,
    /// The file or its file system is read-only.
    ReadOnly,
    /// The file is not a database, or a page of it is malformed.
    Corrupt,
    /// An entry of the index is damaged, so that a record might be overlooked. The index is built anew at once.
    Index,
    /// Made by another program or by a version that this one does not know.
    Foreign,
    /// A restore into this file was begun and not finished.
    Unfinished,
    /// Another process wrote while this one had the database open.
    Intruder,
    /// Any other failure of the storage underneath.
    Io,
}

impl FaultKind {
    fn remedy(self) -> &'static str {
        match self {
            Self::Full => "no space is left: make room on the file system",
            Self::Locked => "another process has it open: stop that one first",
            Self::Permission => "permission is denied: check the owner and mode of the file and its folder",
            Self::ReadOnly => "it is read-only: mount the file system for writing, check the file's mode",
            Self::Corrupt => "the file is malformed: keep it for inspection and restore a backup",
            Self::Index => "an index entry is damaged: the index is being rebuilt, try again",
            Self::Foreign => "it is not a store that this version can read",
            Self::Unfinished => "a restore into it was not finished: remove the file and restore again",
            Self::Intruder => "another process wrote to it: stop that one, then start again",
            Self::Io => "the storage failed: check the disk and the kernel's log, then start again",
        }
    }
}

/// A failure of the storage underneath, with the file's name and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    pub path: PathBuf,
    /// The words of the layer below.
    pub detail: String,
}

impl Fault {
    #[must_use]
    pub fn new(kind: FaultKind, path: &Path, detail: impl fmt::Display) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            detail: detail.to_string(),
        }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::StorageFull => FaultKind::Full,
            ErrorKind::PermissionDenied => FaultKind::Permission,
            ErrorKind::ReadOnlyFilesystem => FaultKind::ReadOnly,
            _ => FaultKind::Io,
        };
        Self::new(kind, path, error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}: {} ({})",
            self.path.display(),
            self.kind.remedy(),
            self.detail
        )
    }
}

impl std::error::Error for Fault {}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(
        "{witness}: an older image of the store was put back: the witness has seen {theirs}, the store is at {ours}",
        witness = witness.display()
    )]
    RolledBack {
        ours: Box<Standing>,
        theirs: Box<Standing>,
        witness: PathBuf,
    },
    #[error("{}: the witness belongs to the store {theirs}, not to {ours}", witness.display())]
    OtherStore {
        ours: StoreId,
        theirs: StoreId,
        witness: PathBuf,
    },
    #[error("{}: the log's last entry is damaged: restore a backup", path.display())]
    LogDamaged { path: PathBuf },
    #[error("{}: both copies of the header are damaged: restore a backup", path.display())]
    HeaderDamaged { path: PathBuf },
    #[error(transparent)]
    Random(#[from] hybridge_crypto::random::RandomError),
}

/// Why a transaction was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A precondition on this record does not hold. Nothing of the transaction was written.
    #[error("{0} is not in the expected state")]
    Conflict(Id),
    /// The record that the transaction depends on is damaged. Deleting it first is allowed.
    #[error("{0} is damaged")]
    Damaged(Id),
    /// No keyring is present, so that nothing can be sealed.
    #[error("the store is sealed")]
    Sealed,
    /// A table's name, a key or a log entry is not within its limits.
    #[error("{what} is not within its limits")]
    Invalid { what: &'static str },
    /// No space is left. Nothing was written, nothing is lost; it works again when there is room.
    #[error(transparent)]
    Full(Arc<Fault>),
    /// Nothing was written and the store goes on.
    #[error(transparent)]
    Refused(Arc<Fault>),
    /// Whether it is on disk is not known. The store refuses everything until it is opened again.
    #[error(transparent)]
    Failed(Arc<Fault>),
    /// The cryptographic provider refused to seal.
    #[error("sealing failed: {0}")]
    Crypto(String),
    #[error("the store is closed")]
    Closed,
}

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// This record alone is damaged; it is in [`crate::Store::damaged`] from now on.
    #[error("{id} is damaged: {why}")]
    Damaged { id: Id, why: Why },
    /// This log entry is damaged or missing.
    #[error("log entry {sequence} is damaged")]
    EntryDamaged { sequence: u64 },
    #[error("both copies of the root record are damaged: restore a backup")]
    RootDamaged,
    #[error("the store is sealed")]
    Sealed,
    #[error(transparent)]
    Fault(Arc<Fault>),
    /// A commit failed and it is not known what is on disk: open the store again.
    #[error(transparent)]
    Failed(Arc<Fault>),
    #[error("the store is closed")]
    Closed,
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self::Fault(Arc::new(fault))
    }
}

/// How a record is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The row does not match its checksum.
    Checksum,
    /// The row matches its checksum but does not open: it was altered, moved or sealed under another key.
    Seal,
    /// No key is present for the row's epoch.
    Epoch,
}

impl fmt::Display for Why {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Checksum => "its checksum does not match",
            Self::Seal => "its seal does not match",
            Self::Epoch => "the key of its epoch is missing",
        })
    }
}

/// A damaged record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub id: Id,
    pub why: Why,
}
