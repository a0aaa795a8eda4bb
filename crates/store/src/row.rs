//! A row: a record as it lies on disk, sealed and checksummed.
//!
//! The checksum covers everything of the row, so that damage is seen without any key. The seal binds the
//! value to the store, the identity, the version and the epoch: a row that was moved, exchanged for an older
//! one or altered does not open, whatever its checksum says.

use crc32fast::Hasher;

use crate::fault::{Damage, Why};
use crate::log::{Entry, StoreId};
use crate::record::{Id, Table};

const LABEL: &[u8] = b"hybridge-record-v1";
/// Stands for the table of an identity that cannot be read.
const UNREADABLE: Table = Table("unreadable");

/// A sealed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: Id,
    pub version: u64,
    /// Which key of the keyring sealed it.
    pub epoch: u32,
    /// Nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes).
    pub sealed: Vec<u8>,
    /// CRC-32 (IEEE) over `u32be len(id) ‖ id ‖ u64be version ‖ u32be epoch ‖ sealed`.
    pub checksum: u32,
}

/// A row, or which record is damaged.
pub type Found = Result<Row, Damage>;

impl Row {
    pub(crate) fn new(id: Id, version: u64, epoch: u32, sealed: Vec<u8>) -> Self {
        let mut row = Self {
            id,
            version,
            epoch,
            sealed,
            checksum: 0,
        };
        row.checksum = row.computed();
        row
    }

    /// The row, if it matches its checksum.
    ///
    /// # Errors
    /// The damage.
    pub fn checked(self) -> Found {
        if self.computed() == self.checksum && self.version > 0 {
            return Ok(self);
        }
        Err(Damage {
            id: self.id,
            why: Why::Checksum,
        })
    }

    fn computed(&self) -> u32 {
        let id = encode(&self.id);
        let mut hasher = Hasher::new();
        hasher.update(&u32::try_from(id.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(&id);
        hasher.update(&self.version.to_be_bytes());
        hasher.update(&self.epoch.to_be_bytes());
        hasher.update(&self.sealed);
        hasher.finalize()
    }
}

/// An identity on disk: table ‖ 0x00 ‖ key. Ordered bytewise, tables do not mix.
#[must_use]
pub fn encode(id: &Id) -> Vec<u8> {
    encode_parts(id.table, &id.key)
}

/// As [`encode`], of the parts.
#[must_use]
pub fn encode_parts(table: Table, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(table.0.len() + 1 + key.len());
    bytes.extend_from_slice(table.0.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(key);
    bytes
}

/// The identity of [`encode`]; bytes that are none come back as a key of the table `unreadable`.
#[must_use]
pub fn decode(bytes: &[u8]) -> Id {
    let parts = bytes.iter().position(|&byte| byte == 0).and_then(|end| {
        let name = std::str::from_utf8(&bytes[..end]).ok()?;
        Some(Id::new(Table::named(name)?, &bytes[end + 1..]))
    });
    parts.unwrap_or_else(|| Id::new(UNREADABLE, bytes))
}

/// The associated data of a seal:
/// label ‖ store id ‖ u32be len(id) ‖ id ‖ u64be version ‖ u32be epoch.
pub(crate) fn associated(store: StoreId, id: &Id, version: u64, epoch: u32) -> Vec<u8> {
    let encoded = encode(id);
    let mut bytes = Vec::with_capacity(LABEL.len() + 16 + 4 + encoded.len() + 12);
    bytes.extend_from_slice(LABEL);
    bytes.extend_from_slice(&store.0);
    bytes.extend_from_slice(&u32::try_from(encoded.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(&encoded);
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes
}

/// The checksum of a log entry: CRC-32 over `u64be sequence ‖ hash ‖ bytes`.
#[must_use]
pub fn entry_checksum(entry: &Entry) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&entry.sequence.to_be_bytes());
    hasher.update(&entry.hash);
    hasher.update(&entry.bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::new(Id::new(Table("key"), *b"a\0b"), 3, 2, vec![9; 40])
    }

    #[test]
    fn every_field_is_under_the_checksum() {
        let damaged = |change: fn(&mut Row)| {
            let mut row = row();
            change(&mut row);
            row.checked().is_err()
        };
        assert!(row().checked().is_ok());
        assert!(damaged(|row| row.id.key[0] ^= 1));
        assert!(damaged(|row| row.id.table = Table("kez")));
        assert!(damaged(|row| row.version += 1));
        assert!(damaged(|row| row.epoch += 1));
        assert!(damaged(|row| row.sealed[0] ^= 0x80));
        assert!(damaged(|row| row.checksum ^= 1));
    }

    #[test]
    fn identities_come_back_and_tables_do_not_mix() {
        let id = row().id;
        assert_eq!(decode(&encode(&id)), id);
        assert_eq!(decode(b"no separator").table, UNREADABLE);
        assert_eq!(decode(b"Bad Name\0x").table, UNREADABLE);
        assert!(encode_parts(Table("a"), b"\xff\xff") < encode_parts(Table("ab"), b""));
    }
}
