//! What a connection says: a header of 16 bytes, then pseudo-random bytes that follow from its seed.
//!
//! A byte depends only on the seed and its place, so the receiver needs no copy of what was sent: a
//! byte that is lost, doubled, changed or out of order makes all that follows differ. SplitMix64 (not a
//! secure generator, and it need not be).

/// Bytes of the header: the seed and, for the upstream, after how many bytes to reset (0: never).
pub(crate) const HEADER: usize = 16;

/// A small seeded generator for decisions.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    /// A number below `limit`, which is not zero.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// SplitMix64: the `n`-th output for a seed is `mix(seed + n)`.
pub(crate) const fn mix(place: u64) -> u64 {
    let mut z = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// All bytes that one connection sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern {
    pub(crate) seed: u64,
    /// The upstream resets the connection once it has echoed this many bytes; 0 is never.
    pub(crate) reset_after: u64,
}

impl Pattern {
    /// Writes the bytes that stand at `offset` and after it.
    pub(crate) fn fill(&self, offset: u64, buffer: &mut [u8]) {
        let mut word = offset / 8;
        let mut skip = usize::try_from(offset % 8).unwrap_or_default();
        let mut rest = buffer;
        while !rest.is_empty() {
            let bytes = self.word(word);
            let length = rest.len().min(8 - skip);
            let (now, later) = rest.split_at_mut(length);
            now.copy_from_slice(&bytes[skip..skip + length]);
            (rest, skip, word) = (later, 0, word + 1);
        }
    }

    fn word(&self, index: u64) -> [u8; 8] {
        match index {
            0 => self.seed.to_be_bytes(),
            1 => self.reset_after.to_be_bytes(),
            _ => mix(self.seed.wrapping_add(index)).to_be_bytes(),
        }
    }

    /// Where what came back first differs from what was sent.
    pub(crate) fn difference(&self, offset: u64, received: &[u8]) -> Option<u64> {
        let mut expected = vec![0; received.len()];
        self.fill(offset, &mut expected);
        if expected == received {
            return None;
        }
        let place = expected.iter().zip(received).position(|(a, b)| a != b);
        place.map(|place| offset + place as u64)
    }
}
