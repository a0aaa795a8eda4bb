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
}
