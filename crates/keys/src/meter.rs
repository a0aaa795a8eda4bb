//! How often a version has protected something, counted durably and never too low.
//!
//! A version takes uses from a block that was reserved in the store before the first of them; a crash loses
//! what was left of the block, so the count can only be too high. Blocks are small for versions that are
//! seldom used or near their limit. What is counted are protections (OASIS KMIP, Usage Limits).

use std::sync::atomic::{AtomicU64, Ordering};

use hybridge_crypto::{Algorithm, aead};
use hybridge_store::{CommitError, Id, Precondition, Store, Transaction, Write};
use tokio::sync::Mutex;

use crate::fault::{commit_error, read_error};
use crate::record::{USAGE, decode, encode, version_id};
use crate::{Error, KeyName};

const BLOCK_MIN: u64 = 16;
const BLOCK_MAX: u64 = 4096;
const ATTEMPTS: usize = 16;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Everything that protects.
    Protections,
    /// Data keys among them.
    DataKeys,
}

impl Counted {
    const fn byte(self) -> u8 {
        match self {
            Self::Protections => b'p',
            Self::DataKeys => b'd',
        }
    }

    /// The id of the count of a version.
    pub(crate) fn id(self, name: &KeyName, version: u32) -> Id {
        let mut id = version_id(USAGE, name, version);
        id.key.push(self.byte());
        id
    }
}

/// The count of one version.
pub(crate) struct Meter {
    id: Id,
    /// Uses that are reserved in the store and not yet taken.
    left: AtomicU64,
    /// How many were reserved here so far; held while more are.
    reserved: Mutex<u64>,
}

impl Meter {
    pub(crate) fn new(counted: Counted, name: &KeyName, version: u32) -> Self {
        Self {
            id: counted.id(name, version),
            left: AtomicU64::new(0),
            reserved: Mutex::new(0),
        }
    }

    /// Takes that many uses.
    ///
    /// # Errors
    /// [`Error::Limit`] when fewer than that are left until the limit; none is taken then.
    pub(crate) async fn take(&self, store: &Store, count: u64, limit: Option<u64>) -> Result<(), Error> {
        if self.take_reserved(count) {
            return Ok(());
        }
        let mut reserved = self.reserved.lock().await;
        for _ in 0..ATTEMPTS {
            if self.take_reserved(count) {
                return Ok(());
            }
            if let Some(block) = self.reserve(store, count, limit, *reserved).await? {
                *reserved += block;
                self.left.fetch_add(block, Ordering::AcqRel);
            }
        }
        Err(Error::Conflict)
    }

    fn take_reserved(&self, count: u64) -> bool {
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(count)
            })
            .is_ok()
    }

    /// Reserves a block in the store; none where somebody else came first.
    async fn reserve(
        &self,
        store: &Store,
        count: u64,
        limit: Option<u64>,
        before: u64,
    ) -> Result<Option<u64>, Error> {
        let (revision, total) = self.committed(store)?;
        let missing = count - self.left.load(Ordering::Acquire).min(count);
        let block = block(missing, before, limit.map(|limit| limit.saturating_sub(total)))?;
        match self.put(store, revision, total + block).await {
            Ok(()) => Ok(Some(block)),
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(commit_error(error)),
        }
    }

    /// Gives back what was reserved and not used, so that the count is exact after an orderly end.
    pub(crate) async fn settle(&self, store: &Store) -> Result<(), Error> {
        let left = self.left.swap(0, Ordering::AcqRel);
        if left == 0 {
            return Ok(());
        }
        let (revision, total) = self.committed(store)?;
        self.put(store, revision, total.saturating_sub(left))
            .await
            .map_err(commit_error)
    }

    fn committed(&self, store: &Store) -> Result<(u64, u64), Error> {
        match store.read(&self.id).map_err(read_error)? {
            None => Ok((0, 0)),
            Some(record) => Ok((record.version, decode(&self.id, &record.value)?)),
        }
    }

    async fn put(&self, store: &Store, revision: u64, total: u64) -> Result<(), CommitError> {
        let precondition = match revision {
            0 => Precondition::Absent(self.id.clone()),
            revision => Precondition::Version(self.id.clone(), revision),
        };
        let value = encode(&total).map_err(|error| CommitError::Crypto(error.to_string()))?;
        let transaction = Transaction {
            preconditions: vec![precondition],
            writes: vec![Write::Put(self.id.clone(), value)],
            entries: Vec::new(),
        };
        store.commit(transaction).await.map(drop)
    }
}

/// How many uses to reserve: what is missing, doubled as more are used, and less near the limit.
fn block(missing: u64, before: u64, headroom: Option<u64>) -> Result<u64, Error> {
    let wanted = before.clamp(BLOCK_MIN, BLOCK_MAX).max(missing);
    let Some(headroom) = headroom else {
        return Ok(wanted);
    };
    if headroom < missing {
        let limit = "uses of this version; rotate the key";
        return Err(Error::Limit { limit });
    }
    Ok(wanted.min(headroom / 16).max(missing))
}

/// The lower of the policy's limit and the algorithm's: 2^32 messages under random 96-bit nonces
/// (SP 800-38D §8.3), which bounds collisions for ChaCha20-Poly1305 just as well.
pub(crate) fn limit(algorithm: &Algorithm, policy: Option<u64>) -> Option<u64> {
    let own = aead::algorithms()
        .any(|aead| aead == algorithm)
        .then_some(aead::RANDOM_NONCE_LIMIT);
    match (own, policy) {
        (Some(own), Some(policy)) => Some(own.min(policy)),
        (own, policy) => own.or(policy),
    }
}

/// At most how often a version was used, as the store has it.
pub(crate) fn counted(store: &Store, id: &Id) -> Result<u64, Error> {
    match store.read(id).map_err(read_error)? {
        None => Ok(0),
        Some(record) => decode(id, &record.value),
    }
}

#[cfg(test)]
mod tests {
    use hybridge_crypto::Algorithm;

    use super::{BLOCK_MAX, BLOCK_MIN, block, limit};

    #[test]
    fn blocks_grow_with_use_and_shrink_towards_the_limit() {
        assert_eq!(block(1, 0, None).ok(), Some(BLOCK_MIN));
        assert_eq!(block(1, 100, None).ok(), Some(100));
        assert_eq!(block(1, 1 << 40, None).ok(), Some(BLOCK_MAX));
        assert_eq!(block(10_000, 0, None).ok(), Some(10_000));
        assert_eq!(block(1, 0, Some(10)).ok(), Some(1));
        assert_eq!(block(3, 0, Some(3)).ok(), Some(3));
        assert!(block(4, 0, Some(3)).is_err());
        assert!(block(1, 0, Some(0)).is_err());
    }

    #[test]
    fn random_nonces_limit_what_one_key_may_encrypt() {
        let by_name = |name| Algorithm::by_name(name).expect("in the table");
        assert_eq!(limit(by_name("AES-256-GCM"), None), Some(1 << 32));
        assert_eq!(limit(by_name("AES-256-GCM"), Some(5)), Some(5));
        assert_eq!(limit(by_name("AES-256-GCM"), Some(1 << 40)), Some(1 << 32));
        assert_eq!(limit(by_name("HMAC-SHA-256"), None), None);
        assert_eq!(limit(by_name("HMAC-SHA-256"), Some(9)), Some(9));
    }
}
