//! The end: nothing new is taken, what has begun may finish, and what does not finish in time is cut.
//! The exchange under way is the oracle: whether its bytes arrive, not what the edge says of it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::client::{HYBRID, X};
use crate::harness::http::{Upstream, get, get2, http1, http2, read_until, text, tls};
use crate::harness::upstream::serving;
use crate::harness::{Edge, connect, echo, eventually, round_trip, soon, terminating};

const PATIENT: &str = "process.drain = '20s'";

fn patient(toml: &str) -> String {
    toml.replace("process.drain = '200ms'", PATIENT)
}

async fn stops_listening(edge: &Edge) {
    let address = edge.address("r");
    eventually("nobody listens", || {
        std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_err()
    })
    .await;
}

#[tokio::test]
async fn an_exchange_under_way_is_finished_and_nothing_new_is_taken() {
    let mut edge = Edge::start(&patient(&terminating(echo().await, "")));
    let mut stream = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    round_trip(&mut stream).await;
    edge.begin_stop();
    stops_listening(&edge).await;
    for _ in 0..20 {
        round_trip(&mut stream).await;
    }
    assert!(!edge.has_stopped());
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    soon("the end", stream.read_to_end(&mut rest)).await.unwrap();
    eventually("the edge ends with its last connection", || edge.has_stopped()).await;
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let mut edge = Edge::start(&terminating(echo().await, ""));
    let mut stream = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    round_trip(&mut stream).await;
    let begun = tokio::time::Instant::now();
    edge.begin_stop();
    let read = soon("the end", stream.read(&mut [0; 1])).await;
    assert!(!matches!(read, Ok(1..)));
    assert!(
        begun.elapsed() >= Duration::from_millis(190),
        "{:?}",
        begun.elapsed()
    );
    eventually("the edge has ended", || edge.has_stopped()).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_edge_without_connections_ends_at_once() {
    let mut edge = Edge::start(&patient(&terminating(echo().await, "")));
    drop(connect(edge.address("r"), &[HYBRID, X]).await.unwrap());
    edge.idle().await;
    edge.begin_stop();
    eventually("the edge has ended", || edge.has_stopped()).await;
}

#[tokio::test]
async fn a_handshake_under_way_is_finished() {
    let mut edge = Edge::start(&patient(&terminating(echo().await, "")));
    let stream = TcpStream::connect(edge.address("r")).await.unwrap();
    eventually("the connection is taken", || {
        edge.totals().connections.half_open() == 1
    })
    .await;
    edge.begin_stop();
    stops_listening(&edge).await;
    let config = crate::harness::client::listing(&[HYBRID, X]);
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    round_trip(&mut stream).await;
    drop(stream);
    eventually("the edge has ended", || edge.has_stopped()).await;
}

/// Answers one request, once it is let go.
async fn hesitating() -> (Upstream, tokio::sync::watch::Sender<bool>) {
    let (release, released) = tokio::sync::watch::channel(false);
    let upstream = Upstream::scripted(move |mut stream, _| {
        let mut released = released.clone();
        async move {
            released.wait_for(|released| *released).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
            stream.write_all(answer).await.unwrap();
            let _ended = stream.read(&mut [0; 1]).await;
        }
    })
    .await;
    (upstream, release)
}

fn patient_edge(upstream: &Upstream) -> Edge {
    let toml = terminating(upstream.address, "rung = 'upgrade'\nprotocol = 'http'");
    Edge::start(&patient(&toml))
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_then_its_connection_is_closed() {
    let (upstream, release) = hesitating().await;
    let mut edge = patient_edge(&upstream);
    let mut one = http1(&edge).await;
    let mut two = http2(&edge).await;
    let first = tokio::spawn(one.send_request(get("/")));
    let second = tokio::spawn(two.send_request(get2("/")));
    eventually("both requests are under way", || upstream.requests() == 2).await;
    edge.begin_stop();
    stops_listening(&edge).await;
    release.send_replace(true);
    let response = first.await.unwrap().unwrap();
    assert_eq!(response.headers()["connection"], "close");
    assert_eq!(text(response).await, "done");
    assert_eq!(text(second.await.unwrap().unwrap()).await, "done");
    eventually("the edge has ended", || edge.has_stopped()).await;
    assert!(one.ready().await.is_err() && two.ready().await.is_err());
}

#[tokio::test]
async fn kept_connections_of_clients_end_at_once() {
    let upstream = Upstream::start().await;
    let mut edge = patient_edge(&upstream);
    let (mut one, mut two) = (http1(&edge).await, http2(&edge).await);
    assert_eq!(text(one.send_request(get("/noise/0")).await.unwrap()).await, "");
    assert_eq!(text(two.send_request(get2("/noise/0")).await.unwrap()).await, "");
    let silent = tls(&edge, &[]).await;
    eventually("all are open", || edge.totals().connections.open() == 3).await;
    edge.begin_stop();
    eventually("the edge has ended", || edge.has_stopped()).await;
    drop(silent);
    eventually("upstream connections are closed too", || upstream.open() == 0).await;
}

#[tokio::test]
async fn a_connection_that_ends_in_a_drain_ends_in_order() {
    let mut edge = patient_edge(&Upstream::start().await);
    let mut silent = tls(&edge, &[]).await;
    let mut spoken = tls(&edge, &[]).await;
    spoken
        .write_all(b"GET /noise/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut spoken, "\r\n\r\n").await;
    spoken.read_exact(&mut [0; 2]).await.unwrap();
    edge.begin_stop();
    for stream in [&mut silent, &mut spoken] {
        let read = soon("the end", stream.read(&mut [0; 1])).await;
        assert_eq!(read.expect("a close_notify"), 0);
    }
}

#[tokio::test]
async fn a_download_under_way_is_finished() {
    let upstream = Upstream::start().await;
    let mut edge = patient_edge(&upstream);
    let mut client = http1(&edge).await;
    let response = client.send_request(get("/noise/20000000")).await.unwrap();
    edge.begin_stop();
    stops_listening(&edge).await;
    assert_eq!(crate::harness::http::bytes(response).await.len(), 20_000_000);
    eventually("the edge has ended", || edge.has_stopped()).await;
}

#[tokio::test]
async fn a_web_socket_may_go_on_until_the_limit() {
    let upstream = Upstream::scripted(|mut stream, _| async move {
        let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
        stream.write_all(switch).await.unwrap();
        let (mut read, mut write) = stream.split();
        let _ended = tokio::io::copy(&mut read, &mut write).await;
    })
    .await;
    let mut edge = patient_edge(&upstream);
    let mut stream = tls(&edge, &[]).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    edge.begin_stop();
    stops_listening(&edge).await;
    round_trip(&mut stream).await;
    assert!(!edge.has_stopped());
    drop(stream);
    eventually("the edge has ended", || edge.has_stopped()).await;
}

#[tokio::test]
async fn what_waits_in_the_queue_of_the_kernel_is_served() {
    // The service is bound and not yet run: connections wait.
    let upstream = serving(|mut stream| async move {
        let _said = stream.write_all(b"late").await;
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    crate::harness::make_certificate(directory.path(), "leaf", &["localhost"], &rcgen::PKCS_ED25519);
    let toml = patient(&terminating(upstream, "")).replace("{DIR}", directory.path().to_str().unwrap());
    let service =
        hybridge_edge::Service::bind(toml::from_str(&toml).unwrap(), hybridge_edge::Options::default())
            .unwrap();
    let address = service.handle().routes()[0].listen;
    let clients: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn(async move {
                let mut stream = connect(address, &[HYBRID, X]).await.unwrap();
                let mut word = Vec::new();
                stream.read_to_end(&mut word).await.unwrap();
                word
            })
        })
        .collect();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    // Told to stop before it starts, it still serves who came before.
    let waiting = TcpStream::connect(address).await.unwrap();
    drop(waiting);
    soon("the service", service.run(async {})).await;
    for client in clients {
        assert_eq!(client.await.unwrap(), b"late");
    }
}
