//! A crowd for a few seconds: clients that leave at random, an upstream that dies at random, reloads
//! and a drain in the middle of it. Afterwards nothing is held any more, and no byte was wrong.
//!
//! A failure prints the seed of the client that saw it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hybridge_edge::arms::Arms;
use hybridge_policy::{Group, Rung};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use crate::harness::client::{HYBRID, X};
use crate::harness::hello::{in_one_record, offering};
use crate::harness::http::{Upstream, get, get2, http1, http2, tls};
use crate::harness::stream::{Checksum, Random, noise};
use crate::harness::{CERTIFICATE, Edge, connect, echo, eventually, make_certificate, soon, terminating};

const CROWD: u64 = 200;
const SOAK: Duration = Duration::from_millis(2500);

/// Sockets of this machine that a process holds, of connections to or from one of these ports.
fn held(ports: &[u16]) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = |address: &str| u16::from_str_radix(address.rsplit_once(':').unwrap().1, 16).unwrap();
    let mine = |line: &&str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (listens, orphaned) = (fields[3] == "0A", fields[9] == "0");
        let ours = ports.contains(&port(fields[1])) || ports.contains(&port(fields[2]));
        ours && !listens && !orphaned
    };
    table.lines().skip(1).filter(mine).count()
}

fn reset(stream: &TcpStream) {
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Sends noise and takes what comes back; all that comes back must be right. `None`: it broke off.
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), seed: u64, size: usize) -> Option<()> {
    let sent = noise(seed, size);
    let mut back = Vec::with_capacity(size);
    let (read, mut write) = tokio::io::split(stream);
    let send = async {
        write.write_all(&sent).await?;
        write.flush().await
    };
    let mut read = read.take(size as u64);
    let (said, heard) = tokio::join!(send, read.read_to_end(&mut back));
    assert!(sent.starts_with(&back), "seed {seed}: wrong bytes");
    (said.is_ok() && heard.is_ok() && back.len() == size).then_some(())
}

/// An echo that resets one connection in eight in the middle, and is not there at all now and then.
async fn mortal() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut listener = Some(listener);
        loop {
            let alive = listener.take().unwrap();
            let _over = tokio::time::timeout(Duration::from_millis(700), lives(&alive)).await;
            drop(alive);
            tokio::time::sleep(Duration::from_millis(60)).await;
            listener = Some(TcpListener::bind(address).await.unwrap());
        }
    });
    address
}

async fn lives(listener: &TcpListener) {
    let mut seed = 0;
    while let Ok((stream, _)) = listener.accept().await {
        seed += 1;
        tokio::spawn(echo_until(stream, Random::new(seed)));
    }
}

async fn echo_until(mut stream: TcpStream, mut random: Random) {
    let limit = if random.below(8) == 0 {
        random.below(200_000)
    } else {
        u64::MAX
    };
    let (read, mut write) = stream.split();
    let copied = tokio::io::copy(&mut read.take(limit), &mut write).await;
    if copied.is_ok_and(|copied| copied == limit) {
        reset(&stream);
    } else {
        let _closed = stream.shutdown().await;
    }
}

#[derive(Debug, Default)]
struct Tally {
    exchanges: AtomicUsize,
    broken: AtomicUsize,
    ended: AtomicUsize,
}

