//! First flights as servers send them, whole, in pieces and broken.
//!
//! Bytes come from the builders of `hello`; alerts and records are written out.

use hybridge_hello::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, ServerHelloBuilder, records,
};

use super::{Flight, RECEIVED_MAX, Receiver};
use crate::probe::Failure;

async fn receive(bytes: &[u8]) -> Result<Flight, Failure> {
    let mut stream = bytes;
    Receiver::default().flight(&mut stream).await
}

fn framed(message: &[u8]) -> Vec<u8> {
    records(message, 16_384, ProtocolVersion::TLS_1_2)
}

fn tls13() -> Vec<u8> {
    let share = [9; 32];
    let hello = ServerHelloBuilder::new([7; 32], CipherSuite::TLS_AES_128_GCM_SHA256)
        .session_id(&[5; 32])
        .key_share(NamedGroup::X25519, &share);
    framed(&hello.build().expect("a hello"))
}

fn tls12(after: &[&[u8]]) -> Vec<u8> {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let hello = ServerHelloBuilder::new([7; 32], suite).version(ProtocolVersion::TLS_1_2);
    let mut messages = hello.build().expect("a hello");
    messages.extend(after.concat());
    framed(&messages)
}

const CERTIFICATE: &[u8] = &[11, 0, 0, 10, 0, 0, 7, 0, 0, 4, 1, 2, 3, 4];
const KEY_EXCHANGE: &[u8] = &[12, 0, 0, 4, 3, 0, 29, 0];
const DONE: &[u8] = &[14, 0, 0, 0];

fn alert(level: u8, description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, level, description]
}

#[tokio::test]
async fn reads_a_tls_1_3_hello_and_leaves_the_ciphertext() {
    let mut bytes = tls13();
    bytes.extend_from_slice(&[20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 40]);
    let hello = receive(&bytes).await.expect("a flight").hello;
    assert_eq!(hello.version, ProtocolVersion::TLS_1_3);
    assert_eq!((hello.group, hello.share.len()), (Some(NamedGroup::X25519), 32));
    assert_eq!(
        (hello.session_id.as_slice(), hello.is_retry),
        (&[5; 32][..], false)
    );
}

#[tokio::test]
async fn reads_what_tls_1_2_shows_in_the_clear() {
    let flight = receive(&tls12(&[CERTIFICATE, KEY_EXCHANGE, DONE]))
        .await
        .expect("a flight");
    assert_eq!(flight.certificate.as_deref(), Some(CERTIFICATE));
    assert_eq!(flight.key_exchange.as_deref(), Some(KEY_EXCHANGE));
    assert_eq!(flight.hello.group, None);
}

#[tokio::test]
async fn a_flight_that_ends_after_its_hello_is_still_one() {
    let flight = receive(&tls12(&[CERTIFICATE])).await.expect("a flight");
    assert_eq!(flight.certificate.as_deref(), Some(CERTIFICATE));
    let mut bytes = tls12(&[]);
    bytes.extend_from_slice(&alert(2, 80));
    assert!(receive(&bytes).await.is_ok());
}

#[tokio::test]
async fn a_fatal_alert_is_a_failure_with_its_name_and_a_warning_is_passed_over() {
    let failure = receive(&alert(2, 40)).await.expect_err("refused");
    assert_eq!(
        failure,
        Failure::Alert {
            description: AlertDescription::HANDSHAKE_FAILURE
        }
    );
    assert_eq!(failure.to_string(), "alert handshake_failure");
    assert!(failure.is_refusal());
    let unrecognized_name = alert(1, 112);
    assert!(
        receive(&[&unrecognized_name[..], &tls13()].concat())
            .await
            .is_ok()
    );
    let goodbye = receive(&alert(1, 0)).await.expect_err("goodbye");
    assert!(goodbye.is_by_peer() && !goodbye.is_refusal());
}

#[tokio::test]
async fn tells_closing_from_nonsense_and_from_other_protocols() {
    assert_eq!(receive(b"").await, Err(Failure::Closed));
    assert_eq!(receive(&tls13()[..20]).await, Err(Failure::Closed));
    let ciphertext = receive(&[23, 3, 3, 0, 1, 0]).await.expect_err("too early");
    assert!(
        ciphertext
            .to_string()
            .contains("ciphertext before the ServerHello"),
        "{ciphertext}"
    );
    let early = receive(&framed(CERTIFICATE)).await.expect_err("too early");
    assert!(
        early.to_string().contains("certificate before the ServerHello"),
        "{early}"
    );
    let other = receive(b"220 mail.example ESMTP\r\n").await.expect_err("no TLS");
    assert_eq!(
        other,
        Failure::OtherProtocol {
            opening: "220 mail.example ESMTP".to_owned()
        }
    );
    let malformed = receive(&framed(&[2, 0, 0, 1, 0])).await.expect_err("cut short");
    assert!(matches!(malformed, Failure::Malformed(_)), "{malformed}");
}

#[tokio::test]
async fn a_server_that_never_stops_talking_is_cut_off() {
    let mut endless = tls12(&[]);
    let request = framed(&[22, 0, 0, 4, 0, 0, 0, 0]);
    while endless.len() <= RECEIVED_MAX + 8192 {
        endless.extend_from_slice(&request);
    }
    let mut stream = endless.as_slice();
    let flight = Receiver::default().flight(&mut stream).await;
    assert!(flight.is_ok(), "the hello came first");
    assert!(!stream.is_empty(), "everything was read");
}
