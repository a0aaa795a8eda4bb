//! Connections to the API: how many there may be, and how long a client may take to say what it wants.
//!
//! Descriptors are shared with the store and the data plane, so whoever opens connections and says nothing must
//! not use them up: each has a time to send its request, and only so many are accepted at once.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Connections at once. Further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 4096;
/// From the end of one request, or the start of the connection, to the end of the next one's head.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long to wait when the system has no descriptor left.
const BREATH: Duration = Duration::from_millis(50);

/// Serves connections until told to stop; then those that are open finish what is in flight.
pub(crate) async fn serve(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut stop = stopping.clone();
    loop {
        let next = tokio::select! {
            next = accept(&listener, &room) => next,
            () = told(&mut stop) => break,
        };
        match next {
            Ok((stream, peer, place)) => {
                let connection = converse(stream, peer, router.clone(), stopping.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the API cannot accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Resolves with the order to stop, or when nobody is left to give it.
async fn told(stopping: &mut watch::Receiver<bool>) {
    let _told = stopping.wait_for(|stopping| *stopping).await;
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn converse(stream: TcpStream, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _hint = stream.set_nodelay(true);
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let connection = http.serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection to the API ended");
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn started() -> (SocketAddr, watch::Sender<bool>, impl Future<Output = ()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopping) = watch::channel(false);
        let router = Router::new().route("/", get(|| async { "well" }));
        (address, stop, serve(listener, router, stopping))
    }

    #[tokio::test]
    async fn who_does_not_say_what_it_wants_is_let_go() {
        let (address, _stop, serving) = started().await;
        let serving = tokio::spawn(serving);
        let mut client = TcpStream::connect(address).await.expect("it listens");
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n")
            .await
            .expect("sent");
        tokio::time::pause();
        let mut rest = Vec::new();
        let read = client.read_to_end(&mut rest).await;
        assert!(read.is_ok() || rest.is_empty(), "it is closed");
        serving.abort();
    }

    #[tokio::test]
    async fn what_is_in_flight_is_answered_after_the_order_to_stop() {
        let (address, stop, serving) = started().await;
        let serving = tokio::spawn(serving);
        let mut client = TcpStream::connect(address).await.expect("it listens");
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await
            .expect("sent");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.ends_with("well"), "{answer}");
        stop.send_replace(true);
        serving.await.expect("it ends");
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
    }
}
