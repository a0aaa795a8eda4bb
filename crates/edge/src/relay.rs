//! Forwards bytes between a client and its upstream, whatever the protocol inside.
//!
//! A half-close travels: when one side has sent its last byte, the other side is told, and the
//! opposite direction goes on. What cannot be written is not read, so back-pressure travels too.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional_with_sizes};

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
pub(crate) async fn forward<A, B>(route: &LiveRoute, client: &mut A, upstream: &mut B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    if let Err(error) = copy_bidirectional_with_sizes(client, upstream, BUFFER, BUFFER).await {
        tracing::debug!(route = route.spec.config.name, %error, "a connection broke");
    }
}
