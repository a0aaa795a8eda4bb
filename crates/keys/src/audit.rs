//! The audit log: one entry per request, in the same transaction as what it records.
//!
//! Entries are compact JSON in the store's hash chain; `docs/audit.md` describes them field by field.
//! Checkpoints, entries signed with the service's hybrid identity, let anyone with the public key find
//! modification, reordering, removal and truncation offline. Nothing in an entry is secret.

mod entry;
mod export;
mod statement;
mod verify;

pub use entry::{Event, Outcome};
pub use export::{Line, Start};
pub use hybridge_store::{Entry, Head, StoreId};
pub use statement::{Place, PublicKey, Statement};
pub use verify::{Report, Tampered, Verifier, verify, verify_without_end};
