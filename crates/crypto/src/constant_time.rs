//! Comparison in time that depends on lengths alone.
//!
//! For tags, token hashes and key confirmations. Lengths are public; contents are not.

use aws_lc_rs::constant_time;

/// True when both have the same length and the same bytes.
#[must_use]
pub fn eq(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn compares_every_byte_and_the_length() {
        assert!(super::eq(b"", b""));
        assert!(super::eq(b"abc", b"abc"));
        for different in [&b"abd"[..], b"bbc", b"ab", b"abcd", b""] {
            assert!(!super::eq(b"abc", different), "{different:?}");
        }
    }
}
