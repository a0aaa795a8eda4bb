//! Clients that go away while the upstream's handshake stalls: the handshake is on record nevertheless.
//! Every handshake that began has one record, whoever gave it up.

use hybridge_edge::arms::Arm;
use hybridge_edge::handshake::{Outcome, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::harness::upstream::serving;
use crate::harness::{Edge, route, soon};

/// An edge in front of an origin that reads our hello and says nothing, and a client whose request it has.
/// The handshake with the origin has begun.
async fn stalled() -> (Edge, TcpStream) {
    let (read, mut begun) = mpsc::unbounded_channel();
    let origin = serving(move |mut stream| {
        let read = read.clone();
        async move {
            let _hello = stream.read(&mut [0; 8]).await;
            let _sent = read.send(());
            std::future::pending::<()>().await;
        }
    });
    let extra = "mode = 'originate'\nprotocol = 'http'\nupstream.tls.danger_accept_any_certificate = true\nlimits.connect_timeout = '60s'";
    let edge = Edge::start(&format!(
        "process.cores = 1\nprocess.drain = '50ms'\n{}",
        route("r", origin.await, extra)
    ));
    let mut client = TcpStream::connect(edge.address("r")).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: r\r\n\r\n")
        .await
        .unwrap();
    soon("a hello at the origin", begun.recv()).await.unwrap();
    (edge, client)
}

#[tokio::test]
async fn a_handshake_that_its_client_gave_up_leaves_a_record() {
    let (edge, client) = stalled().await;
    drop(client);
    let record = edge.record().await;
    assert_eq!((record.outcome, record.side), (Outcome::Upstream, Side::Upstream));
    assert_eq!(record.arm, Some(Arm::Control));
    assert_eq!(edge.totals().tally(Side::Downstream, None).handshakes(), 0);
}

#[tokio::test]
async fn a_handshake_that_our_own_end_cuts_off_leaves_none() {
    let (edge, _client) = stalled().await;
    let handle = edge.handle.clone();
    drop(edge);
    assert_eq!(handle.handshakes(1).len(), 0);
}
