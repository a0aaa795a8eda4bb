//! JA4 against the examples of its own definition, and what makes the stable one stable.

use super::*;

#[test]
fn takes_first_and_last_character_of_the_protocol_name() {
    // technical_details/JA4.md, "ALPN Extension Value".
    let check = |name: &[u8], expect: &[u8; 2]| assert_eq!(alpn(name), *expect, "{name:02x?}");
    check(b"h2", b"h2");
    check(b"http/1.1", b"h1");
    check(b"", b"00");
    check(b"x", b"xx");
    check(&[0xab], b"ab");
    check(&[0x20], b"20");
    check(&[0xab, 0xcd], b"ad");
    check(&[0x20, 0x61], b"21");
    check(&[0x30, 0xab], b"3b");
    check(&[0x61, 0x20], b"60");
    check(&[0x30, 0x31, 0xab, 0xcd], b"3d");
    check(&[0x30, 0xab, 0xcd, 0x31], b"01");
}

#[test]
fn caps_counts_at_ninety_nine() {
    assert_eq!(
        [0, 6, 42, 99, 100, 8000].map(two_digits),
        [*b"00", *b"06", *b"42", *b"99", *b"99", *b"99"]
    );
}
