//! A key and its versions, as callers see them: everything but the secret.
//!
//! A key has one purpose and exactly one primary version; a version has the material, a state and times.
//! What is on disk is `record`; these types never leave the process as they are.

mod policy;
mod state;

use std::collections::BTreeMap;
use std::time::Duration;

use hybridge_crypto::Algorithm;
use jiff::Timestamp;

pub use policy::{Operations, Policy, PolicyError};
pub use state::{Change, State, Times};

use crate::{KeyName, Purpose};

/// A key, without its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: KeyName,
    /// What it is for.
    pub purpose: Purpose,
    /// The algorithm of versions made from now on.
    pub algorithm: &'static Algorithm,
    /// What it may be used for, and how long.
    pub policy: Policy,
    /// How long what it protects must stay protected; `None` where nobody said.
    pub lifetime: Option<Duration>,
    /// Free text of the owner, for finding and reporting.
    pub labels: BTreeMap<String, String>,
    /// The version that protects; there is exactly one.
    pub primary: u32,
    /// The highest version number ever given; numbers are never given twice.
    pub latest: u32,
    /// When the first version was made.
    pub created: Timestamp,
    /// Since when no version may be used.
    pub disabled: Option<Timestamp>,
    /// When all of it will be destroyed, while that can still be cancelled.
    pub destroy_after: Option<Timestamp>,
    /// When all of it was destroyed.
    pub destroyed: Option<Timestamp>,
    /// When the schedule rotates it next.
    pub rotate_after: Option<Timestamp>,
    /// How often it was changed: grows by one with each.
    pub revision: u64,
}

/// One version of a key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// From 1, never given twice.
    pub number: u32,
    /// The algorithm of its material.
    pub algorithm: &'static Algorithm,
    /// The state now, with the key's own suspension counted in.
    pub state: State,
    /// When it came into each state.
    pub times: Times,
    /// Compromised and not released: not even old ciphertexts open.
    pub quarantined: bool,
    /// When it will be destroyed, while that can still be cancelled.
    pub destroy_after: Option<Timestamp>,
    /// Where the material came from.
    pub origin: Origin,
    /// The public half in its raw form; empty for symmetric keys.
    pub public_key: Vec<u8>,
}

/// Where material came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Made here.
    Generated,
    /// Brought in by a caller; who else has it is not known.
    Imported,
}

/// A key with its versions, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The key.
    pub key: Key,
    /// Its versions that can be read, newest first, tombstones included.
    pub versions: Vec<KeyVersion>,
    /// Numbers of versions whose records are damaged.
    pub damaged: Vec<u32>,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for.
    pub purpose: Purpose,
    /// Must be one that the purpose allows.
    pub algorithm: &'static Algorithm,
    /// What it may be used for, and how long.
    pub policy: Policy,
    /// How long what it protects must stay protected.
    pub lifetime: Option<Duration>,
    /// Free text of the owner.
    pub labels: BTreeMap<String, String>,
    /// When it becomes active; `None` is at once.
    pub activate_at: Option<Timestamp>,
}

impl NewKey {
    /// A key with the purpose's default algorithm and policy.
    #[must_use]
    pub fn for_purpose(purpose: Purpose) -> Self {
        Self {
            purpose,
            algorithm: purpose.default_algorithm(),
            policy: Policy::default(),
            lifetime: None,
            labels: BTreeMap::new(),
            activate_at: None,
        }
    }
}
