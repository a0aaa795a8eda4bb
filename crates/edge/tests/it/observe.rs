//! An onlooker between a client and a server: what it records is what the endpoints say, and what it
//! forwards is what was sent.

use std::net::SocketAddr;
use std::sync::Arc;

use hybridge_edge::arms::Arm;
use hybridge_edge::counters::UpstreamFailure;
use hybridge_edge::handshake::{Handshake, Outcome, Side};
use hybridge_hello::{ProtocolVersion, records};
use hybridge_policy::Group;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::client::{HYBRID, X, careful, connect_as, listing, sharing, speaking};
use crate::harness::hello::{Answer, Raw, ask, in_one_record, offering};
use crate::harness::stream::{Checksum, Drip, noise};
use crate::harness::upstream::{nobody, serving};
use crate::harness::{Edge, connect_with, echo, eventually, round_trip, route, soon, terminating};

fn observing(upstream: SocketAddr, extra: &str) -> String {
    let route = route("r", upstream, &format!("mode = 'observe'\n{extra}"));
    format!("process.cores = 1\nprocess.drain = '200ms'\n{route}")
}

/// An onlooker in front of a terminating edge.
struct Pair {
    onlooker: Edge,
    server: Edge,
}

impl Pair {
    async fn start(extra: &str) -> Self {
        let server = Edge::start(&terminating(echo().await, extra));
        let onlooker = Edge::start(&observing(server.address("r"), ""));
        Self { onlooker, server }
    }

    fn address(&self) -> SocketAddr {
        self.onlooker.address("r")
    }

    /// The newest record of each, the onlooker's first.
    async fn records(&self, count: usize) -> [Handshake; 2] {
        [
            self.onlooker.handshakes(count).await[0].handshake,
            self.server.handshakes(count).await[0].handshake,
        ]
    }
}

fn agree(seen: &Handshake, own: &Handshake) {
    let agreed = |record: &Handshake| {
        let it = record.negotiated;
        (
            record.outcome,
            it.group,
            it.version,
            it.suite,
            it.retry,
            it.resumed,
        )
    };
    assert_eq!(agreed(seen), agreed(own));
    assert_eq!(seen.is_missed_upgrade(), own.is_missed_upgrade());
    agree_on_the_offer(seen, own);
}

fn agree_on_the_offer(seen: &Handshake, own: &Handshake) {
    let (seen, own) = (seen.offered.unwrap(), own.offered.unwrap());
    assert_eq!(seen.fingerprints, own.fingerprints);
    assert!(seen.groups.iter().eq(own.groups.iter()) && seen.shares.iter().eq(own.shares.iter()));
    assert_eq!(
        (seen.version, seen.hello_bytes, seen.records),
        (own.version, own.hello_bytes, own.records)
    );
    assert_eq!(
        (seen.can_post_quantum, seen.shares_post_quantum),
        (own.can_post_quantum, own.shares_post_quantum)
    );
}

#[tokio::test]
async fn what_is_seen_of_a_success_is_what_the_endpoints_say() {
    let pair = Pair::start("rung = 'upgrade'").await;
    let configs = [
        listing(&[HYBRID, X]),
        listing(&[X, HYBRID]),
        listing(&[X]),
        listing(&[X, Group::SecP384r1MlKem1024]),
        listing(&[Group::MlKem768]),
        sharing(&[HYBRID, Group::SecP256r1], Group::SecP256r1),
        speaking(&[&TLS12]),
        speaking(&[&TLS12, &TLS13]),
    ];
    for (count, config) in configs.into_iter().enumerate() {
        let mut stream = connect_with(pair.address(), config).await.unwrap();
        round_trip(&mut stream).await;
        let [seen, own] = pair.records(count + 1).await;
        agree(&seen, &own);
        let tls13 = own.negotiated.version == Some(ProtocolVersion::TLS_1_3);
        let visible = own.negotiated.scheme.filter(|_| !tls13);
        assert_eq!(seen.negotiated.scheme, visible, "TLS 1.3 hides the scheme");
        assert!(seen.hello_us <= seen.finished_us);
    }
}

#[tokio::test]
async fn a_miss_of_the_server_behind_is_seen() {
    let pair = Pair::start("rung = 'accept'").await;
    let mut stream = connect_with(pair.address(), listing(&[X, HYBRID])).await.unwrap();
    round_trip(&mut stream).await;
    let [seen, own] = pair.records(1).await;
    agree(&seen, &own);
    assert!(seen.is_missed_upgrade());
}

