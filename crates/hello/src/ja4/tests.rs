//! JA4 against the examples of its own definition, and what makes the stable one stable.
//! Fingerprints of whole hellos, by other people's programs, are in `tests/captures.rs`.

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

/// A hello with these lists and nothing else that a fingerprint would show.
fn hello(suites: &[u16], extensions: &[u16], schemes: &[u16]) -> Vec<u8> {
    let list = |values: &[u16]| {
        values
            .iter()
            .flat_map(|value| value.to_be_bytes())
            .collect::<Vec<u8>>()
    };
    let counted = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).expect("test lists are short");
        [&length.to_be_bytes()[..], bytes].concat()
    };
    let body = |kind| match kind {
        extension::SERVER_NAME => [&[0, 10, 0, 0, 7][..], b"example"].concat(),
        extension::ALPN => [&[0, 3, 2][..], b"h2"].concat(),
        extension::SUPPORTED_VERSIONS => vec![6, 0x0a, 0x0a, 3, 4, 3, 3],
        extension::SIGNATURE_ALGORITHMS => counted(&list(schemes)),
        extension::SUPPORTED_GROUPS => vec![0, 2, 0, 29],
        extension::COMPRESS_CERTIFICATE => vec![2, 0, 2],
        extension::PSK_KEY_EXCHANGE_MODES => vec![1, 1],
        extension::KEY_SHARE => vec![0, 0],
        extension::COOKIE => vec![0, 1, 9],
        extension::PRE_SHARED_KEY => [&[0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 33, 32][..], &[1; 32]].concat(),
        _ => Vec::new(),
    };
    let block: Vec<u8> = extensions
        .iter()
        .flat_map(|&kind| [&kind.to_be_bytes()[..], &counted(&body(kind))].concat())
        .collect();
    let suites = counted(&list(suites));
    let rest = [&[3, 3], &[7; 32][..], &[0], &suites, &[1, 0], &counted(&block)].concat();
    [&[1, 0][..], &counted(&rest)].concat()
}

fn check(message: &[u8], expect: &str, expect_stable: &str) {
    let hello = ClientHello::parse(message).expect("test hellos keep the grammar");
    assert_eq!(ja4(&hello, Transport::Tcp).as_str(), expect);
    assert_eq!(ja4_stable(&hello, Transport::Tcp).as_str(), expect_stable);
    let (plain, stable) = fingerprints(&hello);
    assert_eq!((plain.as_str(), stable.as_str()), (expect, expect_stable));
}

/// The example of technical_details/JA4.md, in the order it gives, with GREASE strewn in.
const SUITES: &[u16] = &[
    0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
    0x009d, 0x002f, 0x0035,
];
const EXTENSIONS: &[u16] = &[
    0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
    0xff01, 0x000b, 0x000a, 0xdada, 0x0015,
];
const SCHEMES: &[u16] = &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];

#[test]
fn gives_the_fingerprint_of_the_published_example() {
    let message = hello(SUITES, EXTENSIONS, SCHEMES);
    let hello = ClientHello::parse(&message).expect("the example keeps the grammar");
    assert_eq!(
        ja4(&hello, Transport::Tcp).to_string(),
        "t13d1516h2_8daaf6152771_e5627efa2ab1"
    );
    assert_eq!(
        ja4(&hello, Transport::Quic).to_string(),
        "q13d1516h2_8daaf6152771_e5627efa2ab1"
    );
}

#[test]
fn gives_the_published_hash_without_signature_algorithms() {
    // The example once more, whose list then ends without an underscore.
    let mut hash = ListHash::new();
    for kind in [
        5, 0xa, 0xb, 0xd, 0x12, 0x15, 0x17, 0x1b, 0x23, 0x2b, 0x2d, 0x33, 0x4469, 0xff01,
    ] {
        hash.item(kind);
    }
    assert_eq!(&hash.finish(), b"6d807ffa2a79");
}

