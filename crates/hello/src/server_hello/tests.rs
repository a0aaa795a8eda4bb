//! The grammar of a ServerHello, one broken rule at a time, and what real ones chose.
//! Each case says which field is wrong, at which byte, and why.

use super::*;
use crate::server_builder::ServerHelloBuilder;

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

fn built(builder: &ServerHelloBuilder) -> Vec<u8> {
    builder.build().expect("a small hello fits")
}

fn check(extensions: &[(u16, &[u8])], expect: &str) {
    let start = ServerHelloBuilder::new([7; 32], SUITE).version(ProtocolVersion::TLS_1_2);
    let builder = extensions
        .iter()
        .fold(start, |builder, (kind, body)| builder.extension(*kind, body));
    let message = built(&builder);
    let verdict = ServerHello::parse(&message);
    assert_eq!(
        verdict.map_or_else(|error| error.to_string(), |_| "ok".to_owned()),
        expect
    );
}

#[test]
fn reads_what_a_tls_1_3_server_chose() {
    let message =
        built(&ServerHelloBuilder::new([7; 32], SUITE).key_share(NamedGroup::X25519MLKEM768, &[9; 1120]));
    let hello = ServerHello::parse(&message).expect("it was built to the grammar");
    assert_eq!(hello.version(), ProtocolVersion::TLS_1_3);
    assert_eq!(hello.legacy_version(), ProtocolVersion::TLS_1_2);
    assert_eq!(hello.cipher_suite(), SUITE);
    assert_eq!(hello.selected_group(), Some(NamedGroup::X25519MLKEM768));
    assert_eq!(
        hello.key_share().map(|share| share.key_exchange.len()),
        Some(1120)
    );
    assert!(!hello.is_hello_retry_request());
    assert_eq!(
        (hello.downgrade(), hello.selected_psk(), hello.cookie()),
        (None, None, None)
    );
}

#[test]
fn reads_a_hello_retry_request() {
    let retry = ServerHelloBuilder::retry(NamedGroup::X25519MLKEM768, SUITE)
        .extension(extension::COOKIE, &[0, 2, 8, 9]);
    let message = built(&retry.session_id(&[5; 32]));
    let hello = ServerHello::parse(&message).expect("it was built to the grammar");
    assert!(hello.is_hello_retry_request());
    assert_eq!(hello.selected_group(), Some(NamedGroup::X25519MLKEM768));
    assert_eq!(hello.key_share(), None);
    assert_eq!(hello.cookie(), Some(&[8, 9][..]));
    assert_eq!(hello.session_id(), [5; 32]);
}

#[test]
fn reads_real_servers() {
    let check =
        |flight: &[u8], length: usize, expect: (ProtocolVersion, Option<NamedGroup>, bool, Option<u16>)| {
            let hello = ServerHello::parse(&flight[5..5 + length]).expect("a real hello keeps the grammar");
            let found = (
                hello.version(),
                hello.selected_group(),
                hello.is_hello_retry_request(),
                hello.selected_psk(),
            );
            assert_eq!(found, expect);
        };
    let hybrid = Some(NamedGroup::X25519MLKEM768);
    let (newer, older) = (ProtocolVersion::TLS_1_3, ProtocolVersion::TLS_1_2);
    check(
        include_bytes!("../../vectors/transcripts/tls13.server.bin"),
        1210,
        (newer, hybrid, false, None),
    );
    check(
        include_bytes!("../../vectors/transcripts/tls13-retry.server.bin"),
        88,
        (newer, hybrid, true, None),
    );
    check(
        include_bytes!("../../vectors/transcripts/tls13-resumed.server.bin"),
        1216,
        (newer, hybrid, false, Some(0)),
    );
    check(
        include_bytes!("../../vectors/transcripts/tls12.server.bin"),
        65,
        (older, None, false, None),
    );
}

#[test]
fn sees_the_mark_of_a_downgrade() {
    let check = |tail: &[u8; 8], expect| {
        let mut random = [7; 32];
        random[24..].copy_from_slice(tail);
        let message = built(&ServerHelloBuilder::new(random, SUITE).version(ProtocolVersion::TLS_1_2));
        assert_eq!(
            ServerHello::parse(&message).map(|hello| hello.downgrade()),
            Ok(expect)
        );
    };
    check(b"DOWNGRD\x01", Some(Downgrade::ToTls12));
    check(b"DOWNGRD\x00", Some(Downgrade::BelowTls12));
    check(b"DOWNGRD\x02", None);
    check(b"downgrd\x01", None);
}

#[test]
fn refuses_extensions_that_break_the_grammar() {
    check(&[], "ok");
    check(&[(23, &[]), (0xff01, &[0])], "ok");
    check(&[(23, &[]), (23, &[])], "extension_type at byte 48 appears twice");
    check(&[(43, &[3, 4])], "ok");
    check(
        &[(43, &[3])],
        "selected_version at byte 48 claims more bytes than there are",
    );
    check(
        &[(43, &[3, 4, 0])],
        "extension_data at byte 50 has bytes after its end",
    );
    check(
        &[(51, &[0, 29])],
        "key_exchange at byte 50 claims more bytes than there are",
    );
    check(&[(51, &[0, 29, 0, 0])], "key_exchange at byte 50 is empty");
    check(&[(44, &[0, 0])], "cookie at byte 48 is empty");
    check(
        &[(41, &[0])],
        "selected_identity at byte 48 claims more bytes than there are",
    );
    let kinds: Vec<(u16, &[u8])> = (100..200).map(|kind| (kind, &[][..])).collect();
    check(&kinds, "extensions at byte 300 is too long");
}

#[test]
fn refuses_messages_that_break_the_grammar() {
    let message = built(&ServerHelloBuilder::new([7; 32], SUITE));
    for length in 0..message.len() {
        assert!(ServerHello::parse(&message[..length]).is_err(), "{length} bytes");
    }
    let longer = [&message[..], &[0]].concat();
    assert!(ServerHello::parse(&longer).is_err());
    assert!(ServerHello::parse(&[&[1], &message[1..]].concat()).is_err());
}

#[test]
fn reads_an_old_hello_without_an_extension_block() {
    let body = [&[3, 1], &[7; 32][..], &[0, 0, 0x2f, 0]].concat();
    let message = [&[2, 0, 0, 38][..], &body].concat();
    let hello = ServerHello::parse(&message).expect("TLS 1.0 knew no extensions");
    assert_eq!(hello.version(), ProtocolVersion::TLS_1_0);
    assert_eq!(hello.extensions().count(), 0);
}
