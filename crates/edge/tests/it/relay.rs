//! Bytes between a client and its upstream, whatever they mean: half-closes travel, back-pressure
//! travels, ends travel, and no byte is lost on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hybridge_edge::counters::UpstreamFailure;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio_rustls::client::TlsStream;

use crate::harness::client::{HYBRID, X, listing};
use crate::harness::origin::Origin;
use crate::harness::stream::{Checksum, Random, noise};
use crate::harness::upstream::serving;
use crate::harness::{Edge, connect, echo, eventually, round_trip, soon, terminating};

async fn client(edge: &Edge) -> TlsStream<TcpStream> {
    connect(edge.address("r"), &[HYBRID, X]).await.unwrap()
}

async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    soon("the end", stream.read_to_end(&mut bytes))
        .await
        .expect("an end in order");
    bytes
}

#[tokio::test]
async fn a_client_that_has_sent_its_last_byte_still_gets_its_answer() {
    let upstream = serving(|mut stream| async move {
        let mut question = Vec::new();
        stream.read_to_end(&mut question).await.unwrap();
        stream
            .write_all(Checksum::of(&question).to_string().as_bytes())
            .await
            .unwrap();
    })
    .await;
    let edge = Edge::start(&terminating(upstream, ""));
    let question = noise(2, 300_000);
    let mut stream = client(&edge).await;
    stream.write_all(&question).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = String::from_utf8(read_all(&mut stream).await).unwrap();
    assert_eq!(answer, Checksum::of(&question).to_string());
    edge.idle().await;
}

#[tokio::test]
async fn an_upstream_that_has_sent_its_last_byte_still_hears_its_client() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let upstream = serving(move |mut stream| {
        let heard = heard.clone();
        async move {
            stream.write_all(b"that is all").await.unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            heard.send(Checksum::of(&rest).to_string()).unwrap();
        }
    })
    .await;
    let edge = Edge::start(&terminating(upstream, ""));
    let mut stream = client(&edge).await;
    assert_eq!(read_all(&mut stream).await, b"that is all");
    let said = noise(3, 300_000);
    stream.write_all(&said).await.unwrap();
    stream.shutdown().await.unwrap();
    let heard = soon("what was heard", hears.recv()).await.unwrap();
    assert_eq!(heard, Checksum::of(&said).to_string());
    edge.idle().await;
}

/// Echoes words of four bytes; ends with a reset, after `kill` or when the client is gone, and says
/// whether it was told to.
async fn echo_words(mut stream: TcpStream, ended: UnboundedSender<bool>) {
    let mut word = [0; 4];
    while stream.read_exact(&mut word).await.is_ok() && &word != b"kill" {
        stream.write_all(&word).await.unwrap();
    }
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    ended.send(&word == b"kill").unwrap();
}

#[tokio::test]
async fn what_is_broken_on_one_side_ends_on_the_other() {
    let (lost, mut loses) = tokio::sync::mpsc::unbounded_channel();
    let upstream = serving(move |stream| echo_words(stream, lost.clone())).await;
    let edge = Edge::start(&terminating(upstream, ""));
    let mut gone = client(&edge).await;
    round_trip(&mut gone).await;
    SockRef::from(gone.get_ref().0)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(gone);
    assert_eq!(soon("the upstream notices", loses.recv()).await, Some(false));
    let mut stream = client(&edge).await;
    stream.write_all(b"kill").await.unwrap();
    let read = soon("the client notices", stream.read(&mut [0; 4])).await;
    assert!(!matches!(read, Ok(1..)));
    edge.idle().await;
}

/// Waits until a number has stopped growing, and returns it.
async fn settled(number: &AtomicU64) -> u64 {
    loop {
        let before = number.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
        if before > 0 && before == number.load(Ordering::Relaxed) {
            return before;
        }
    }
}

/// More than what fits into the kernel's buffers of two connections.
const FLOOD: usize = 96 << 20;
const PIECE: usize = 1 << 16;
const BUFFERS_MAX: u64 = 32 << 20;

/// Sends `FLOOD` bytes, says how many went out so far, and stays until the other side has closed too:
/// who closes with something unread, if only a session ticket, resets what is still on its way.
async fn flood(mut to: impl AsyncRead + AsyncWrite + Unpin, sent: Arc<AtomicU64>) {
    let piece = noise(9, PIECE);
    for _ in 0..FLOOD / PIECE {
        if to.write_all(&piece).await.is_err() {
            return;
        }
        sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }
    let _closed = to.shutdown().await;
    let _ended = to.read_to_end(&mut Vec::new()).await;
}

async fn drain(mut from: impl AsyncRead + Unpin) -> Checksum {
    let (mut checksum, mut buffer) = (Checksum::default(), vec![0; 1 << 16]);
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        checksum.add(&buffer[..length]);
    }
    checksum
}

