//! How handshakes fail: each way in an outcome of its own, with the alert that was sent or received.
//! The one that is counted is the one that the client saw.

use hybridge_edge::arms::Arm;
use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_edge::counters::UpstreamFailure;
use hybridge_edge::handshake::{Handshake, Outcome, Side};
use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};
use hybridge_policy::Group;
use socket2::SockRef;
use tokio::io::AsyncReadExt;

use crate::harness::client::{HYBRID, X, connect_as, listing};
use crate::harness::hello::{Answer, Raw, ask, hello, in_one_record, offering, share};
use crate::harness::upstream::nobody;
use crate::harness::{Edge, connect, connect_with, echo, eventually, soon, terminating};

/// Timeouts that a test can wait for.
const HASTY: &str = "rung = 'upgrade'\nlimits = { hello_timeout = '150ms', handshake_timeout = '300ms' }";

async fn edge_with(extra: &str) -> Edge {
    Edge::start(&terminating(echo().await, extra))
}

fn check(record: &Handshake, outcome: Outcome, alert: Option<u8>) {
    assert_eq!((record.outcome, record.alert), (outcome, alert));
}

/// A hello that is answered with a ServerHello.
fn sharing() -> Vec<u8> {
    in_one_record(&offering(&[0x11ec, 0x1d], &[0x11ec]))
}

/// A hello that is answered with a HelloRetryRequest under `upgrade`.
fn reluctant() -> Vec<u8> {
    in_one_record(&offering(&[0x11ec, 0x1d], &[0x1d]))
}

#[tokio::test]
async fn what_is_no_hello_is_malformed_and_answered_in_its_own_language() {
    let edge = edge_with("").await;
    let sslv2 = [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10];
    let cases: [(&str, &[u8], Option<u8>); 10] = [
        ("binary garbage", &[0xff; 300], None),
        ("zeroes", &[0; 300], None),
        ("SSLv2", &sslv2, None),
        ("SSH", b"SSH-2.0-OpenSSH_10.0\r\n", None),
        ("SMTP", b"EHLO client.example\r\n", None),
        ("a PROXY header", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", None),
        ("application data", &[23, 3, 3, 0, 4, 1, 2, 3, 4], Some(50)),
        ("an alert", &[21, 3, 3, 0, 2, 2, 40], Some(50)),
        (
            "a ServerHello",
            &[22, 3, 3, 0, 8, 2, 0, 0, 4, 3, 3, 0, 0],
            Some(50),
        ),
        (
            "a hello that lies about its lengths",
            &[22, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 9, 9],
            Some(50),
        ),
    ];
    for (count, (name, bytes, alert)) in cases.into_iter().enumerate() {
        let answer = ask(edge.address("r"), bytes).await;
        assert_eq!(answer, alert.map_or(Answer::Closed, Answer::Alert), "{name}");
        let record = edge.handshakes(count + 1).await[0].handshake;
        assert_eq!(
            (record.outcome, record.alert),
            (Outcome::HelloMalformed, alert),
            "{name}"
        );
    }
}

#[tokio::test]
async fn plain_http_gets_an_answer_that_a_person_can_read() {
    let edge = edge_with("").await;
    let post = format!(
        "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n{}",
        "x".repeat(9000)
    );
    for request in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", &post] {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(request.as_bytes()).await;
        let answer = String::from_utf8(raw.rest().await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("use https://"), "{answer}");
    }
    for record in edge.handshakes(2).await {
        check(&record.handshake, Outcome::HelloMalformed, None);
    }
}

#[tokio::test]
async fn a_connection_without_a_byte_is_no_handshake() {
    let edge = edge_with("").await;
    drop(Raw::connect(edge.address("r")).await);
    eventually("the visit is counted", || {
        edge.totals().connections.without_hello == 1
    })
    .await;
    edge.idle().await;
    assert_eq!(
        edge.totals().tally(Side::Downstream, Arm::Control).handshakes(),
        0
    );
    assert!(edge.handle.handshakes(1).is_empty());
}

