//! Owns every private key: versions, states, use under policy, rotation, sealing, audit, backup.
//!
//! No other crate holds a long-lived private key. Inside, key bytes are erased when dropped and print as
//! `<redacted>`. Callers see a change only after the store has committed it.

pub mod approval;
pub mod audit;
pub mod backup;
mod cache;
mod caller;
pub mod change;
mod checkpoint;
mod config;
mod count;
mod error;
pub mod exception;
pub mod exchange;
pub mod export;
mod fault;
mod health;
pub mod idempotency;
mod key;
mod keys;
mod list;
mod material;
mod meter;
mod name;
mod purpose;
pub mod recipient;
mod record;
pub mod restore;
mod rider;
pub mod seal;
pub mod serve;
mod start;
pub mod token;
mod version;

pub use caller::Caller;
pub use checkpoint::Export;
pub use config::Config;
pub use count::Count;
pub use error::Error;
pub use health::{Health, Tended};
pub use hybridge_store::OpenError;
pub use key::{
    Change, Key, KeyVersion, NewKey, Operations, Origin, Policy, PolicyError, Shown, State, Times,
};
pub use keys::Keys;
pub use list::Page;
pub use name::{KeyName, NAME_LEN_MAX, NameError};
pub use purpose::{Operation, Purpose};
pub use rider::Rider;
pub use start::{Progress, SealState, StartError, Ticket};

#[cfg(test)]
mod tests;
