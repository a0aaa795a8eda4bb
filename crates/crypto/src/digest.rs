//! SHA-2 digests (FIPS 180-4).
//!
//! For transcripts and fingerprints; never for bulk data on a hot path, where it would be the bottleneck.

use aws_lc_rs::digest;

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

fn fixed<const N: usize>(algorithm: &'static digest::Algorithm, message: &[u8]) -> [u8; N] {
    let computed = digest::digest(algorithm, message);
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