#[tokio::test]
async fn half_a_hello_is_incomplete_however_the_connection_ends() {
    let edge = edge_with("").await;
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&sharing()[..700]).await;
    drop(raw);
    check(
        &edge.handshakes(1).await[0].handshake,
        Outcome::HelloIncomplete,
        None,
    );
    let mut reset = Raw::connect(edge.address("r")).await;
    reset.send(&sharing()[..3]).await;
    SockRef::from(&reset.stream)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(reset);
    check(
        &edge.handshakes(2).await[0].handshake,
        Outcome::HelloIncomplete,
        None,
    );
}

#[tokio::test]
async fn silence_is_a_timeout_wherever_it_sets_in() {
    let edge = edge_with(HASTY).await;
    for (count, (bytes, whole, retry)) in [
        (&[][..], false, false),
        (&sharing()[..700], false, false),
        (&sharing()[..], true, false),
        (&reluctant()[..], true, true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(bytes).await;
        raw.rest().await;
        let record = edge.handshakes(count + 1).await[0].handshake;
        check(&record, Outcome::Timeout, None);
        let limit_us = if whole { 300_000 } else { 150_000 };
        assert!(
            (limit_us..limit_us + 1_000_000).contains(&record.finished_us),
            "{record:?}"
        );
        assert_eq!(record.offered.is_some(), whole);
        assert_eq!(
            record.negotiated.retry, retry,
            "where it stalled is part of the record"
        );
    }
}

#[tokio::test]
async fn a_close_after_our_hello_says_after_which() {
    let edge = edge_with("rung = 'upgrade'").await;
    for (count, (bytes, outcome)) in [
        (sharing(), Outcome::AfterServerHello),
        (reluctant(), Outcome::AfterRetry),
    ]
    .into_iter()
    .enumerate()
    {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(&bytes).await;
        assert!(matches!(raw.answer().await, Answer::Hello(..) | Answer::Retry(_)));
        drop(raw);
        let record = edge.handshakes(count + 1).await[0].handshake;
        check(&record, outcome, None);
        assert_eq!(record.negotiated.retry, outcome == Outcome::AfterRetry);
    }
}

#[tokio::test]
async fn a_client_that_rejects_our_certificate_says_why() {
    let edge = edge_with("").await;
    let trust = |name: &str| {
        Trust::File(edge.directory.path().join(format!("{name}.pem")))
            .verifier()
            .unwrap()
    };
    crate::harness::make_certificate(edge.directory.path(), "other", &["a"], &rcgen::PKCS_ED25519);
    let config = |name| client_config::build(&[HYBRID, X], &trust(name), &[], Sessions::Forget).unwrap();
    let unknown = connect_with(edge.address("r"), config("other")).await;
    assert!(unknown.is_err());
    let misnamed = connect_as("wrong.example", edge.address("r"), config("leaf")).await;
    assert!(misnamed.is_err());
    let records = edge.handshakes(2).await;
    check(&records[1].handshake, Outcome::AlertIn, Some(48));
    check(&records[0].handshake, Outcome::AlertIn, Some(42));
}

#[tokio::test]
async fn an_alert_in_plaintext_is_heard_too() {
    let edge = edge_with("rung = 'upgrade'").await;
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&reluctant()).await;
    assert!(matches!(raw.answer().await, Answer::Retry(_)));
    raw.send(&[21, 3, 3, 0, 2, 2, 47]).await;
    let record = edge.record().await;
    check(&record, Outcome::AlertIn, Some(47));
    assert!(record.negotiated.retry);
}

#[tokio::test]
async fn a_second_hello_that_is_not_what_was_asked_for_is_refused() {
    let edge = edge_with("rung = 'upgrade'").await;
    let first = offering(&[0x11ec, 0x1d], &[0x1d]);
    let seconds = [
        in_one_record(&first),
        in_one_record(&first.clone().retried(NamedGroup(0x1d), &share(0x1d), None)),
        vec![22, 3, 3, 0, 5, 1, 0, 0, 1, 0],
        vec![23, 3, 3, 0, 1, 0],
    ];
    for (count, second) in seconds.into_iter().enumerate() {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(&in_one_record(&first)).await;
        assert_eq!(raw.answer().await, Answer::Retry(NamedGroup(0x11ec)));
        raw.send(&second).await;
        let Answer::Alert(alert) = raw.answer().await else {
            panic!("no alert for second hello {count}")
        };
        let record = edge.handshakes(count + 1).await[0].handshake;
        check(&record, Outcome::AlertOut, Some(alert));
        assert!(record.negotiated.retry);
    }
}

