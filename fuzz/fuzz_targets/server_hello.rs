//! Reading a ServerHello, a HelloRetryRequest and a ServerKeyExchange: nothing panics, every error says
//! where, and what the accessors say agrees.
#![no_main]

use hybridge_hello::{CipherSuite, ProtocolVersion, ServerHello, ServerKeyExchange};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    read(input);
    if let Ok(length) = u16::try_from(input.len()) {
        let [high, low] = length.to_be_bytes();
        read(&[&[2, 0, high, low], input].concat());
        key_exchange(&[&[12, 0, high, low], input].concat());
    }
});

fn read(message: &[u8]) {
    let hello = match ServerHello::parse(message) {
        Ok(hello) => hello,
        Err(malformed) => return assert!(malformed.offset <= message.len()),
    };
    let retry = hello.is_hello_retry_request();
    assert_eq!(
        hello.key_share().is_some(),
        hello.selected_group().is_some() && !retry
    );
    assert!(
        hello
            .key_share()
            .is_none_or(|share| !share.key_exchange.is_empty())
    );
    assert!(hello.session_id().len() <= 32);
    assert!(!retry || hello.downgrade().is_none());
    let kinds: Vec<u16> = hello.extensions().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.contains(&51), hello.selected_group().is_some());
    assert_eq!(kinds.contains(&41), hello.selected_psk().is_some());
    assert!(kinds.contains(&43) || hello.version() == hello.legacy_version());
}

fn key_exchange(message: &[u8]) {
    for suite in [
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA,
        CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    ] {
        for version in [ProtocolVersion::TLS_1_0, ProtocolVersion::TLS_1_2] {
            if let Err(malformed) = ServerKeyExchange::parse(message, suite, version) {
                assert!(malformed.offset <= message.len());
            }
        }
    }
}
