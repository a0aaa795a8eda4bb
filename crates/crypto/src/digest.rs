//! Digests: SHA-2 (FIPS 180-4), SHA-3 and SHAKE256 (FIPS 202).
//!
//! For transcripts and fingerprints; never for bulk data on a hot path, where it would be the bottleneck.
//! They need no key, so the error state does not stop them.

use aws_lc_rs::digest;
use shake::{ExtendableOutput, Shake256, Update};
use zeroize::Zeroizing;

/// SHA-256, 32 bytes.
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    fixed(&digest::SHA256, message)
}

/// SHA-384, 48 bytes.
#[must_use]
pub fn sha384(message: &[u8]) -> [u8; 48] {
    fixed(&digest::SHA384, message)
}

/// SHA-512, 64 bytes.
#[must_use]
pub fn sha512(message: &[u8]) -> [u8; 64] {
    fixed(&digest::SHA512, message)
}

/// SHA3-256, 32 bytes.
#[must_use]
pub fn sha3_256(message: &[u8]) -> [u8; 32] {
    fixed(&digest::SHA3_256, message)
}

/// SHA3-384, 48 bytes.
#[must_use]
pub fn sha3_384(message: &[u8]) -> [u8; 48] {
    fixed(&digest::SHA3_384, message)
}

/// SHA3-512, 64 bytes.
#[must_use]
pub fn sha3_512(message: &[u8]) -> [u8; 64] {
    fixed(&digest::SHA3_512, message)
}

/// SHAKE256 (FIPS 202 §6.2), `len` bytes; erased when dropped, for seeds are expanded with it.
#[must_use]
pub fn shake256(message: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; len]);
    let mut hasher = Shake256::default();
    hasher.update(message);
    hasher.finalize_xof_into(&mut out);
    out
}

/// SHA-256 of a message that arrives in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Starts with the empty message.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Appends to the message.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of everything that was appended.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        exactly(&self.0.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sha256(<redacted>)")
    }
}

fn fixed<const N: usize>(algorithm: &'static digest::Algorithm, message: &[u8]) -> [u8; N] {
    exactly(&digest::digest(algorithm, message))
}

fn exactly<const N: usize>(computed: &digest::Digest) -> [u8; N] {
    computed
        .as_ref()
        .try_into()
        .expect("the length is the algorithm's own")
}

#[cfg(test)]
mod tests {
    use crate::vectors::hex;

    /// The example "abc" of FIPS 180-4.
    #[test]
    fn matches_the_published_examples() {
        assert_eq!(
            super::sha256(b"abc")[..],
            hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(
            super::sha384(b"abc")[..],
            hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                 8086072ba1e7cc2358baeca134c825a7")
        );
        assert_eq!(
            super::sha512(b"abc")[..],
            hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
        );
    }

    /// The example "abc" of FIPS 202; SHAKE256 of it and of the empty message by Python's `hashlib`.
    #[test]
    fn sha_3_matches_the_published_examples() {
        assert_eq!(
            super::sha3_256(b"abc")[..],
            hex("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
        );
        assert_eq!(
            super::sha3_384(b"abc")[..],
            hex("ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2\
                 98d88cea927ac7f539f1edf228376d25")
        );
        assert_eq!(
            super::sha3_512(b"abc")[..],
            hex("b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e\
                 10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0")
        );
    }

    #[test]
    fn shake256_gives_any_length_and_a_longer_output_begins_with_a_shorter_one() {
        let empty = hex("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
        assert_eq!(super::shake256(b"", 32)[..], empty);
        let long = super::shake256(b"abc", 1000);
        for length in [0, 1, 135, 136, 137, 999] {
            assert_eq!(super::shake256(b"abc", length)[..], long[..length]);
        }
    }

    #[test]
    fn a_message_in_pieces_has_the_digest_of_the_whole() {
        let message: Vec<u8> = (0..=255).collect();
        for cut in [0, 1, 63, 64, 65, 255, 256] {
            let mut hasher = super::Sha256::new();
            hasher.update(&message[..cut]);
            let mut fork = hasher.clone();
            hasher.update(&message[cut..]);
            fork.update(b"other");
            assert_eq!(hasher.finish(), super::sha256(&message), "{cut}");
            assert_ne!(fork.finish(), super::sha256(&message), "{cut}");
        }
        assert_eq!(super::Sha256::default().finish(), super::sha256(b""));
    }
}
