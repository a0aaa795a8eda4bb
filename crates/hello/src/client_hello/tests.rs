//! The grammar of a ClientHello, one broken rule at a time.
//! Each case says which field is wrong, at which byte, and why; real hellos are in `tests/captures.rs`.

use super::*;
use crate::extension;

/// A hello with these extensions and nothing unusual else; the first extension begins at byte 47.
fn hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (kind, body) in extensions {
        block.extend_from_slice(&kind.to_be_bytes());
        block.extend_from_slice(&length16(body));
        block.extend_from_slice(body);
    }
    message(
        &[
            &[3, 3],
            &[7; 32][..],
            &[0],
            &[0, 2, 0x13, 1],
            &[1, 0],
            &length16(&block),
            &block,
        ]
        .concat(),
    )
}

fn length16(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len())
        .expect("test bodies are short")
        .to_be_bytes()
}

fn message(body: &[u8]) -> Vec<u8> {
    let [high, low] = length16(body);
    [&[1, 0, high, low], body].concat()
}

/// The error of a message, or `ok`.
fn verdict(message: &[u8]) -> String {
    ClientHello::parse(message).map_or_else(|malformed| malformed.to_string(), |_| "ok".to_owned())
}

fn check(kind: u16, body: &[u8], expect: &str) {
    assert_eq!(verdict(&hello(&[(kind, body)])), expect, "{body:02x?}");
}

#[test]
fn checks_the_header() {
    let good = hello(&[]);
    assert_eq!(verdict(&good), "ok");
    assert_eq!(
        verdict(&[]),
        "msg_type at byte 0 claims more bytes than there are"
    );
    assert_eq!(
        verdict(&[2, 0, 0, 0]),
        "msg_type at byte 0 has a value that is not allowed"
    );
    assert_eq!(
        verdict(&good[..3]),
        "length at byte 1 claims more bytes than there are"
    );
    assert_eq!(
        verdict(&good[..good.len() - 1]),
        "length at byte 4 claims more bytes than there are"
    );
    assert_eq!(
        verdict(&[&good[..], &[0]].concat()),
        "length at byte 47 has bytes after its end"
    );
    let long = [&[1, 0, 0x40, 0][..], &[0; 16_384]].concat();
    assert_eq!(verdict(&long), "ClientHello at byte 0 is too long");
}

#[test]
fn checks_the_fixed_fields() {
    let fields = |session_id: &[u8], suites: &[u8], compression: &[u8], rest: &[u8]| {
        verdict(&message(
            &[&[3, 3], &[7; 32][..], session_id, suites, compression, rest].concat(),
        ))
    };
    let (id, suites, null) = ([0], [0, 2, 0x13, 1], [1, 0]);
    assert_eq!(fields(&id, &suites, &null, &[]), "ok");
    assert_eq!(fields(&[32; 33], &suites, &null, &[]), "ok");
    assert_eq!(
        fields(&[33; 34], &suites, &null, &[]),
        "legacy_session_id at byte 38 has a length that is not allowed"
    );
    assert_eq!(
        fields(&id, &[0, 0], &null, &[]),
        "cipher_suites at byte 41 is empty"
    );
    assert_eq!(
        fields(&id, &[0, 3, 0x13, 1, 0], &null, &[]),
        "cipher_suites at byte 41 has a length that is not allowed"
    );
    assert_eq!(
        fields(&id, &suites, &[0], &[]),
        "legacy_compression_methods at byte 44 is empty"
    );
    assert_eq!(
        fields(&id, &suites, &[9, 0], &[]),
        "legacy_compression_methods at byte 44 claims more bytes than there are"
    );
    assert_eq!(
        fields(&id, &suites, &null, &[0]),
        "extensions at byte 45 claims more bytes than there are"
    );
    assert_eq!(
        fields(&id, &suites, &null, &[0, 0, 9]),
        "extensions at byte 47 has bytes after its end"
    );
    assert_eq!(
        fields(&id, &suites, &null, &[0, 9, 0]),
        "extensions at byte 47 claims more bytes than there are"
    );
    assert_eq!(
        verdict(&message(&[3, 3, 7])),
        "random at byte 6 claims more bytes than there are"
    );
}