fn flooded() -> Checksum {
    let (piece, mut checksum) = (noise(9, PIECE), Checksum::default());
    (0..FLOOD / PIECE).for_each(|_| checksum.add(&piece));
    checksum
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_its_upstream_and_loses_nothing() {
    let sent = Arc::new(AtomicU64::new(0));
    let upstream = {
        let sent = Arc::clone(&sent);
        serving(move |stream| flood(stream, Arc::clone(&sent))).await
    };
    let edge = Edge::start(&terminating(upstream, ""));
    let stream = client(&edge).await;
    let held = settled(&sent).await;
    assert!(held < BUFFERS_MAX, "{held} bytes went out although nobody read");
    assert!(soon("the flood", drain(stream)).await == flooded());
}

#[tokio::test]
async fn an_upstream_that_does_not_read_stops_its_client_and_loses_nothing() {
    let (release, released) = tokio::sync::watch::channel(false);
    let (sums, mut sum) = tokio::sync::mpsc::unbounded_channel();
    let upstream = serving(move |stream| {
        let (mut released, sums) = (released.clone(), sums.clone());
        async move {
            released.wait_for(|released| *released).await.unwrap();
            sums.send(drain(stream).await).unwrap();
        }
    })
    .await;
    let edge = Edge::start(&terminating(upstream, ""));
    let sent = Arc::new(AtomicU64::new(0));
    let sending = tokio::spawn(flood(client(&edge).await, Arc::clone(&sent)));
    let held = settled(&sent).await;
    assert!(held < BUFFERS_MAX, "{held} bytes went out although nobody read");
    release.send_replace(true);
    assert!(soon("the flood", sum.recv()).await.unwrap() == flooded());
    sending.await.unwrap();
}

#[tokio::test]
async fn echoes_of_all_sizes_over_many_connections_come_back_whole() {
    let toml = terminating(echo().await, "").replace("cores = 1", "cores = 2");
    let edge = Edge::start(&toml);
    futures_util::future::join_all((0..80).map(|seed| three_echoes(&edge, seed))).await;
    edge.idle().await;
    assert_eq!(edge.totals().connections.opened, 80);
}

async fn three_echoes(edge: &Edge, seed: u64) {
    let mut random = Random::new(seed);
    let mut stream = client(edge).await;
    for _ in 0..3 {
        let size = random.size(18);
        let sent = noise(random.next(), size);
        let mut back = vec![0; size];
        let (mut read, mut write) = tokio::io::split(&mut stream);
        let send = async {
            write.write_all(&sent).await.unwrap();
            write.flush().await.unwrap();
        };
        let both = async { tokio::join!(send, read.read_exact(&mut back)) };
        soon("an echo", both).await.1.unwrap();
        assert!(
            Checksum::of(&back) == Checksum::of(&sent),
            "seed {seed}, {size} bytes"
        );
    }
    stream.shutdown().await.unwrap();
    assert!(read_all(&mut stream).await.is_empty());
}

#[tokio::test]
async fn an_upstream_may_be_a_name() {
    let port = echo().await.port();
    let toml = terminating(([127, 0, 0, 1], port).into(), "")
        .replace(&format!("'127.0.0.1:{port}'"), &format!("'localhost:{port}'"));
    let edge = Edge::start(&toml);
    round_trip(&mut client(&edge).await).await;
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_given_up() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into())
        .unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    // A full queue: the kernel drops further attempts, as a machine that is off would.
    let _queued: Vec<_> = (0..8)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _pending = socket.connect(&address.into());
            socket
        })
        .collect();
    let edge = Edge::start(&terminating(address, "limits.connect_timeout = '150ms'"));
    let mut stream = client(&edge).await;
    assert!(read_all(&mut stream).await.is_empty());
    eventually("the failure is counted", || {
        edge.totals().connections.upstream_failures[UpstreamFailure::Timeout as usize] == 1
    })
    .await;
    edge.idle().await;
}

const TAIL: usize = 8_000_000;

/// Sends `TAIL` bytes and closes the connection below without a word, as many a server does.
async fn leave_rudely(mut stream: tokio_rustls::server::TlsStream<TcpStream>) {
    stream.write_all(&noise(9, TAIL)).await.unwrap();
    stream.flush().await.unwrap();
    stream.get_mut().0.shutdown().await.unwrap();
    let _ended = stream.read(&mut [0; 16]).await;
}

#[tokio::test]
async fn an_end_without_close_notify_costs_no_byte_and_does_not_look_like_an_end_in_order() {
    let origin = Origin::serving(&[HYBRID], &["127.0.0.1"], leave_rudely).await;
    let edge = Edge::start(&terminating(origin.address, &origin.trusted()));
    // A client with little room, so that much still waits in the edge when the origin is gone.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(edge.address("r")).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(listing(&[HYBRID])));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 14]);
    let end = loop {
        match soon("more", stream.read(&mut buffer)).await {
            Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
            end => break end,
        }
    };
    assert_eq!(bytes.len(), TAIL);
    assert!(bytes == noise(9, TAIL));
    assert!(end.is_err(), "that the origin did not say goodbye is passed on");
}

#[tokio::test]
async fn a_client_that_leaves_without_close_notify_is_heard_to_its_last_byte() {
    let (release, released) = tokio::sync::watch::channel(false);
    let (sums, mut sum) = tokio::sync::mpsc::unbounded_channel();
    let upstream = serving(move |stream| {
        let (mut released, sums) = (released.clone(), sums.clone());
        async move {
            released.wait_for(|released| *released).await.unwrap();
            sums.send(drain(stream).await).unwrap();
        }
    })
    .await;
    let edge = Edge::start(&terminating(upstream, ""));
    let mut stream = client(&edge).await;
    let sent = Arc::new(AtomicU64::new(0));
    let piece = noise(9, PIECE);
    let sending = async {
        for _ in 0..FLOOD / PIECE {
            stream.write_all(&piece).await.unwrap();
            sent.fetch_add(PIECE as u64, Ordering::Relaxed);
        }
        stream.flush().await.unwrap();
        stream.get_mut().0.shutdown().await.unwrap();
    };
    let releasing = async {
        settled(&sent).await;
        release.send_replace(true);
    };
    soon("all is sent", async { tokio::join!(sending, releasing) }).await;
    assert!(soon("what was heard", sum.recv()).await.unwrap() == flooded());
    assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
    edge.idle().await;
}
