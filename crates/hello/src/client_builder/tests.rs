//! What is built reads back as it was asked for.
//! The reader of this crate is the judge; that others agree with it is for the interop runs to show.

use super::*;
use crate::client_hello::ClientHello;

fn modern() -> ClientHelloBuilder {
    ClientHelloBuilder::new([7; 32])
        .cipher_suites(&[
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        ])
        .groups(&[NamedGroup::X25519MLKEM768, NamedGroup::X25519])
        .signature_schemes(&[SignatureScheme::ecdsa_secp256r1_sha256, SignatureScheme::mldsa65])
}

#[test]
fn reads_back_as_it_was_asked_for() {
    let message = modern()
        .server_name("service.example")
        .alpn(&[b"h2", b"http/1.1"])
        .session_id(&[3; 32])
        .key_share(NamedGroup::X25519MLKEM768, &[1; 1216])
        .key_share(NamedGroup::X25519, &[2; 32])
        .cookie(b"crumbs")
        .extension(extension::EARLY_DATA, &[])
        .build()
        .expect("it fits");
    let hello = ClientHello::parse(&message).expect("it keeps the grammar");
    assert_eq!(hello.random(), &[7; 32]);
    assert_eq!(hello.session_id(), [3; 32]);
    assert_eq!(hello.legacy_version(), ProtocolVersion::TLS_1_2);
    assert_eq!(hello.server_name(), Some("service.example"));
    assert!(hello.alpn().eq([&b"h2"[..], b"http/1.1"]));
    assert!(
        hello
            .supported_groups()
            .eq([NamedGroup::X25519MLKEM768, NamedGroup::X25519])
    );
    assert!(
        hello
            .key_shares()
            .map(|share| share.key_exchange.len())
            .eq([1216, 32])
    );
    assert!(
        hello
            .signature_schemes()
            .eq([SignatureScheme::ecdsa_secp256r1_sha256, SignatureScheme::mldsa65])
    );
    assert!(hello.supported_versions().eq([ProtocolVersion::TLS_1_3]));
    assert!(hello.offers_tls13() && hello.early_data() && hello.shares_post_quantum());
    assert_eq!(hello.cookie(), Some(&b"crumbs"[..]));
    assert_eq!(hello.compression_methods(), [0]);
}

#[test]
fn says_to_an_older_server_what_it_wants_to_hear() {
    let versions = [ProtocolVersion::TLS_1_2, ProtocolVersion::TLS_1_1];
    let message = modern().versions(&versions).build().expect("it fits");
    let hello = ClientHello::parse(&message).expect("it keeps the grammar");
    assert_eq!(hello.max_version(), ProtocolVersion::TLS_1_2);
    assert!(
        hello
            .extensions()
            .map(|(kind, _)| kind)
            .eq([10, 13, 11, 23, 0xff01])
    );
    let message = modern()
        .versions(&[ProtocolVersion::TLS_1_0])
        .build()
        .expect("it fits");
    let hello = ClientHello::parse(&message).expect("it keeps the grammar");
    assert_eq!(hello.legacy_version(), ProtocolVersion::TLS_1_0);
}

#[test]
fn asks_for_a_retry_and_answers_it() {
    let first = modern().extension(extension::EARLY_DATA, &[]);
    let message = first.build().expect("it fits");
    let hello = ClientHello::parse(&message).expect("it keeps the grammar");
    assert!(hello.lists_post_quantum() && !hello.shares_post_quantum());
    assert!(
        hello
            .extensions()
            .any(|(kind, body)| kind == extension::KEY_SHARE && body == [0, 0])
    );
    let message = first
        .retried(NamedGroup::X25519MLKEM768, &[1; 1216], Some(b"c"))
        .build()
        .expect("it fits");
    let hello = ClientHello::parse(&message).expect("it keeps the grammar");
    assert!(hello.shares_post_quantum() && !hello.early_data());
    assert_eq!(hello.cookie(), Some(&b"c"[..]));
}

#[test]
fn puts_the_pre_shared_key_last() {
    let identity = [&[0, 1, 9][..], &[0; 4]].concat();
    let binder = [&[32][..], &[1; 32]].concat();
    let offer = [&[0, 7][..], &identity, &[0, 33], &binder].concat();
    let message = modern()
        .extension(extension::PRE_SHARED_KEY, &offer)
        .extension(extension::EARLY_DATA, &[])
        .build()
        .expect("it fits");
    let hello = ClientHello::parse(&message).expect("it keeps the grammar");
    assert!(hello.psk_offered());
    assert_eq!(
        hello.extensions().last().map(|(kind, _)| kind),
        Some(extension::PRE_SHARED_KEY)
    );
}

#[test]
fn refuses_what_cannot_be_written() {
    let check = |builder: ClientHelloBuilder, expect: &str| {
        assert_eq!(
            builder.build().map_err(|error| error.to_string()),
            Err(expect.to_owned())
        );
    };
    check(
        ClientHelloBuilder::new([7; 32]),
        "cipher_suites must not be empty",
    );
    check(
        modern().session_id(&[0; 33]),
        "legacy_session_id is too long to be written",
    );
    check(modern().server_name(""), "host_name must not be empty");
    check(modern().alpn(&[b""]), "ProtocolName must not be empty");
    check(
        modern().alpn(&[&[b'x'; 256]]),
        "ProtocolName is too long to be written",
    );
    check(
        modern().key_share(NamedGroup::X25519, &[]),
        "key_exchange must not be empty",
    );
    check(
        modern().versions(&[ProtocolVersion::TLS_1_3; 128]),
        "supported_versions is too long to be written",
    );
    check(
        modern().extension(99, &vec![0; 65_536]),
        "extension_data is too long to be written",
    );
    check(
        modern().extension(99, &[]).extension(99, &[]),
        "the extension 99 would appear twice",
    );
    check(
        modern().extension(extension::KEY_SHARE, &[]),
        "the extension 51 would appear twice",
    );
}
