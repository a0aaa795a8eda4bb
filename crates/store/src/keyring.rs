//! The keyring: one AES-256-GCM key per epoch. Seals rows under the newest, opens rows of any.
//!
//! Who protects the keyring itself is the caller's business; here its bytes are erased when dropped and
//! print as `<redacted>`.

use std::collections::BTreeMap;

use hybridge_crypto::{Algorithm, aead};
use zeroize::Zeroizing;

use crate::fault::{CommitError, Damage, Why};
use crate::log::StoreId;
use crate::record::{Id, Record};
use crate::row::{Row, associated};

/// Seals per epoch that are safe under random nonces (SP 800-38D §8.3).
pub const SEALS_PER_EPOCH_MAX: u64 = aead::RANDOM_NONCE_LIMIT;
const ENCODED_LEN: usize = 4 + aead::KEY_LEN;

/// The keys that seal records, by epoch; the highest epoch is the current one.
#[derive(Debug)]
pub struct Keyring {
    keys: BTreeMap<u32, aead::Key>,
    current: u32,
}

/// Why there is no keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error("these bytes are not a keyring")]
    Malformed,
    #[error("no further epoch is left")]
    Exhausted,
    #[error(transparent)]
    Crypto(#[from] aead::Error),
}

impl Keyring {
    /// A new keyring with one random key, epoch 1.
    ///
    /// # Errors
    /// [`KeyringError::Crypto`] when no key can be generated.
    pub fn generate() -> Result<Self, KeyringError> {
        Ok(Self {
            keys: BTreeMap::from([(1, aead::Key::generate(algorithm())?)]),
            current: 1,
        })
    }

    /// This keyring with a new random key on top; records move to it by [`crate::Store::reseal`].
    ///
    /// # Errors
    /// [`KeyringError::Exhausted`] after 2^32-1 epochs, [`KeyringError::Crypto`].
    pub fn with_new_epoch(mut self) -> Result<Self, KeyringError> {
        let next = self.current.checked_add(1).ok_or(KeyringError::Exhausted)?;
        self.keys.insert(next, aead::Key::generate(algorithm())?);
        self.current = next;
        Ok(self)
    }

    /// This keyring without the keys of older epochs, for use once [`crate::Store::reseal`] is done.
    #[must_use]
    pub fn without_old_epochs(mut self) -> Self {
        self.keys.retain(|epoch, _| *epoch == self.current);
        self
    }

    /// The epoch under which new rows are sealed.
    #[must_use]
    pub fn current(&self) -> u32 {
        self.current
    }

    /// The epochs that can be opened.
    pub fn epochs(&self) -> impl Iterator<Item = u32> {
        self.keys.keys().copied()
    }

    /// `u32be epoch ‖ key` for each epoch, ascending.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.keys.len() * ENCODED_LEN));
        for (epoch, key) in &self.keys {
            bytes.extend_from_slice(&epoch.to_be_bytes());
            bytes.extend_from_slice(&key.to_bytes());
        }
        bytes
    }

    /// The keyring of [`Keyring::to_bytes`].
    ///
    /// # Errors
    /// [`KeyringError::Malformed`] for anything else, [`KeyringError::Crypto`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyringError> {
        let (chunks, rest) = bytes.as_chunks::<ENCODED_LEN>();
        let mut keys = BTreeMap::new();
        for chunk in chunks {
            let (epoch, key) = chunk.split_first_chunk::<4>().ok_or(KeyringError::Malformed)?;
            keys.insert(
                u32::from_be_bytes(*epoch),
                aead::Key::from_bytes(algorithm(), key)?,
            );
        }
        let current = *keys.keys().next_back().ok_or(KeyringError::Malformed)?;
        if !rest.is_empty() || keys.len() != chunks.len() {
            return Err(KeyringError::Malformed);
        }
        Ok(Self { keys, current })
    }

    pub(crate) fn seal(
        &self,
        store: StoreId,
        id: &Id,
        version: u64,
        value: &[u8],
    ) -> Result<Row, CommitError> {
        let key = self
            .keys
            .get(&self.current)
            .expect("the current epoch is one of the keys");
        let associated = associated(store, id, version, self.current);
        let sealed = key
            .seal_random(&associated, value)
            .map_err(|error| CommitError::Crypto(error.to_string()))?;
        Ok(Row::new(id.clone(), version, self.current, sealed))
    }

    /// Opens a row of the store with this id, for instance one in a backup.
    ///
    /// # Errors
    /// The damage: the row's epoch is missing here, or its seal does not match.
    pub fn open(&self, store: StoreId, row: &Row) -> Result<Record, Damage> {
        let damage = |why| Damage {
            id: row.id.clone(),
            why,
        };
        let key = self.keys.get(&row.epoch).ok_or_else(|| damage(Why::Epoch))?;
        let associated = associated(store, &row.id, row.version, row.epoch);
        let opened = key.open_random(&associated, &row.sealed);
        let value = opened.map_err(|_refused| damage(Why::Seal))?;
        Ok(Record {
            version: row.version,
            value,
        })
    }
}

fn algorithm() -> &'static Algorithm {
    Algorithm::by_name("AES-256-GCM").expect("the table of algorithms has AES-256-GCM")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Table;

    const STORE: StoreId = StoreId([1; 16]);

    #[test]
    fn a_row_opens_only_where_and_as_it_was_sealed() {
        let ring = Keyring::generate().unwrap();
        let row = ring
            .seal(STORE, &Id::new(Table("key"), *b"a"), 1, b"value")
            .unwrap();
        assert_eq!(ring.open(STORE, &row).unwrap().value.as_slice(), b"value");
        assert!(ring.open(StoreId([2; 16]), &row).is_err());
        let moved = |change: fn(&mut Row)| {
            let mut row = row.clone();
            change(&mut row);
            ring.open(STORE, &row).unwrap_err().why
        };
        assert_eq!(moved(|row| row.id.key = b"b".to_vec()), Why::Seal);
        assert_eq!(moved(|row| row.id.table = Table("version")), Why::Seal);
        assert_eq!(moved(|row| row.version = 2), Why::Seal);
        assert_eq!(moved(|row| row.epoch = 2), Why::Epoch);
        assert_eq!(moved(|row| row.sealed.clear()), Why::Seal);
    }

    #[test]
    fn older_epochs_still_open() {
        let ring = Keyring::generate().unwrap();
        let row = ring
            .seal(STORE, &Id::new(Table("key"), *b"a"), 1, b"value")
            .unwrap();
        let ring = ring.with_new_epoch().unwrap();
        assert_eq!(ring.current(), 2);
        assert!(ring.open(STORE, &row).is_ok());
        let ring = ring.without_old_epochs();
        assert_eq!(ring.open(STORE, &row).unwrap_err().why, Why::Epoch);
    }

    #[test]
    fn a_keyring_comes_back_from_its_bytes_and_from_nothing_else() {
        let ring = Keyring::generate().unwrap().with_new_epoch().unwrap();
        let bytes = ring.to_bytes();
        assert_eq!(Keyring::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        for bad in [
            &bytes[..0],
            &bytes[1..],
            &bytes[..71],
            &[&bytes[..], &bytes[..]].concat(),
        ] {
            assert_eq!(Keyring::from_bytes(bad).unwrap_err(), KeyringError::Malformed);
        }
        assert!(!format!("{ring:?}").contains(&format!("{:?}", &bytes[4..8])));
    }
}
