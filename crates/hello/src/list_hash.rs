//! The hash of a comma-separated list of hexadecimal code points, as JA4 wants it: the first twelve
//! characters of its SHA-256, or twelve zeros for an empty list. It is a label, not a secret.

use sha2::{Digest, Sha256};

/// Eleven items are 55 bytes: the text of a usual list is hashed in one piece.
const PIECE: usize = 320;

pub(crate) struct ListHash {
    text: [u8; PIECE],
    used: usize,
    hash: Sha256,
    /// Whether the next item follows another, and needs a comma.
    comma: bool,
    empty: bool,
}

impl ListHash {
    pub(crate) fn new() -> Self {
        Self {
            text: [0; PIECE],
            used: 0,
            hash: Sha256::new(),
            comma: false,
            empty: true,
        }
    }

    /// Appends `,1301`, or `1301` where a list begins.
    pub(crate) fn item(&mut self, value: u16) {
        let [high, low] = value.to_be_bytes();
        let [a, b] = hexadecimal(high);
        let [c, d] = hexadecimal(low);
        if self.comma {
            self.append([b',', a, b, c, d]);
        } else {
            self.append([a, b, c, d]);
        }
        self.comma = true;
        self.empty = false;
    }

    /// Ends one list and begins another.
    pub(crate) fn underscore(&mut self) {
        self.append([b'_']);
        self.comma = false;
    }

    pub(crate) fn finish(mut self) -> [u8; 12] {
        if self.empty {
            return [b'0'; 12];
        }
        self.flush();
        let digest = self.hash.finalize();
        let mut text = [b'0'; 12];
        for (pair, byte) in text.chunks_exact_mut(2).zip(digest.iter()) {
            pair.copy_from_slice(&hexadecimal(*byte));
        }
        text
    }

    #[inline]
    fn append<const N: usize>(&mut self, text: [u8; N]) {
        if self.used + N > PIECE {
            self.flush();
        }
        if let Some(room) = self.text.get_mut(self.used..self.used + N) {
            room.copy_from_slice(&text);
            self.used += N;
        }
    }

    fn flush(&mut self) {
        self.hash.update(self.text.get(..self.used).unwrap_or_default());
        self.used = 0;
    }
}

/// A byte as two lower-case hexadecimal digits.
#[inline]
pub(crate) const fn hexadecimal(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 15)]
}

#[inline]
const fn digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + nibble - 10
    }
}
