//! The proof at the end of a restore: one canary for each key was opened.
//!
//! The canary of a key is its primary version: the record is opened, the private key is made ready for use,
//! and the public key that comes out must be the one that was stored. Symmetric keys have no public half;
//! theirs counts as opened when the seal of the record matches and the key can be made ready.

use std::num::NonZero;
use std::thread;
use std::time::Duration;

use hybridge_store::{Head, Store};

use super::RestoreError;
use crate::material::Material;
use crate::record::{KEY, VERSION, read_key, read_version, version_id};
use crate::{Error, Key};

/// Keys whose canaries are opened at a time.
const BATCH: usize = 1_000;

/// What was found to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Keys that can be used; destroyed ones are not among them.
    pub keys: u64,
    pub canaries_opened: u64,
    /// Names of keys whose canary did not open.
    pub failed: Vec<String>,
    /// Keys that are destroyed.
    pub destroyed: u64,
    /// End of the log.
    pub head: Head,
    /// From the first check to the last canary.
    pub took: Duration,
}

impl Proof {
    /// True where every key has a canary that opened.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.canaries_opened == self.keys
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = crate::recipient::text::hex(&self.head.hash);
        write!(
            formatter,
            "{} keys, {} canaries opened, log head {} {hash}, {:.1} s",
            self.keys,
            self.canaries_opened,
            self.head.sequence,
            self.took.as_secs_f64()
        )
    }
}

pub(super) fn prove(
    store: &Store,
    elapsed: &(dyn Fn() -> Duration + Send + Sync),
    began: Duration,
) -> Result<Proof, RestoreError> {
    let mut proof = Proof {
        keys: 0,
        canaries_opened: 0,
        failed: Vec::new(),
        destroyed: 0,
        head: store.head(),
        took: Duration::ZERO,
    };
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = store
            .scan(KEY, b"", after.as_deref(), BATCH)
            .map_err(RestoreError::store)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.key.clone());
        let mut keys = Vec::new();
        for (id, found) in &page {
            match found
                .as_ref()
                .map(|record| read_key(id, record.version, &record.value))
            {
                Ok(Ok(key)) if key.destroyed.is_some() => proof.destroyed += 1,
                Ok(Ok(key)) => keys.push(key),
                Ok(Err(_)) | Err(_) => {
                    proof.keys += 1;
                    proof.failed.push(id.to_string());
                }
            }
        }
        proof.keys += keys.len() as u64;
        let failed = open_canaries(store, &keys);
        proof.canaries_opened += (keys.len() - failed.len()) as u64;
        proof.failed.extend(failed);
    }
    proof.took = elapsed().saturating_sub(began);
    Ok(proof)
}

/// Opens the canaries of some keys on all cores; the names of those that did not open.
fn open_canaries(store: &Store, keys: &[Key]) -> Vec<String> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = keys.len().div_ceil(cores).max(1);
    let failed_of = |keys: &[Key]| -> Vec<String> {
        let failed = keys.iter().filter(|key| !opens(store, key));
        failed.map(|key| key.name.to_string()).collect()
    };
    thread::scope(|scope| {
        let parts: Vec<_> = keys
            .chunks(share)
            .map(|part| scope.spawn(|| failed_of(part)))
            .collect();
        let joined = parts
            .into_iter()
            .map(|part| part.join().expect("opening a canary does not panic"));
        joined.flatten().collect()
    })
}

fn opens(store: &Store, key: &Key) -> bool {
    canary(store, key).is_ok_and(|opened| opened)
}

fn canary(store: &Store, key: &Key) -> Result<bool, Error> {
    let id = version_id(VERSION, &key.name, key.primary);
    let record = store.read(&id).map_err(Error::store)?.ok_or(Error::NotFound)?;
    let stored = read_version(&id, &record.value)?;
    let material = Material::read(key.purpose, stored.algorithm, &stored.secret)?;
    Ok(material.public_key() == stored.public_key)
}
