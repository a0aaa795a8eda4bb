//! The PROXY protocol on both sides: whom the header names is who the client is, everywhere.
//! Headers of both versions are written here by hand, not by the code under test.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hybridge_edge::handshake::Outcome;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::client::{HYBRID, X, connect, listing};
use crate::harness::hello::{Raw, in_one_record, offering};
use crate::harness::http::read_until;
use crate::harness::proxy::{connect_as_client, v1, v2};
use crate::harness::upstream::serving;
use crate::harness::{Edge, echo, eventually, round_trip, soon, terminating};

#[tokio::test]
async fn both_versions_name_the_client() {
    let edge = Edge::start(&terminating(echo().await, "accept_proxy = 'required'"));
    let v4: SocketAddr = "203.0.113.9:4711".parse().unwrap();
    let v6: SocketAddr = "[2001:db8:1:2::9]:4711".parse().unwrap();
    let cases = [
        (v1(v4), "203.0.113.0/24"),
        (v2(v4), "203.0.113.0/24"),
        (v1(v6), "2001:db8:1::/56"),
        (v2(v6), "2001:db8:1::/56"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.0/24"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00".to_vec(), "127.0.0.0/24"),
    ];
    for (count, (header, network)) in cases.into_iter().enumerate() {
        let mut stream = connect_as_client(edge.address("r"), &header, listing(&[HYBRID, X]))
            .await
            .unwrap();
        round_trip(&mut stream).await;
        let record = edge.handshakes(count + 1).await[0].handshake;
        assert_eq!(record.client.to_string(), network);
    }
}

#[tokio::test]
async fn a_header_in_pieces_and_a_header_with_the_hello_in_one_segment_are_the_same() {
    let edge = Edge::start(&terminating(echo().await, "accept_proxy = 'required'"));
    let header = v2("203.0.113.9:4711".parse().unwrap());
    let hello = in_one_record(&offering(&[0x1d], &[0x1d]));
    for pieces in [
        vec![[header.clone(), hello.clone()].concat()],
        vec![header.clone(), hello.clone()],
        header
            .iter()
            .map(|byte| vec![*byte])
            .chain([hello.clone()])
            .collect(),
        vec![
            header[..7].to_vec(),
            [&header[7..], &hello[..50]].concat(),
            hello[50..].to_vec(),
        ],
    ] {
        let mut raw = Raw::connect(edge.address("r")).await;
        for piece in &pieces {
            raw.send(piece).await;
            tokio::task::yield_now().await;
        }
        assert!(matches!(
            raw.answer().await,
            crate::harness::hello::Answer::Hello(..)
        ));
    }
    for record in edge.handshakes(4).await {
        assert_eq!(record.handshake.client.to_string(), "203.0.113.0/24");
        assert!(record.handshake.offered.unwrap().segments <= 2);
    }
}

#[tokio::test]
async fn a_connection_without_the_header_is_refused() {
    let edge = Edge::start(&terminating(echo().await, "accept_proxy = 'required'"));
    assert!(connect(edge.address("r"), &[HYBRID, X]).await.is_err());
    assert_eq!(edge.record().await.outcome, Outcome::HelloMalformed);
    let mut cut = Raw::connect(edge.address("r")).await;
    cut.send(b"PROXY TCP4 203").await;
    drop(cut);
    assert_eq!(
        edge.handshakes(2).await[0].handshake.outcome,
        Outcome::HelloIncomplete
    );
    drop(Raw::connect(edge.address("r")).await);
    eventually("the visit is counted", || {
        edge.totals().connections.without_hello == 1
    })
    .await;
}

/// An upstream that keeps the first `length` bytes of each connection and then echoes.
async fn keeping(length: usize) -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&kept);
    let address = serving(move |mut stream| {
        let shared = Arc::clone(&shared);
        async move {
            let mut header = vec![0; length];
            stream.read_exact(&mut header).await.unwrap();
            shared.lock().unwrap().push(header);
            let (mut read, mut write) = stream.split();
            let _ended = tokio::io::copy(&mut read, &mut write).await;
        }
    })
    .await;
    (address, kept)
}

#[tokio::test]
async fn an_upstream_is_told_the_client_and_our_own_address() {
    let client: SocketAddr = "203.0.113.9:4711".parse().unwrap();
    for version in ["v1", "v2"] {
        let header = |local: SocketAddr| crate::harness::proxy::header(version, client, local);
        let length = header("127.0.0.1:10000".parse().unwrap()).len();
        let (upstream, kept) = keeping(length).await;
        let extra = format!("accept_proxy = 'required'\nupstream.send_proxy = '{version}'");
        let edge = Edge::start(&terminating(upstream, &extra));
        let address = edge.address("r");
        let mut stream = connect_as_client(address, &v1(client), listing(&[HYBRID, X]))
            .await
            .unwrap();
        // A port of fewer than five digits would make the text header shorter than what is kept.
        assert!(address.port() >= 10_000);
        round_trip(&mut stream).await;
        assert_eq!(kept.lock().unwrap().clone(), [header(address)]);
    }
}

/// An upstream that answers every request with the PROXY line that its connection began with.
async fn telling_who() -> SocketAddr {
    serving(|stream| async move {
        use tokio::io::AsyncBufReadExt;
        let mut stream = tokio::io::BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let source = line.split(' ').nth(2).unwrap_or("nobody").to_owned();
        let mut head = String::new();
        while let Ok(1..) = stream.read_line(&mut head).await {
            if head.ends_with("\r\n\r\n") {
                head.clear();
                let length = source.len() + 1;
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{source}\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_kept_connection_is_never_passed_to_a_client_it_does_not_name() {
    let extra = "protocol = 'http'\naccept_proxy = 'required'\nupstream.send_proxy = 'v1'";
    let edge = Edge::start(&terminating(telling_who().await, extra));
    for host in ["203.0.113.1", "203.0.113.2"].into_iter().cycle().take(6) {
        let header = v1(format!("{host}:4711").parse().unwrap());
        let stream = connect_as_client(edge.address("r"), &header, listing(&[HYBRID, X])).await;
        let mut stream = stream.unwrap();
        for _ in 0..2 {
            let answer = ask(&mut stream).await;
            assert!(answer.ends_with(&format!("\r\n\r\n{host}\n")), "{host}: {answer}");
        }
    }
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let head = read_until(stream, "\r\n\r\n").await;
    head + &read_until(stream, "\n").await
}

#[tokio::test]
async fn a_client_cannot_name_itself_inside_tls() {
    let edge = Edge::start(&terminating(echo().await, "accept_proxy = 'required'"));
    let header = v1("203.0.113.9:4711".parse().unwrap());
    let mut stream = TcpStream::connect(edge.address("r")).await.unwrap();
    stream
        .write_all(&[header, v1("198.51.100.1:1".parse().unwrap())].concat())
        .await
        .unwrap();
    let connector = TlsConnector::from(Arc::new(listing(&[HYBRID, X])));
    let name = ServerName::try_from("localhost").unwrap();
    assert!(soon("a refusal", connector.connect(name, stream)).await.is_err());
    let record = edge.record().await;
    assert_eq!(
        (record.outcome, record.client.to_string().as_str()),
        (Outcome::HelloMalformed, "203.0.113.0/24")
    );
}
