//! Forwards bytes between a client and its upstream, whatever the protocol inside.
//!
//! A half-close travels: when one side has sent its last byte, the other side is told, and the
//! opposite direction goes on. What cannot be written is not read, so back-pressure travels too.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional_with_sizes};

use crate::connection::Peer;
use crate::inbound::Inbound;
use crate::outbound;
use crate::route::LiveRoute;
use crate::worker::Worker;

/// Bytes in flight per direction: one TLS record.
const BUFFER: usize = 16 * 1024;

/// Connects to the upstream and forwards until both sides are done.
pub(crate) async fn serve(worker: &Worker, route: &LiveRoute, mut inbound: Inbound, peer: &Peer) {
    match outbound::connect(worker, route, peer).await {
        Ok(mut outbound) => forward(route, &mut inbound, &mut outbound).await,
        Err(_) => {
            let _closed = inbound.shutdown().await;
        }
    }
}

/// Forwards between two streams until both have sent their last byte, or one breaks.
///
/// Who leaves without TLS' goodbye has everything delivered that it sent, and then the other side is
/// left in the same way: it must not take a cut for an end (RFC 8446 §6.1).
pub(crate) async fn forward<A, B>(route: &LiveRoute, client: &mut A, upstream: &mut B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (by_client, by_upstream) = (Cell::new(false), Cell::new(false));
    let mut client = Side {
        io: client,
        cut: &by_client,
        other_cut: &by_upstream,
    };
    let mut upstream = Side {
        io: upstream,
        cut: &by_upstream,
        other_cut: &by_client,
    };
    if let Err(error) = copy_bidirectional_with_sizes(&mut client, &mut upstream, BUFFER, BUFFER).await {
        tracing::debug!(route = route.spec.config.name, %error, "a connection broke");
    }
}

/// One side of a connection: a cut is read as an end, so that what came before it is still written,
/// and where the other side was cut no end is written.
struct Side<'a, S> {
    io: &'a mut S,
    cut: &'a Cell<bool>,
    other_cut: &'a Cell<bool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Side<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut *self.io).poll_read(cx, buffer)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.cut.set(true);
                Poll::Ready(Ok(()))
            }
            read => Poll::Ready(read),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Side<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.other_cut.get() {
            ready!(Pin::new(&mut *self.io).poll_flush(cx))?;
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        Pin::new(&mut *self.io).poll_shutdown(cx)
    }
}
