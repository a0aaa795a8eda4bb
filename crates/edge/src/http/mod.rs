//! HTTP/1.1 and HTTP/2 with clients, HTTP/1.1 with the upstream, over hyper.
//!
//! One connection of a client is one task. When the process drains, the connection is told to finish
//! what it has begun (RFC 9112 §9.6, RFC 9113 §6.8) and then ends.

mod body;
mod forward;
mod headers;
pub(crate) mod pool;
mod reply;
mod upgrade;

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use crate::connection::Peer;
use crate::inbound::Inbound;
use crate::route::LiveRoute;
use crate::worker::Worker;

pub(crate) use forward::Exchange;

/// Time for the next request's head to be complete, the pause before it included (RFC 9110 §15.5.9).
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// Requests at once on one connection of HTTP/2 (RFC 9113 §5.1.2).
const STREAMS_MAX: u32 = 100;
/// What one request's head, or what waits for one slow reader, may take of memory, in bytes.
const BUFFER: usize = 64 * 1024;

/// Serves HTTP on a connection until it ends.
pub(crate) async fn serve(worker: &Rc<Worker>, route: &Rc<LiveRoute>, mut inbound: Inbound, peer: Peer) {
    let mut draining = worker.draining();
    tokio::select! {
        biased;
        first = inbound.first_byte() => if first.is_err() { return },
        () = tokio::time::sleep(HEAD_TIMEOUT) => return,
        _ = draining.wait_for(|draining| *draining) => {
            let _closed = inbound.shutdown().await;
            return;
        }
    }
    let http2 = peer.http2;
    let exchange = Rc::new(Exchange::new(Rc::clone(worker), Rc::clone(route), peer));
    let io = TokioIo::new(inbound);
    let served = Rc::clone(&exchange);
    let service = service_fn(move |request| {
        let exchange = Rc::clone(&served);
        async move { Ok::<_, std::convert::Infallible>(forward::forward(&exchange, request).await) }
    });
    let result = if http2 {
        let mut builder = http2::Builder::new(LocalExecutor);
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_send_buf_size(BUFFER);
        drive(builder.serve_connection(io, service), draining).await
    } else {
        let mut builder = http1::Builder::new();
        // Without half-close: a client that is gone is noticed while its upstream is silent, and takes
        // its upstream connection along.
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(BUFFER);
        drive(builder.serve_connection(io, service).with_upgrades(), draining).await
    };
    if let Err(error) = result {
        tracing::debug!(route = route.spec.config.name, %error, "a client's connection ended early");
    }
    exchange.tunnels_end().await;
}

/// A connection that can be asked to finish.
trait Drains: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<I, S, B> Drains for http1::UpgradeableConnection<I, S>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B> Drains for http2::Connection<I, S, LocalExecutor>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: 'static,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn drive(connection: impl Drains, mut draining: watch::Receiver<bool>) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        result = connection.as_mut() => return result,
        _ = draining.wait_for(|draining| *draining) => {}
    }
    connection.as_mut().finish();
    connection.await
}

/// Runs hyper's tasks on the core that the connection is on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            let _done = future.await;
        });
    }
}
