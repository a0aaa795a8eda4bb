//! Using keys: read what is committed, decide, compute, write it down, and only then answer.
//!
//! Each use commits one audit entry under the precondition that the key's record is still the one that was
//! read. So once a change is acknowledged no use of the earlier state succeeds, however many are under way;
//! one that comes too late starts again. A request is one key and many items; each item has its own result.

mod encryption;
mod envelope;
mod kem;
mod mac;
mod signature;

use std::sync::Arc;

use hybridge_store::{CommitError, Precondition, Transaction};
use jiff::Timestamp;

pub use encryption::{Ciphertext, DataKey, Decrypted, Encrypted, Plaintext};
pub use kem::{Encapsulated, Encapsulation};
pub use mac::{Tag, Tagged};
pub use signature::{Message, Signed, SignedMessage};

use crate::audit::{Event, Outcome};
use crate::cache::Loaded;
use crate::fault::commit_error;
use crate::version::{self, Version};
use crate::{Caller, Error, KeyName, Keys, Operation, meter};

/// How often a use starts again when others change the same key meanwhile.
const ATTEMPTS: usize = 64;
/// Items in one request at most.
pub const ITEMS_MAX: usize = 1000;
/// Bytes of one message or plaintext at most (1 MiB).
pub const MESSAGE_LEN_MAX: usize = 1 << 20;

/// The result of each item, in the order of the request.
pub type Batch<T> = Vec<Result<T, Error>>;

/// One request to use a key.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) name: &'a KeyName,
    pub(crate) operation: Operation,
    pub(crate) now: Timestamp,
}

impl<'a> Asked<'a> {
    const fn new(caller: &'a Caller, name: &'a KeyName, operation: Operation, now: Timestamp) -> Self {
        Self {
            caller,
            name,
            operation,
            now,
        }
    }
}

/// What the audit log says about the items.
struct Tally {
    version: Option<u32>,
    count: usize,
    failed: usize,
    reason: Option<(Outcome, &'static str)>,
}

impl Tally {
    fn of<T>(version: Option<u32>, items: &[Result<T, Error>]) -> Self {
        let mut errors = items.iter().filter_map(|item| item.as_ref().err());
        let first = errors.next();
        Self {
            version,
            count: items.len(),
            failed: first.map_or(0, |_first| 1 + errors.count()),
            reason: first.map(|error| (outcome(error), error.code())),
        }
    }

    fn event<'a>(&self, asked: &Asked<'a>) -> Event<'a> {
        let all_failed = self.count == self.failed;
        let worst = self.reason.filter(|_reason| all_failed);
        Event {
            outcome: worst.map_or(Outcome::Done, |(outcome, _)| outcome),
            version: self.version,
            count: self.count,
            failed: self.failed,
            reason: self.reason.map(|(_, reason)| reason),
            ..Event::done(asked.operation.event(), asked.name)
        }
    }
}

pub(crate) fn outcome(error: &Error) -> Outcome {
    match error {
        Error::Rejected { .. } => Outcome::Failed,
        error if error.is_failure() => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

impl Keys {
    /// The key, if it may be used so at all. A refusal is made from what is committed, too.
    fn opened(&self, asked: &Asked<'_>) -> Result<Arc<Loaded>, Error> {
        for _ in 0..ATTEMPTS {
            let loaded = self.loaded(asked.name)?;
            match version::admit(&loaded.key, asked.operation) {
                Ok(()) => return Ok(loaded),
                Err(refused) if self.is_current(&loaded)? => return Err(refused),
                Err(_outdated) => {}
            }
        }
        Err(Error::Conflict)
    }

    /// The key and its primary version with that many protections taken of its count.
    async fn primary(&self, asked: &Asked<'_>, count: usize) -> Result<(Arc<Loaded>, Arc<Version>), Error> {
        for _ in 0..ATTEMPTS {
            let loaded = self.opened(asked)?;
            match self.counted(asked, &loaded, count).await {
                Ok(version) => return Ok((loaded, version)),
                Err(refused) if self.is_current(&loaded)? => return Err(refused),
                Err(_outdated) => {}
            }
        }
        Err(Error::Conflict)
    }

    async fn counted(&self, asked: &Asked<'_>, loaded: &Loaded, count: usize) -> Result<Arc<Version>, Error> {
        let version = self.admitted(asked, loaded, None)?;
        let (store, count) = (self.store(), count as u64);
        let limit = meter::limit(version.algorithm, loaded.key.policy.usage_limit);
        version.protections.take(store, count, limit).await?;
        if asked.operation == Operation::DataKey {
            version.data_keys.take(store, count, None).await?;
        }
        Ok(version)
    }

    /// The version that the request names, or the primary one, if it may be used so now.
    fn admitted(
        &self,
        asked: &Asked<'_>,
        loaded: &Loaded,
        number: Option<u32>,
    ) -> Result<Arc<Version>, Error> {
        let version = self.version(loaded, number.unwrap_or(loaded.key.primary))?;
        version.admit(&loaded.key, asked.operation, asked.now)?;
        Ok(version)
    }

    /// Writes the use down; false where the key was changed meanwhile and the use has to start again.
    async fn conclude(&self, asked: &Asked<'_>, loaded: &Loaded, tally: Tally) -> Result<bool, Error> {
        let transaction = Transaction {
            preconditions: vec![Precondition::Version(loaded.id.clone(), loaded.key.revision)],
            ..Transaction::default()
        };
        let event = tally.event(asked);
        match self.record(transaction, &event, asked.caller, asked.now).await {
            Ok(_committed) => Ok(true),
            Err(CommitError::Conflict(_)) => {
                self.inner().cache.forget(asked.name, loaded.key.revision);
                Ok(false)
            }
            Err(error) => Err(commit_error(error)),
        }
    }

    /// Writes a refusal down before it is told.
    async fn settle<T>(&self, asked: &Asked<'_>, result: Result<T, Error>) -> Result<T, Error> {
        match result {
            Ok(done) => Ok(done),
            Err(error) => Err(self
                .refusal(
                    Event::done(asked.operation.event(), asked.name),
                    error,
                    asked.caller,
                    asked.now,
                )
                .await),
        }
    }
}

/// Refuses requests that are empty or too large for one transaction.
fn check_items<T>(items: &[T]) -> Result<(), Error> {
    if items.is_empty() || items.len() > ITEMS_MAX {
        return Err(Error::invalid(
            "items",
            format_args!("a request has 1 to {ITEMS_MAX} items"),
        ));
    }
    Ok(())
}

fn check_len(field: &'static str, bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > MESSAGE_LEN_MAX {
        let why = format_args!("at most {MESSAGE_LEN_MAX} bytes; use a data key for more");
        return Err(Error::invalid(field, why));
    }
    Ok(())
}

/// The version that all items have in common.
fn one_version(mut versions: impl Iterator<Item = u32>) -> Option<u32> {
    let first = versions.next()?;
    versions.all(|version| version == first).then_some(first)
}
