//! A ClientHello however it is cut up: into segments, into records, at every byte that matters; and
//! at the limit of its length.

use std::time::Duration;

use hybridge_edge::handshake::Outcome;
use hybridge_hello::{ClientHelloBuilder, NamedGroup, ProtocolVersion, extension, records};
use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::harness::client::{HYBRID, X, listing};
use crate::harness::hello::{Answer, Raw, ask, in_one_record, offering};
use crate::harness::stream::Drip;
use crate::harness::{Edge, echo, soon, terminating};

const LISTED: [u16; 2] = [0x11ec, 0x001d];
const TAKEN: Answer = Answer::Hello(ProtocolVersion::TLS_1_3, Some(NamedGroup(0x11ec)));

/// A hello with a share of 1216 bytes.
fn large() -> ClientHelloBuilder {
    offering(&LISTED, &LISTED)
}

async fn upgrading() -> Edge {
    Edge::start(&terminating(echo().await, "rung = 'upgrade'"))
}

#[tokio::test]
async fn a_whole_handshake_in_segments_of_one_byte_succeeds() {
    let edge = upgrading().await;
    for groups in [[HYBRID, X], [X, HYBRID]] {
        let stream = TcpStream::connect(edge.address("r")).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let connector = TlsConnector::from(std::sync::Arc::new(listing(&groups)));
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, Drip(stream)).await.unwrap();
        stream.write_all(b"drop by drop").await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"drop by drop");
    }
    for record in edge.handshakes(2).await {
        assert!(record.handshake.is_post_quantum());
    }
}

#[tokio::test]
async fn a_hello_in_segments_of_the_smallest_usual_size_succeeds() {
    let edge = upgrading().await;
    let mut raw = Raw::connect(edge.address("r")).await;
    SockRef::from(&raw.stream).set_tcp_mss(536).unwrap();
    raw.send(&in_one_record(&large())).await;
    assert_eq!(raw.answer().await, TAKEN);
}

#[tokio::test]
async fn a_hello_in_records_of_any_size_is_put_together_and_counted() {
    let edge = upgrading().await;
    let message = large().build().unwrap();
    let sizes = [1, 2, 3, 4, 5, 37, 100, 536, 1000, 16_384];
    for size in sizes {
        let bytes = records(&message, size, ProtocolVersion::TLS_1_0);
        assert_eq!(
            ask(edge.address("r"), &bytes).await,
            TAKEN,
            "records of {size} bytes"
        );
    }
    let seen = edge.handshakes(sizes.len()).await;
    for (record, size) in seen.iter().rev().zip(sizes) {
        let offered = record.handshake.offered.unwrap();
        let count = message.len().div_ceil(size).min(255);
        assert_eq!(usize::from(offered.records), count, "records of {size} bytes");
        assert_eq!(usize::from(offered.hello_bytes), message.len());
    }
}

/// Every place in the first 60 bytes, then around the share, then before the last byte.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (1..60).chain((60..length).step_by(97)).chain([length - 1])
}

#[tokio::test]
async fn a_hello_may_be_cut_in_two_anywhere() {
    let edge = upgrading().await;
    for bytes in [
        in_one_record(&large()),
        records(&large().build().unwrap(), 9, ProtocolVersion::TLS_1_0),
    ] {
        for cut in cuts(bytes.len()) {
            let mut raw = Raw::connect(edge.address("r")).await;
            raw.send(&bytes[..cut]).await;
            // Only makes it likely that the two parts are read one by one: any reading must do.
            tokio::time::sleep(Duration::from_millis(1)).await;
            raw.send(&bytes[cut..]).await;
            assert_eq!(raw.answer().await, TAKEN, "cut at {cut}");
        }
    }
    let records = edge.handshakes(1).await;
    let records = edge
        .handshakes(usize::try_from(records[0].sequence).unwrap())
        .await;
    let cut_up = records
        .iter()
        .filter(|record| record.handshake.offered.unwrap().segments == 2);
    assert!(cut_up.count() > 0, "some were read in two parts");
}

/// A hello of exactly this many bytes, header included.
fn of_length(length: usize) -> Vec<u8> {
    let padded = |bytes: usize| {
        large()
            .extension(extension::PADDING, &vec![0; bytes])
            .build()
            .unwrap()
    };
    let message = padded(length - padded(0).len());
    assert_eq!(message.len(), length);
    message
}

#[tokio::test]
async fn sixteen_kib_are_taken_and_one_byte_more_is_refused() {
    let edge = upgrading().await;
    for (length, expect) in [
        (16_384, TAKEN),
        (16_385, Answer::Alert(40)),
        (40_000, Answer::Alert(40)),
    ] {
        let bytes = records(&of_length(length), 16_384, ProtocolVersion::TLS_1_0);
        assert_eq!(ask(edge.address("r"), &bytes).await, expect, "{length}");
    }
    let records = edge.handshakes(3).await;
    for refused in &records[..2] {
        assert_eq!(refused.handshake.outcome, Outcome::HelloMalformed);
        assert_eq!(refused.handshake.alert, Some(40));
        assert!(refused.handshake.offered.is_none());
    }
    assert_eq!(records[2].handshake.offered.unwrap().hello_bytes, 16_384);
}

#[tokio::test]
async fn what_claims_to_be_longer_than_the_limit_is_refused_before_it_comes() {
    let edge = upgrading().await;
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]).await;
    assert_eq!(raw.answer().await, Answer::Alert(40));
    soon("the end", raw.rest()).await;
}
