//! Idempotency keys: a create that is sent again has one effect and the same answer.
//!
//! `Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header. What is remembered is bound to the principal,
//! the endpoint and the body, for 24 hours, and is written in the transaction of the effect itself: of two
//! requests at once one commits, and the other finds its answer. Results hold no secret.

use std::sync::{Arc, Mutex, PoisonError};

use hybridge_crypto::digest;
use hybridge_store::{Id, Precondition, Table, Transaction, Write};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fault::{commit_error, read_error};
use crate::record::{decode, encode, from_millis, to_millis};
use crate::{Error, Keys, Rider};

/// How long a result is remembered.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// The longest key, in characters.
pub const KEY_LEN_MAX: usize = 255;
/// The largest result that is remembered, in bytes.
pub const RESULT_LEN_MAX: usize = 16 * 1024;

const IDEMPOTENCY: Table = Table("idempotency");
const TIDY_PAGE: usize = 2000;

#[derive(Serialize, Deserialize)]
struct ResultV1 {
    body: [u8; 32],
    expires: i64,
    result: Vec<u8>,
}

/// One request that may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    id: [u8; 32],
    body: [u8; 32],
}

impl Attempt {
    /// Reads the field's value: a string in double quotes (RFC 8941 §3.3.3), as the draft has it, or, as most
    /// clients send it, without them. None if it is neither, or too long.
    #[must_use]
    pub fn new(principal: &str, endpoint: &str, key: &str, body: &[u8]) -> Option<Self> {
        let quoted = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let key = quoted.unwrap_or(key);
        let plain = |byte: u8| (0x21..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
        if key.is_empty() || key.len() > KEY_LEN_MAX || !key.bytes().all(plain) {
            return None;
        }
        Some(Self {
            id: digest_of(&[principal.as_bytes(), endpoint.as_bytes(), key.as_bytes()]),
            body: digest::sha256(body),
        })
    }

    fn id(&self) -> Id {
        Id::new(IDEMPOTENCY, self.id)
    }
}

/// What is known of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Nothing: it may be made.
    New,
    /// It was made, with this result.
    Made(Vec<u8>),
    /// The same key was used for another body.
    OtherBody,
}

/// What was made under idempotency keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Idempotency {
    keys: Keys,
    /// Where tidying up goes on.
    tidied: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Idempotency {
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            tidied: Arc::default(),
        }
    }

    /// Looks an attempt up: before the effect, and again after a conflict.
    ///
    /// # Errors
    /// The store's.
    pub fn recall(&self, attempt: &Attempt, now: Timestamp) -> Result<Recall, Error> {
        Ok(match self.find(attempt)? {
            Some((_, kept)) if is_over(&kept, &attempt.id(), now)? => Recall::New,
            Some((_, kept)) if kept.body != attempt.body => Recall::OtherBody,
            Some((_, kept)) => Recall::Made(kept.result),
            None => Recall::New,
        })
    }

    /// Rides along with the effect: remembers the result, unless somebody was faster, in which case nothing of
    /// the effect happens and [`Idempotency::recall`] says what did.
    ///
    /// # Errors
    /// [`Error::Conflict`] where somebody was faster already; [`Error::Limit`] for a result too large.
    pub fn rider(&self, attempt: &Attempt, result: &[u8], now: Timestamp) -> Result<Rider, Error> {
        if result.len() > RESULT_LEN_MAX {
            let limit = "the result is too large to be remembered";
            return Err(Error::Limit { limit });
        }
        let id = attempt.id();
        let precondition = match self.find(attempt)? {
            None => Precondition::Absent(id.clone()),
            Some((version, kept)) if is_over(&kept, &id, now)? => Precondition::Version(id.clone(), version),
            Some(_) => return Err(Error::Conflict),
        };
        let kept = encode(&ResultV1 {
            body: attempt.body,
            expires: to_millis(now.saturating_add(LIFETIME).unwrap_or(now)),
            result: result.to_vec(),
        })?;
        Ok(Rider::new(precondition, Write::Put(id, kept)))
    }

    fn find(&self, attempt: &Attempt) -> Result<Option<(u64, ResultV1)>, Error> {
        let id = attempt.id();
        let found = self.keys.store().read(&id).map_err(read_error)?;
        let read = found.map(|found| decode(&id, &found.value).map(|kept| (found.version, kept)));
        read.transpose()
    }

    /// Drops results that are over, a page at a time. For the schedule.
    ///
    /// # Errors
    /// The store's.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), Error> {
        let after = self.place().take();
        let rows = self
            .keys
            .store()
            .scan(IDEMPOTENCY, b"", after.as_deref(), TIDY_PAGE);
        let rows = rows.map_err(read_error)?;
        if rows.len() == TIDY_PAGE {
            *self.place() = rows.last().map(|(id, _)| id.key.clone());
        }
        let mut transaction = Transaction::default();
        for (id, found) in rows {
            let kept = found.ok().and_then(|found| {
                let kept: ResultV1 = decode(&id, &found.value).ok()?;
                Some((found.version, kept))
            });
            let Some((version, kept)) = kept else { continue };
            if is_over(&kept, &id, now)? {
                // Somebody may have used the key again meanwhile.
                transaction
                    .preconditions
                    .push(Precondition::Version(id.clone(), version));
                transaction.writes.push(Write::Delete(id));
            }
        }
        if transaction.writes.is_empty() {
            return Ok(());
        }
        match self.keys.store().commit(transaction).await.map_err(commit_error) {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        self.tidied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_over(kept: &ResultV1, id: &Id, now: Timestamp) -> Result<bool, Error> {
    Ok(from_millis(id, kept.expires)? <= now)
}

/// A digest of all, each with its length before it, so that none can pass for two.
fn digest_of(each: &[&[u8]]) -> [u8; 32] {
    let mut hash = digest::Sha256::default();
    for argument in each {
        hash.update(&(argument.len() as u64).to_be_bytes());
        hash.update(argument);
    }
    hash.finish()
}

#[cfg(test)]
mod tests;