#[tokio::test]
async fn what_rustls_refuses_ends_with_the_alert_that_the_client_got() {
    let edge = edge_with("").await;
    let old = |version| in_one_record(&hello().versions(&[version]).groups(&[NamedGroup(0x1d)]));
    let strange_suite = offering(&[0x1d], &[0x1d]).cipher_suites(&[CipherSuite(0x002f)]);
    for (count, (bytes, alert)) in [
        (old(ProtocolVersion::TLS_1_0), 70),
        (old(ProtocolVersion::TLS_1_1), 70),
        (in_one_record(&strange_suite), 40),
        (in_one_record(&offering(&[0x7777], &[0x7777])), 40),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(ask(edge.address("r"), &bytes).await, Answer::Alert(alert));
        let record = edge.handshakes(count + 1).await[0].handshake;
        check(&record, Outcome::AlertOut, Some(alert));
    }
    assert_eq!(edge.totals().tally(Side::Downstream, Arm::Control).deprecated, 2);
}

/// Before TLS 1.2 nobody sends signature_algorithms, and what is wrong is the version all the same.
#[tokio::test]
async fn a_client_older_than_tls_1_2_learns_that_it_is_the_version() {
    for rung in ["accept", "require"] {
        let edge = edge_with(&format!("rung = '{rung}'")).await;
        let old = hello()
            .versions(&[ProtocolVersion::TLS_1_1])
            .groups(&[NamedGroup(0x1d)])
            .signature_schemes(&[]);
        let answer = ask(edge.address("r"), &in_one_record(&old)).await;
        assert_eq!(
            answer,
            Answer::Alert(70),
            "protocol_version (RFC 5246 §E.1) on {rung}"
        );
        check(&edge.record().await, Outcome::AlertOut, Some(70));
    }
}

#[tokio::test]
async fn an_alert_of_ours_is_known_although_it_was_encrypted() {
    let edge = edge_with("").await;
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&sharing()).await;
    assert!(matches!(raw.answer().await, Answer::Hello(..)));
    let mut garbage = vec![23, 3, 3, 0, 64];
    garbage.extend([0xa5; 64]);
    raw.send(&garbage).await;
    // bad_record_mac, RFC 8446 §5.2
    check(&edge.record().await, Outcome::AlertOut, Some(20));
}

#[tokio::test]
async fn an_alert_of_ours_in_the_middle_of_tls_1_2_is_known_too() {
    let edge = edge_with("").await;
    let hello = offering(&[0x1d], &[]).versions(&[ProtocolVersion::TLS_1_2]);
    // A ClientKeyExchange with a point of one byte, and a message out of its turn.
    let wrong = [
        &[22, 3, 3, 0, 6, 16, 0, 0, 2, 1, 4][..],
        &[22, 3, 3, 0, 4, 20, 0, 0, 0],
    ];
    for (count, wrong) in wrong.into_iter().enumerate() {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(&in_one_record(&hello)).await;
        assert!(matches!(
            raw.answer().await,
            Answer::Hello(ProtocolVersion::TLS_1_2, _)
        ));
        raw.send(wrong).await;
        let Answer::Alert(alert) = raw.answer().await else {
            panic!("no alert for {wrong:?}")
        };
        check(
            &edge.handshakes(count + 1).await[0].handshake,
            Outcome::AlertOut,
            Some(alert),
        );
    }
}

#[tokio::test]
async fn no_protocol_in_common_is_an_alert_of_ours() {
    let edge = edge_with("protocol = 'http'").await;
    let mut config = listing(&[HYBRID, X]);
    config.alpn_protocols = vec![b"imap".to_vec()];
    assert!(connect_with(edge.address("r"), config).await.is_err());
    check(&edge.record().await, Outcome::AlertOut, Some(120));
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_no_fault_of_the_handshake() {
    let edge = Edge::start(&terminating(nobody(), ""));
    let mut stream = connect(edge.address("r"), &[HYBRID, Group::X25519])
        .await
        .unwrap();
    let mut rest = Vec::new();
    soon("the end", stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "closed in order, with close_notify");
    check(&edge.record().await, Outcome::Success, None);
    let failures = edge.totals().connections.upstream_failures;
    assert_eq!(failures[UpstreamFailure::Connect as usize], 1);
    edge.idle().await;
}