#[test]
fn refuses_an_extension_that_comes_twice() {
    let twice = |first, between: &[u16]| {
        let kinds = [first].into_iter().chain(between.iter().copied()).chain([first]);
        verdict(&hello(&kinds.map(|kind| (kind, &[][..])).collect::<Vec<_>>()))
    };
    assert_eq!(twice(23, &[]), "extension_type at byte 51 appears twice");
    assert_eq!(twice(23, &[22, 24]), "extension_type at byte 59 appears twice");
    assert_eq!(
        twice(0xfafa, &[22, 0xcaca]),
        "extension_type at byte 59 appears twice"
    );
    let many: Vec<u16> = (1000..1100).collect();
    assert_eq!(twice(0xfafa, &many), "extension_type at byte 451 appears twice");
    assert_eq!(twice(64, &many), "extension_type at byte 451 appears twice");
    let distinct: Vec<(u16, &[u8])> = (64..4000).map(|kind| (kind, &[][..])).collect();
    assert_eq!(verdict(&hello(&distinct)), "ok");
}

#[test]
fn wants_the_pre_shared_key_last() {
    let identity = [&[0, 4][..], b"abcd", &[0, 0, 0, 1]].concat();
    let binder = [&[32][..], &[9; 32]].concat();
    let offer = |identities: &[u8], binders: &[u8]| {
        [&length16(identities), identities, &length16(binders), binders].concat()
    };
    let good = offer(&identity, &binder);
    assert_eq!(verdict(&hello(&[(45, &[1, 1]), (41, &good)])), "ok");
    assert_eq!(
        verdict(&hello(&[(41, &good), (45, &[1, 1])])),
        "pre_shared_key at byte 47 stands in the wrong place"
    );
    check(41, &offer(&[], &binder), "identities at byte 53 is empty");
    check(41, &offer(&identity, &[]), "binders at byte 65 is empty");
    check(
        41,
        &offer(&identity[..9], &binder),
        "obfuscated_ticket_age at byte 59 claims more bytes than there are",
    );
    check(
        41,
        &offer(&[0, 0, 0, 0, 0, 0, 0], &binder),
        "identity at byte 53 is empty",
    );
    check(
        41,
        &offer(&identity, &binder[..32]),
        "binder at byte 66 claims more bytes than there are",
    );
    check(
        41,
        &offer(&identity, &[31; 32]),
        "binder at byte 65 has a length that is not allowed",
    );
    check(
        41,
        &[&good[..], &[0]].concat(),
        "extension_data at byte 98 has bytes after its end",
    );
}

#[test]
fn checks_the_lists_of_code_points() {
    for (kind, field) in [
        (extension::SUPPORTED_GROUPS, "supported_groups"),
        (extension::SIGNATURE_ALGORITHMS, "signature_algorithms"),
    ] {
        check(kind, &[0, 2, 1, 2], "ok");
        check(kind, &[0, 0], &format!("{field} at byte 53 is empty"));
        check(
            kind,
            &[0, 3, 1, 2, 3],
            &format!("{field} at byte 53 has a length that is not allowed"),
        );
        check(
            kind,
            &[0, 4, 1, 2],
            &format!("{field} at byte 53 claims more bytes than there are"),
        );
        check(
            kind,
            &[0, 2, 1, 2, 3],
            "extension_data at byte 55 has bytes after its end",
        );
    }
    for (kind, field) in [
        (extension::SUPPORTED_VERSIONS, "supported_versions"),
        (extension::COMPRESS_CERTIFICATE, "compress_certificate"),
    ] {
        check(kind, &[2, 3, 4], "ok");
        check(kind, &[0], &format!("{field} at byte 52 is empty"));
        check(
            kind,
            &[3, 3, 4, 3],
            &format!("{field} at byte 52 has a length that is not allowed"),
        );
        check(
            kind,
            &[],
            &format!("{field} at byte 51 claims more bytes than there are"),
        );
    }
}