#[tokio::test]
async fn a_resumption_is_seen_in_both_versions() {
    for version in [&TLS13, &TLS12] {
        let pair = Pair::start("rung = 'upgrade'").await;
        let config = Arc::new(speaking(&[version]));
        for count in 1..=2 {
            let mut stream = connect_with(pair.address(), Arc::clone(&config)).await.unwrap();
            round_trip(&mut stream).await;
            let [seen, own] = pair.records(count).await;
            agree(&seen, &own);
            assert_eq!(seen.negotiated.resumed, count == 2);
        }
    }
}

#[tokio::test]
async fn a_client_that_rejects_the_certificate_is_seen_to() {
    let pair = Pair::start("").await;
    let leaf = pair.server.directory.path().join("leaf.pem");
    for (count, version) in [&TLS13, &TLS12].into_iter().enumerate() {
        let connected = connect_as("wrong.example", pair.address(), careful(&leaf, &[version])).await;
        assert!(connected.is_err());
        let [seen, own] = pair.records(count + 1).await;
        assert_eq!((own.outcome, own.alert), (Outcome::AlertIn, Some(42)));
        // TLS 1.3 hides which alert it was.
        let visible = own.alert.filter(|_| version == &TLS12);
        assert_eq!((seen.outcome, seen.alert), (Outcome::AlertIn, visible));
        agree_on_the_offer(&seen, &own);
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_seen_to() {
    let pair = Pair::start("rung = 'require'").await;
    assert!(connect_with(pair.address(), listing(&[X])).await.is_err());
    let [seen, own] = pair.records(1).await;
    assert_eq!((own.outcome, own.alert), (Outcome::Policy, Some(71)));
    assert_eq!((seen.outcome, seen.alert), (Outcome::AlertOut, Some(71)));
    agree_on_the_offer(&seen, &own);
}

#[tokio::test]
async fn a_server_that_refuses_behind_its_hello_is_seen_to() {
    let pair = Pair::start("protocol = 'http'").await;
    let mut config = listing(&[HYBRID, X]);
    config.alpn_protocols = vec![b"imap".to_vec()];
    assert!(connect_with(pair.address(), config).await.is_err());
    let [seen, own] = pair.records(1).await;
    assert_eq!((own.outcome, own.alert), (Outcome::AlertOut, Some(120)));
    assert_eq!((seen.outcome, seen.alert), (Outcome::AlertOut, None));
}

#[tokio::test]
async fn a_handshake_in_single_bytes_is_seen_as_well() {
    let pair = Pair::start("rung = 'upgrade'").await;
    let stream = TcpStream::connect(pair.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(listing(&[X, HYBRID])));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let _stream = connector.connect(name, Drip(stream)).await.unwrap();
    let [seen, own] = pair.records(1).await;
    agree(&seen, &own);
    assert!(seen.negotiated.retry);
}

#[tokio::test]
async fn a_hello_in_many_records_is_counted_as_such() {
    let pair = Pair::start("rung = 'upgrade'").await;
    let hello = offering(&[0x11ec, 0x1d], &[0x11ec]).build().unwrap();
    let bytes = records(&hello, 100, ProtocolVersion::TLS_1_0);
    assert!(matches!(ask(pair.address(), &bytes).await, Answer::Hello(..)));
    let [seen, own] = pair.records(1).await;
    assert_eq!(
        (seen.outcome, own.outcome),
        (Outcome::AfterServerHello, Outcome::AfterServerHello)
    );
    agree_on_the_offer(&seen, &own);
    assert_eq!(
        usize::from(seen.offered.unwrap().records),
        hello.len().div_ceil(100)
    );
}

#[tokio::test]
async fn a_close_is_seen_where_it_happened() {
    let pair = Pair::start("rung = 'upgrade'").await;
    let share = in_one_record(&offering(&[0x11ec, 0x1d], &[0x11ec]));
    let retry = in_one_record(&offering(&[0x11ec, 0x1d], &[0x1d]));
    let cases = [
        (&share[..], Outcome::AfterServerHello),
        (&retry[..], Outcome::AfterRetry),
        (&share[..600], Outcome::HelloIncomplete),
    ];
    for (count, (bytes, outcome)) in cases.into_iter().enumerate() {
        let mut raw = Raw::connect(pair.address()).await;
        raw.send(bytes).await;
        if bytes.len() != 600 {
            raw.answer().await;
        }
        drop(raw);
        let [seen, own] = pair.records(count + 1).await;
        assert_eq!((seen.outcome, own.outcome), (outcome, outcome));
        assert_eq!(seen.negotiated.retry, own.negotiated.retry);
    }
}

#[tokio::test]
async fn a_server_that_closes_on_a_hello_or_is_not_there_is_the_upstreams_fault() {
    let hello = in_one_record(&offering(&[0x1d], &[0x1d]));
    let closing = serving(|mut stream| async move {
        let _read = stream.read(&mut [0; 4096]).await;
    })
    .await;
    for upstream in [closing, nobody()] {
        let edge = Edge::start(&observing(upstream, ""));
        assert_eq!(ask(edge.address("r"), &hello).await, Answer::Closed);
        assert_eq!(edge.record().await.outcome, Outcome::Upstream);
        let failures = edge.totals().connections.upstream_failures;
        let expect = u64::from(upstream != closing);
        assert_eq!(failures[UpstreamFailure::Connect as usize], expect);
        edge.idle().await;
    }
}

#[tokio::test]
async fn silence_after_the_hello_is_a_timeout_and_no_byte_is_no_handshake() {
    let mute = serving(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let edge = Edge::start(&observing(mute, "limits.idle_timeout = '150ms'"));
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&in_one_record(&offering(&[0x1d], &[0x1d]))).await;
    raw.rest().await;
    assert_eq!(edge.record().await.outcome, Outcome::Timeout);
    drop(Raw::connect(edge.address("r")).await);
    eventually("the visit is counted", || {
        edge.totals().connections.without_hello == 1
    })
    .await;
    assert_eq!(
        edge.totals().tally(Side::Downstream, Arm::Control).handshakes(),
        1
    );
}

#[tokio::test]
async fn what_is_no_tls_passes_untouched_in_both_directions() {
    let edge = Edge::start(&observing(echo().await, ""));
    let sent = noise(1, 1 << 20);
    let mut stream = TcpStream::connect(edge.address("r")).await.unwrap();
    let (mut read, mut write) = stream.split();
    let mut returned = Vec::new();
    let send = async {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let (_, received) = soon("an echo", async {
        tokio::join!(send, read.read_to_end(&mut returned))
    })
    .await;
    received.unwrap();
    assert_eq!(Checksum::of(&returned), Checksum::of(&sent));
    assert_eq!(edge.record().await.outcome, Outcome::HelloMalformed);
}

#[tokio::test]
async fn a_server_that_speaks_first_is_heard() {
    let banner = serving(|mut stream| async move {
        stream.write_all(b"220 mail.example ready\r\n").await.unwrap();
        let (mut read, mut write) = stream.split();
        let _ended = tokio::io::copy(&mut read, &mut write).await;
    })
    .await;
    let edge = Edge::start(&observing(banner, ""));
    let mut stream = TcpStream::connect(edge.address("r")).await.unwrap();
    let mut greeting = [0; 24];
    soon("the greeting", stream.read_exact(&mut greeting))
        .await
        .unwrap();
    assert_eq!(&greeting, b"220 mail.example ready\r\n");
    stream.write_all(b"EHLO me\r\n").await.unwrap();
    let mut echoed = [0; 9];
    soon("the echo", stream.read_exact(&mut echoed)).await.unwrap();
    assert_eq!(&echoed, b"EHLO me\r\n");
    assert_eq!(edge.record().await.outcome, Outcome::HelloMalformed);
}

#[tokio::test]
async fn a_hello_passes_byte_for_byte() {
    let edge = Edge::start(&observing(echo().await, ""));
    let hello = in_one_record(&offering(&[0x11ec, 0x1d], &[0x11ec, 0x1d]));
    let mut stream = TcpStream::connect(edge.address("r")).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut returned = Vec::new();
    soon("the echo", stream.read_to_end(&mut returned)).await.unwrap();
    assert_eq!(returned, hello);
}

#[tokio::test]
async fn the_client_is_who_the_proxy_header_names_and_no_header_is_told_apart_from_no_byte() {
    let server = Edge::start(&terminating(echo().await, "accept_proxy = 'required'"));
    let extra = "accept_proxy = 'required'\nupstream.send_proxy = 'v2'\nlimits.hello_timeout = '150ms'";
    let edge = Edge::start(&observing(server.address("r"), extra));
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(b"PROXY TCP4 203.0.113.77 192.0.2.1 4711 443\r\n").await;
    raw.send(&in_one_record(&offering(&[0x1d], &[0x1d]))).await;
    assert!(matches!(raw.answer().await, Answer::Hello(..)));
    drop(raw);
    for edge in [&edge, &server] {
        assert_eq!(edge.record().await.client.to_string(), "203.0.113.0/24");
    }
    drop(Raw::connect(edge.address("r")).await);
    eventually("the visit is counted", || {
        edge.totals().connections.without_hello == 1
    })
    .await;
    for (count, (bytes, outcome)) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], Outcome::HelloMalformed),
        (b"PROXY TCP4 203", Outcome::Timeout),
    ]
    .into_iter()
    .enumerate()
    {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(bytes).await;
        raw.rest().await;
        assert_eq!(edge.handshakes(count + 2).await[0].handshake.outcome, outcome);
    }
}