#[test]
fn leaves_out_of_the_stable_fingerprint_what_comes_and_goes() {
    let always: Vec<u16> = EXTENSIONS
        .iter()
        .copied()
        .filter(|kind| *kind != 0x0015)
        .collect();
    let with = |passing: &[u16]| hello(SUITES, &[&always[..], passing].concat(), SCHEMES);
    let bare = with(&[]);
    let stable = fingerprints(&ClientHello::parse(&bare).expect("test hellos keep the grammar"))
        .0
        .to_string();
    assert_eq!(&stable[..10], "t13d1515h2");
    check(&bare, &stable, &stable);
    for passing in [&[21][..], &[41], &[42, 41], &[44], &[21, 44, 42, 41]] {
        let message = with(passing);
        let hello = ClientHello::parse(&message).expect("test hellos keep the grammar");
        let plain = ja4(&hello, Transport::Tcp).to_string();
        assert_ne!(plain, stable);
        check(&message, &plain, &stable);
    }
}

#[test]
fn shows_zeros_where_there_is_nothing_to_hash() {
    check(
        &hello(&[0x0a0a], &[], &[]),
        "t12i000000_000000000000_000000000000",
        "t12i000000_000000000000_000000000000",
    );
    let names_only = hello(&[0x0a0a], &[0, 16, 0x1a1a], &[]);
    check(
        &names_only,
        "t12d0002h2_000000000000_000000000000",
        "t12d0002h2_000000000000_000000000000",
    );
}

#[test]
fn hashes_lists_of_any_length() {
    let suites: Vec<u16> = (1..4000).rev().collect();
    let message = hello(&suites, &[], &[]);
    let expect = suites
        .iter()
        .rev()
        .map(|suite| format!("{suite:04x}"))
        .filter(|suite| suite != "0a0a");
    let text = expect.collect::<Vec<_>>().join(",");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(text.as_bytes());
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let expect = format!("t12i990000_{hash}_000000000000");
    check(&message, &expect, &expect);
}

#[test]
fn names_the_version_of_the_extension_before_that_of_the_field() {
    let check = |versions: Option<&[u8]>, field: [u8; 2], expect: &[u8; 2]| {
        let block = versions.map_or_else(Vec::new, |versions| {
            let length = u8::try_from(versions.len()).expect("test lists are short");
            [&[0, 43, 0, length + 1, length], versions].concat()
        });
        let length = u8::try_from(block.len()).expect("test lists are short");
        let body = [&field, &[7; 32][..], &[0, 0, 2, 0, 47, 1, 0, 0, length], &block].concat();
        let message = [&[1, 0, 0, u8::try_from(body.len()).expect("short")], &body[..]].concat();
        let hello = ClientHello::parse(&message).expect("test hellos keep the grammar");
        assert_eq!(version(&hello), *expect);
    };
    check(Some(&[3, 3, 3, 4]), [3, 3], b"13");
    check(Some(&[0xfa, 0xfa, 3, 2]), [3, 3], b"11");
    check(Some(&[0xfa, 0xfa]), [3, 3], b"00");
    check(Some(&[0x7f, 0x1c]), [3, 3], b"00");
    check(None, [3, 3], b"12");
    check(None, [3, 1], b"10");
    check(None, [3, 0], b"s3");
    check(None, [0, 2], b"s2");
    check(None, [9, 9], b"00");
}

#[test]
fn reads_back_by_its_shape() {
    let check = |text: &str, valid: bool| {
        assert_eq!(
            text.parse::<Ja4>().map(|ja4| ja4.to_string()).ok().as_deref(),
            valid.then_some(text)
        );
    };
    check("t13d1516h2_8daaf6152771_e5627efa2ab1", true);
    check("", false);
    check("t13d1516h2_8daaf6152771_e5627efa2ab", false);
    check("t13d1516h2-8daaf6152771_e5627efa2ab1", false);
    check("t13d1516h_28daaf6152771_e5627efa2ab1", false);
    check("t13d1516h2_8daaf6152771_e5627efa2a\u{e9}", false);
}
