//! Chance that a seed replays (xorshift64*), and the bytes and texts that are drawn from it.
//!
//! Base64 is that of RFC 4648 §4 and §5; the API reads both and writes the latter.

/// A generator; the same seed draws the same.
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    /// `place` tells generators of one seed apart.
    pub(super) fn new(seed: u64, place: u64) -> Self {
        let mut draw = Self((seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
        draw.next();
        draw.next();
        draw
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below a limit that is not 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    /// True once in `of` times.
    pub(super) fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(all.len()).ok().filter(|count| *count > 0)?;
        all.get(usize::try_from(self.below(count)).ok()?)
    }

    /// Something to protect, in a base64 that is the same in every alphabet and without padding.
    pub(super) fn content(&mut self) -> String {
        base64(format!("{:016x}{:08x}", self.next(), self.below(1 << 32)).as_bytes())
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_index| self.next().to_be_bytes()[0]).collect()
    }
}

/// Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    encode(
        bytes,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    )
}

/// Base64 for names of files and URLs (RFC 4648 §5), with padding.
pub(super) fn base64_url(bytes: &[u8]) -> String {
    base64(bytes).replace('+', "-").replace('/', "_")
}

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = alphabet[bits >> (18 - 6 * place) & 63];
            text.push(if place > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_test_vectors_of_rfc_4648_section_10() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), text);
        }
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8=");
    }

    #[test]
    fn a_seed_draws_the_same_again_and_places_differ() {
        let draw = |seed, place| Draw::new(seed, place).bytes(16);
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }
}
