//! Every way a first flight can come out, decided as early as can be and the same however it is cut.
//! Each case is run byte by byte, once with one locator for all and once with a fresh one each time.

use super::*;
use crate::client_builder::ClientHelloBuilder;
use crate::records::records;
use crate::suite::CipherSuite;
use crate::version::ProtocolVersion;

/// A hello of exactly `length` bytes.
fn hello(length: usize) -> Vec<u8> {
    let builder = ClientHelloBuilder::new([7; 32]).cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let bare = builder.build().expect("a small hello fits").len();
    let filler = vec![0; length - bare - 4];
    builder
        .extension(crate::extension::PADDING, &filler)
        .build()
        .expect("the filler fits")
}

fn show(progress: &Progress<'_>) -> String {
    match progress {
        Progress::Incomplete => "incomplete".to_owned(),
        Progress::Complete(located) => {
            format!(
                "{} bytes in {} records, {} consumed",
                located.message.len(),
                located.records,
                located.consumed
            )
        }
        Progress::Foreign(foreign) => foreign.as_str().to_owned(),
        Progress::TooLong => "too long".to_owned(),
        Progress::Malformed(malformed) => malformed.to_string(),
    }
}

/// Checks the verdict, that it is reached after exactly `needed` bytes, and that it does not depend on
/// whether one locator sees the bytes grow or each call starts afresh.
fn check(raw: &[u8], needed: usize, expect: &str) {
    let mut locator = Locator::default();
    for length in 0..=raw.len() {
        let prefix = &raw[..length];
        let expect = if length < needed { "incomplete" } else { expect };
        assert_eq!(
            show(&locate_client_hello(prefix, &mut Vec::new())),
            expect,
            "after {length} bytes"
        );
        if length <= needed {
            assert_eq!(
                show(&locator.advance(prefix, &mut Vec::new())),
                expect,
                "growing, {length} bytes"
            );
        }
    }
}

#[test]
fn finds_a_hello_in_one_record() {
    let message = hello(100);
    let raw = records(&message, 16_384, ProtocolVersion::TLS_1_0);
    check(&raw, 105, "100 bytes in 1 records, 105 consumed");
    let followed = [&raw[..], &[20, 3, 3, 0, 1, 1]].concat();
    check(&followed, 105, "100 bytes in 1 records, 105 consumed");
}

#[test]
fn joins_a_hello_that_comes_in_many_records() {
    let message = hello(100);
    for (fragment, count) in [(1, 100), (3, 34), (50, 2), (99, 2)] {
        let raw = records(&message, fragment, ProtocolVersion::TLS_1_0);
        check(
            &raw,
            raw.len(),
            &format!("100 bytes in {count} records, {} consumed", raw.len()),
        );
        let mut scratch = vec![1, 2, 3];
        match locate_client_hello(&raw, &mut scratch) {
            Progress::Complete(located) => assert_eq!(located.message, message),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn copies_nothing_that_came_in_one_record() {
    let raw = records(&hello(300), 16_384, ProtocolVersion::TLS_1_0);
    let mut scratch = Vec::new();
    match locate_client_hello(&raw, &mut scratch) {
        Progress::Complete(located) => assert_eq!(located.message.as_ptr(), raw[5..].as_ptr()),
        other => panic!("{other:?}"),
    }
    assert_eq!(scratch.capacity(), 0);
}

#[test]
fn accepts_the_longest_hello_and_refuses_one_byte_more() {
    let longest = records(&hello(MAX_CLIENT_HELLO), 16_384, ProtocolVersion::TLS_1_0);
    let located = format!("16384 bytes in 1 records, {} consumed", longest.len());
    assert_eq!(show(&locate_client_hello(&longest, &mut Vec::new())), located);
    let longer = records(&hello(MAX_CLIENT_HELLO + 1), 16_384, ProtocolVersion::TLS_1_0);
    check(&longer[..64], 9, "too long");
    assert_eq!(show(&locate_client_hello(&longer, &mut Vec::new())), "too long");
    let longer = records(&hello(MAX_CLIENT_HELLO + 1), 1, ProtocolVersion::TLS_1_0);
    check(&longer[..64], 24, "too long");
}

#[test]
fn names_what_is_not_tls() {
    check(b"GET / HTTP/1.1\r\n\r\n", 4, "http");
    check(b"POST / HTTP/1.1\r\n\r\n", 5, "http");
    check(b"SSH-2.0-OpenSSH_10.0\r\n", 4, "ssh");
    check(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", 6, "proxy");
    check(b"\r\n\r\n\0\r\nQUIT\n\x21\x11", 12, "proxy");
    check(b"\x80\x2e\x01\x03\x01\0\x15", 4, "sslv2");
    check(b"\x80\x2e\x01\x00\x02\0\x15", 5, "sslv2");
    check(b"EHLO client\r\n", 1, "other");
    check(b"\x16\x02\x01", 2, "other");
    check(b"\x19\x03\x01", 1, "other");
}

#[test]
fn refuses_records_that_cannot_begin_a_connection() {
    check(
        &[21, 3, 1, 0, 2, 2, 40],
        2,
        "ContentType at byte 0 has a value that is not allowed",
    );
    check(
        &[23, 3, 3, 0, 9],
        2,
        "ContentType at byte 0 has a value that is not allowed",
    );
    check(&[22, 3, 1, 0, 0, 22], 5, "TLSPlaintext.length at byte 3 is empty");
    check(
        &[22, 3, 1, 0x40, 1, 1],
        5,
        "TLSPlaintext.length at byte 3 has a length that is not allowed",
    );
    check(
        &[22, 3, 1, 0xff, 0xff],
        5,
        "TLSPlaintext.length at byte 3 has a length that is not allowed",
    );
    check(
        &[22, 3, 1, 0, 4, 2, 0, 0, 0],
        6,
        "msg_type at byte 5 has a value that is not allowed",
    );
}

#[test]
fn refuses_other_records_between_the_fragments() {
    let start = records(&hello(100)[..50], 50, ProtocolVersion::TLS_1_0);
    let then = |record: &[u8]| [&start[..], record].concat();
    check(
        &then(&[20, 3, 3, 0, 1, 1]),
        56,
        "ContentType at byte 55 has a value that is not allowed",
    );
    check(
        &then(&[22, 3, 3, 0, 0]),
        60,
        "TLSPlaintext.length at byte 58 is empty",
    );
    check(
        &then(&[22, 9]),
        57,
        "legacy_record_version at byte 56 has a value that is not allowed",
    );
}

#[test]
fn refuses_bytes_after_the_hello_in_its_last_record() {
    let message = [hello(100), vec![11]].concat();
    let raw = records(&message, 16_384, ProtocolVersion::TLS_1_0);
    check(
        &raw,
        9,
        "TLSPlaintext.fragment at byte 105 has bytes after its end",
    );
    let raw = records(&message, 60, ProtocolVersion::TLS_1_0);
    check(
        &raw,
        70,
        "TLSPlaintext.fragment at byte 110 has bytes after its end",
    );
}
