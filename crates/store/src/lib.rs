//! Keeps bytes: sealed records under preconditions, and an append-only hash-chained log.
//!
//! Knows no domain noun. What was acknowledged has been fsynced. A damaged record is named and never
//! blocks the others. The clock, names and meaning of what is kept are the caller's business.
//!
//! One thread writes ([`Store::commit`] hands it transactions, which it commits in groups); readers have
//! connections of their own. What the bytes on disk mean is written down in `docs/store.md`.

pub mod backend;
mod check;
mod commit;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod copies;
mod fault;
mod import;
mod keyring;
mod lock;
mod log;
mod open;
mod read;
mod record;
mod reseal;
pub mod row;
mod snapshot;
pub mod sqlite;
mod state;
mod store;
mod versions;
mod witness;
mod writer;

pub use check::{Check, Depth};
pub use commit::Commit;
pub use fault::{CommitError, Damage, Fault, FaultKind, OpenError, ReadError, Why};
pub use import::{Import, ImportError};
pub use keyring::{Keyring, KeyringError, SEALS_PER_EPOCH_MAX};
pub use log::{ENTRY_LEN_MAX, Entry, Head, StoreId};
pub use open::{Notice, Opened, Options};
pub use read::Scanned;
pub use record::{
    Committed, Id, KEY_LEN_MAX, Precondition, Record, TABLE_LEN_MAX, Table, Transaction, Write,
};
pub use reseal::{ResealError, Resealed};
pub use row::{Found, Row};
pub use snapshot::{Origin, Snapshot};
pub use store::Store;
pub use witness::Standing;