/// One client after the other in one place of the crowd.
async fn come_and_go(address: SocketAddr, seed: u64, tally: Arc<Tally>) {
    let (mut random, until) = (Random::new(seed), Instant::now() + SOAK);
    while Instant::now() < until {
        if random.below(10) == 0 {
            leave_early(address, &mut random).await;
            continue;
        }
        let groups: &[Group] = [&[HYBRID, X][..], &[X, HYBRID], &[X], &[HYBRID]][random.index(4)];
        match connect(address, groups).await {
            Ok(stream) => visit(stream, &mut random, &tally).await,
            Err(_) => drop(tally.broken.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

async fn visit(mut stream: TlsStream<TcpStream>, random: &mut Random, tally: &Tally) {
    for _ in 0..random.below(5) {
        let size = random.size(16);
        let whole = soon(
            "an exchange or its end",
            exchange(&mut stream, random.next(), size),
        )
        .await;
        if whole.is_none() {
            tally.broken.fetch_add(1, Ordering::Relaxed);
            return;
        }
        tally.exchanges.fetch_add(1, Ordering::Relaxed);
    }
    match random.below(4) {
        0 => reset(stream.get_ref().0),
        1 => {
            // Leaves in the middle of an exchange.
            let _sent = stream.write_all(&noise(1, 50_000)).await;
            reset(stream.get_ref().0);
        }
        2 => {}
        _ => {
            let (mut rest, closed) = (Vec::new(), stream.shutdown().await);
            let ended = soon("the end", stream.read_to_end(&mut rest)).await;
            assert!(rest.is_empty());
            tally
                .ended
                .fetch_add(usize::from(closed.is_ok() && ended.is_ok()), Ordering::Relaxed);
        }
    }
}

/// Leaves in the middle of the handshake, or before it.
async fn leave_early(address: SocketAddr, random: &mut Random) {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return;
    };
    let hello = in_one_record(&offering(&[0x11ec, 0x1d], &[0x1d]));
    let _sent = stream
        .write_all(&hello[..random.index(hello.len() as u64 + 1)])
        .await;
    if random.below(2) == 0 {
        reset(&stream);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_leaves_at_random_leaves_nothing_behind() {
    let upstream = mortal().await;
    let toml = terminating(upstream, "rung = 'upgrade'").replace("cores = 1", "cores = 2");
    let edge = Edge::start(&toml);
    let address = edge.address("r");
    let tally = Arc::new(Tally::default());
    let mut crowd = JoinSet::new();
    for seed in 0..CROWD {
        crowd.spawn(come_and_go(address, seed, Arc::clone(&tally)));
    }
    // What looks for leaks must be able to see a socket.
    eventually("sockets are held", || {
        held(&[address.port(), upstream.port()]) > 0
    })
    .await;
    while let Some(client) = crowd.join_next().await {
        client.unwrap();
    }
    edge.idle().await;
    let connections = edge.totals().connections;
    assert_eq!((connections.open(), connections.half_open()), (0, 0));
    eventually("no socket is held", || {
        held(&[address.port(), upstream.port()]) == 0
    })
    .await;
    let counts = [&tally.exchanges, &tally.broken, &tally.ended].map(|count| count.load(Ordering::Relaxed));
    assert!(
        counts.iter().all(|count| *count > 10),
        "the soak met everything: {counts:?}"
    );
}

/// One HTTP client after the other, some of which leave in the middle.
async fn browse(edge: &Edge, seed: u64, whole: &AtomicUsize) {
    let (mut random, until) = (Random::new(seed), Instant::now() + Duration::from_millis(1500));
    while Instant::now() < until {
        let size = random.size(18);
        let path = format!("/noise/{size}");
        let response = match random.below(3) {
            0 => http1(edge).await.send_request(get(&path)).await,
            1 => http2(edge).await.send_request(get2(&path)).await,
            _ => {
                let mut stream = tls(edge, &[]).await;
                let stuck = format!(
                    "GET {} HTTP/1.1\r\nHost: a\r\n\r\n",
                    ["/stuck", &path][random.index(2)]
                );
                stream.write_all(stuck.as_bytes()).await.unwrap();
                reset(stream.get_ref().0);
                continue;
            }
        };
        let response = response.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(response.status(), 200);
        if random.below(4) > 0 {
            let body = crate::harness::http::bytes(response).await;
            assert!(
                Checksum::of(&body) == Checksum::of(&noise(7, size)),
                "seed {seed}: wrong bytes"
            );
            whole.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_that_leave_at_random_leave_nothing_behind_but_a_pool() {
    let upstream = Upstream::start().await;
    let edge = Arc::new(upstream.edge("limits = { response_timeout = '5s' }"));
    let (address, whole) = (edge.address("r"), Arc::new(AtomicUsize::new(0)));
    let mut crowd = JoinSet::new();
    for seed in 0..40 {
        let (edge, whole) = (Arc::clone(&edge), Arc::clone(&whole));
        crowd.spawn(async move { browse(&edge, seed, &whole).await });
    }
    while let Some(client) = crowd.join_next().await {
        client.unwrap();
    }
    assert!(whole.load(Ordering::Relaxed) > 40);
    edge.idle().await;
    eventually("no client's socket is held", || held(&[address.port()]) == 0).await;
    assert_eq!(edge.totals().connections.upstream_failures, [0; 4]);
    drop(edge);
    eventually("the pool is gone with the edge", || upstream.open() == 0).await;
}

fn half(rung: Rung) -> Arms {
    Arms {
        canary: Rung::Upgrade,
        weight: 5000,
        ..Arms::uniform(rung)
    }
}

/// What the crowd of a reload is told.
#[derive(Default)]
struct Signals {
    draining: AtomicBool,
    exchanges: AtomicUsize,
    refused: AtomicUsize,
}

/// Exchanges without a failure, on new connections now and then, until the drain; the exchange that is
/// under way then is finished.
async fn insist(address: SocketAddr, seed: u64, signals: Arc<Signals>) {
    let mut random = Random::new(seed);
    while !signals.draining.load(Ordering::Acquire) {
        let mut stream = match connect(address, &[HYBRID, X]).await {
            Ok(stream) => stream,
            Err(error) => {
                assert!(signals.draining.load(Ordering::Acquire), "seed {seed}: {error}");
                signals.refused.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        for _ in 0..10 {
            let size = random.index(60_000);
            let whole = soon("an exchange", exchange(&mut stream, random.next(), size)).await;
            assert!(whole.is_some(), "seed {seed}: an exchange broke off");
            signals.exchanges.fetch_add(1, Ordering::Relaxed);
        }
        stream.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_and_a_drain_under_load_drop_nothing() {
    let (upstream, other) = (echo().await, echo().await);
    let toml = terminating(upstream, "")
        .replace("cores = 1", "cores = 2")
        .replace("'200ms'", "'20s'");
    let mut edge = Edge::start(&toml);
    let (address, signals) = (edge.address("r"), Arc::new(Signals::default()));
    let mut crowd = JoinSet::new();
    for seed in 0..60 {
        crowd.spawn(insist(address, seed, Arc::clone(&signals)));
    }
    let second = crate::harness::route("second", upstream, CERTIFICATE);
    let rungs = [Rung::Classical, Rung::Upgrade, Rung::Accept];
    for round in 0..30 {
        let before = signals.exchanges.load(Ordering::Relaxed);
        match round % 3 {
            0 => make_certificate(
                edge.directory.path(),
                "leaf",
                &["localhost"],
                &rcgen::PKCS_ED25519,
            ),
            1 => drop(edge.handle.set_arms("r", half(rungs[round % 2]))),
            _ => edge.set_rung(rungs[round % 2]),
        }
        let extra = if round % 2 == 0 { second.as_str() } else { "" };
        let config = edge.config(
            &(toml.replace(&upstream.to_string(), &[upstream, other][round % 2].to_string()) + extra),
        );
        edge.handle.reload(config).unwrap();
        eventually("exchanges go on", || {
            signals.exchanges.load(Ordering::Relaxed) >= before + 60
        })
        .await;
    }
    signals.draining.store(true, Ordering::Release);
    edge.begin_stop();
    while let Some(client) = crowd.join_next().await {
        client.unwrap();
    }
    eventually("the edge has ended", || edge.has_stopped()).await;
    eventually("no socket is held", || {
        held(&[address.port(), upstream.port(), other.port()]) == 0
    })
    .await;
}
