//! The append-only log: a chain of hashes over entries whose meaning is the caller's.
//!
//! `hash_n = SHA-256("hybridge-log-v1" ‖ hash_{n-1} ‖ u64be n ‖ u32be len ‖ entry)`, the first entry is
//! number 1 and `hash_0` is the store's id followed by sixteen zero bytes. Whoever has a head can therefore
//! see every change, insertion and removal before it.

use std::fmt;

use hybridge_crypto::digest::sha256;

const LABEL: &[u8] = b"hybridge-log-v1";

/// Sixteen random bytes that a store has from its creation on, and keeps through backup and restore.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StoreId({self})")
    }
}

/// The end of the log: the number of entries and the hash of the last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    pub hash: [u8; 32],
}

impl fmt::Debug for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Head({} ", self.sequence)?;
        self.hash.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str(")")
    }
}

impl Head {
    /// The head of an empty log.
    #[must_use]
    pub fn empty(store: StoreId) -> Self {
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(&store.0);
        Self { sequence: 0, hash }
    }

    /// The head after one more entry.
    ///
    /// # Panics
    /// When the entry has 4 GiB or more; the store refuses such an entry before.
    #[must_use]
    pub fn after(&self, entry: &[u8]) -> Self {
        let len = u32::try_from(entry.len()).expect("entries are refused above ENTRY_LEN_MAX");
        let sequence = self.sequence + 1;
        let mut message = Vec::with_capacity(LABEL.len() + 32 + 8 + 4 + entry.len());
        message.extend_from_slice(LABEL);
        message.extend_from_slice(&self.hash);
        message.extend_from_slice(&sequence.to_be_bytes());
        message.extend_from_slice(&len.to_be_bytes());
        message.extend_from_slice(entry);
        Self {
            sequence,
            hash: sha256(&message),
        }
    }
}

/// The longest log entry, in bytes.
pub const ENTRY_LEN_MAX: usize = 1 << 20;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub sequence: u64,
    /// The chain's hash up to and including this entry.
    pub hash: [u8; 32],
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The head of the log that ends with this entry.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            sequence: self.sequence,
            hash: self.hash,
        }
    }

    /// Says whether this entry continues a log that ended at `head`.
    #[must_use]
    pub fn follows(&self, head: &Head) -> bool {
        self.bytes.len() <= ENTRY_LEN_MAX && head.after(&self.bytes) == self.head()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_the_one_that_is_written_down() {
        let empty = Head::empty(StoreId([7; 16]));
        assert_eq!(empty.hash[..16], [7; 16]);
        assert_eq!(empty.hash[16..], [0; 16]);
        let mut message = b"hybridge-log-v1".to_vec();
        message.extend_from_slice(&empty.hash);
        message.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
        message.extend_from_slice(b"hi");
        assert_eq!(
            empty.after(b"hi"),
            Head {
                sequence: 1,
                hash: sha256(&message)
            }
        );
    }

    #[test]
    fn an_entry_follows_only_the_head_it_was_made_for() {
        let empty = Head::empty(StoreId([7; 16]));
        let head = empty.after(b"one");
        let entry = Entry {
            sequence: 1,
            hash: head.hash,
            bytes: b"one".to_vec(),
        };
        assert!(entry.follows(&empty));
        assert!(!entry.follows(&Head::empty(StoreId([8; 16]))));
        assert!(!entry.follows(&head));
        assert!(
            !Entry {
                bytes: b"two".to_vec(),
                ..entry
            }
            .follows(&empty)
        );
    }
}