#[test]
fn checks_the_other_extensions_it_reads() {
    check(51, &[0, 0], "ok");
    check(51, &[0, 5, 0, 29, 0, 1, 7], "ok");
    check(51, &[0, 4, 0, 29, 0, 0], "key_exchange at byte 55 is empty");
    check(
        51,
        &[0, 5, 0, 29, 0, 2, 7],
        "key_exchange at byte 57 claims more bytes than there are",
    );
    check(
        51,
        &[0, 1, 0],
        "group at byte 53 claims more bytes than there are",
    );
    check(16, &[0, 3, 2, b'h', b'2'], "ok");
    check(16, &[0, 0], "protocol_name_list at byte 53 is empty");
    check(16, &[0, 1, 0], "ProtocolName at byte 53 is empty");
    check(
        16,
        &[0, 3, 3, b'h', b'2'],
        "ProtocolName at byte 54 claims more bytes than there are",
    );
    check(42, &[], "ok");
    check(42, &[0], "extension_data at byte 51 has bytes after its end");
    check(44, &[0, 1, 9], "ok");
    check(44, &[0, 0], "cookie at byte 51 is empty");
    check(45, &[1, 1], "ok");
    check(45, &[0], "psk_key_exchange_modes at byte 51 is empty");
    check(0, &[0, 0], "server_name_list at byte 53 is empty");
    check(0, &[0, 3, 0, 0, 0], "host_name at byte 54 is empty");
    check(
        0,
        &[0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b'],
        "host_name at byte 57 appears twice",
    );
    check(0, &[0, 2, 7, 9], "ok");
    check(0x1234, &[1, 2, 3], "ok");
}

#[test]
fn gives_the_server_name_only_if_it_is_a_host_name() {
    let check = |name: &[u8], valid: bool| {
        let entry = [&[0][..], &length16(name), name].concat();
        let message = hello(&[(0, &[&length16(&entry)[..], &entry].concat())]);
        let hello = ClientHello::parse(&message).expect("the list keeps the grammar");
        let expect = valid.then(|| std::str::from_utf8(name).expect("valid names are ASCII"));
        assert_eq!(hello.server_name(), expect, "{name:?}");
        assert!(hello.has_server_name_extension());
    };
    let label = [b'a'; 63];
    let longest = [&label[..], b".", &label, b".", &label, b".", &label[..61]].concat();
    check(b"service.example", true);
    check(b"localhost", true);
    check(b"Service.Example.", true);
    check(b"a-b_c.0.example", true);
    check(b"xn--bcher-kva.example", true);
    check(&label, true);
    check(&longest, true);
    check(b"3com", true);
    check(b"192.0.2.1", false);
    check(b"example.1", false);
    check(b"::1", false);
    check(b".", false);
    check(b"a..b", false);
    check(b".a", false);
    check(b"-a.example", false);
    check(b"a-.example", false);
    check(b"a b", false);
    check(b"caf\xc3\xa9.example", false);
    check(b"a\0b", false);
    check(&[b'a'; 64], false);
    check(&[&longest[..], b"a"].concat(), false);
}

#[test]
fn answers_emptily_what_the_hello_does_not_say() {
    let message = hello(&[]);
    let hello = ClientHello::parse(&message).expect("no extension is no fault");
    assert_eq!(hello.server_name(), None);
    assert!(!hello.has_server_name_extension());
    assert_eq!(hello.supported_groups().len(), 0);
    assert_eq!(hello.key_shares().count(), 0);
    assert_eq!(hello.alpn().count(), 0);
    assert_eq!(hello.max_version(), ProtocolVersion::TLS_1_2);
    assert!(!hello.offers_tls13() && !hello.psk_offered() && !hello.early_data());
    assert!(!hello.lists_post_quantum() && !hello.shares_post_quantum());
}

#[test]
fn finds_the_highest_version_whatever_the_order() {
    let check = |versions: &[u8], expect| {
        let message = hello(&[(43, versions)]);
        assert_eq!(
            ClientHello::parse(&message).map(|hello| hello.max_version()),
            Ok(expect)
        );
    };
    check(&[6, 3, 3, 3, 4, 3, 1], ProtocolVersion::TLS_1_3);
    check(&[4, 0xfa, 0xfa, 3, 3], ProtocolVersion::TLS_1_2);
    check(&[2, 0xfa, 0xfa], ProtocolVersion::TLS_1_2);
}
