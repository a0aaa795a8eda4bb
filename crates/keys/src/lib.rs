//! Owns every private key: versions, states, use under policy, rotation, sealing, audit, backup.
//!
//! No other crate holds a long-lived private key. Inside, key bytes are erased when dropped and print as
//! `<redacted>`. Callers see a change only after the store has committed it.

pub mod audit;
mod caller;
mod error;
mod key;
mod name;
mod purpose;
pub mod token;

pub use caller::Caller;
pub use error::Error;
pub use key::{
    Change, Key, KeyVersion, NewKey, Operations, Origin, Policy, PolicyError, Shown, State, Times,
};
pub use name::{KeyName, NAME_LEN_MAX, NameError};
pub use purpose::{Operation, Purpose};
