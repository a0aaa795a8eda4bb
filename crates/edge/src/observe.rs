//! Mode `observe`: forwards bytes untouched and reads the hellos that pass, in both directions.
//!
//! It sees what any TLS server behind it negotiates, without its keys, and changes nothing: no
//! deadline but the idle one, no alert of ours. The route's limits hold here too; a handshake is
//! unfinished until the watch knows how it ended. What is encrypted is judged by its outside.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::arms::Arm;
use crate::attempt::Attempt;
use crate::config::AcceptProxy;
use crate::connection::{HalfOpen, OpenCount, Peer, admit, begin, has_room, is_within_rate, local_address};
use crate::first_flight::{self, NoHello, Received};
use crate::handshake::{Negotiated, Outcome, Side};
use crate::outbound;
use crate::relay;
use crate::route::LiveRoute;
use crate::watch::{Ended, Watch};
use crate::wire::{Activity, Wire};
use crate::worker::Worker;

/// Serves a connection until it ends.
pub(crate) async fn serve(
    worker: &Worker,
    route: &Rc<LiveRoute>,
    mut stream: TcpStream,
    address: SocketAddr,
) {
    let Some(open) = admit(route) else { return };
    let Some(local) = local_address(route, &stream) else {
        return;
    };
    route.counters().connection_opened();
    let _closing = OpenCount(route);
    let Some(half_open) = begin(route) else { return };
    let mut attempt = Attempt::begin(worker, route, Side::Downstream, address.ip());
    let mut received = Received::default();
    let client = match named(route, &mut stream, &mut received).await {
        Ok(client) => client.unwrap_or(address),
        Err(Some(outcome)) => return attempt.fail(outcome, None),
        Err(None) => {
            route.counters().hello_absent();
            return attempt.dismiss();
        }
    };
    attempt.client_is(client.ip());
    if !has_room(&open, &half_open, attempt.prefix()) {
        return attempt.dismiss();
    }
    if !is_within_rate(route, &attempt) {
        return attempt.fail(Outcome::Policy, None);
    }
    let peer = Peer {
        client,
        local,
        arm: Arm::Control,
        negotiated: Negotiated::default(),
        http2: false,
        certificate: None,
    };
    let wire = Wire::new(stream, received.raw, route.meter());
    watch(worker, wire, (attempt, half_open), route, &peer).await;
}

/// The client's address from the PROXY header, if one is expected and names one; without a header how
/// that ended, unless not one byte came.
async fn named(
    route: &LiveRoute,
    stream: &mut TcpStream,
    received: &mut Received,
) -> Result<Option<SocketAddr>, Option<Outcome>> {
    let config = &route.spec.config;
    if config.accept_proxy == AcceptProxy::Off {
        return Ok(None);
    }
    let header = first_flight::read_proxy_header(stream, received);
    match tokio::time::timeout(config.limits.hello_timeout, header).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(NoHello::Absent)) => Err(None),
        Ok(Err(NoHello::Incomplete)) => Err(Some(Outcome::HelloIncomplete)),
        Ok(Err(_)) => Err(Some(Outcome::HelloMalformed)),
        Err(_) => Err(Some(Outcome::Timeout)),
    }
}

async fn watch<'a>(
    worker: &Worker,
    wire: Wire,
    (attempt, half_open): (Attempt<'a>, HalfOpen<'a>),
    route: &'a LiveRoute,
    peer: &Peer,
) {
    let activity: Activity = wire.activity();
    let mut client = Watched {
        wire,
        watch: Watch::new(route.spec.config.group_order()),
        attempt: Some(attempt),
        half_open: Some(half_open),
        route,
    };
    let Ok(mut upstream) = outbound::connect(worker, route, peer).await else {
        client.end(Outcome::Upstream);
        return;
    };
    tokio::select! {
        () = relay::forward(route, &mut client, &mut upstream) => {}
        () = activity.idle_for(route.spec.config.limits.idle_timeout) => client.give_up(),
    }
    client.close();
}

/// The client's stream with a watch on both directions.
struct Watched<'a> {
    wire: Wire,
    watch: Watch<'a>,
    attempt: Option<Attempt<'a>>,
    /// There as long as the attempt is.
    half_open: Option<HalfOpen<'a>>,
    route: &'a LiveRoute,
}

impl Watched<'_> {
    /// Writes the record once the watch knows how the handshake ended.
    fn note(&mut self) {
        if let Some(attempt) = &mut self.attempt
            && let Some(offered) = self.watch.take_offered()
        {
            attempt.watched();
            attempt.hello_read(offered);
        }
        if let Some(Ended { outcome, alert }) = self.watch.ended() {
            let negotiated = self.watch.negotiated();
            if let Some(attempt) = self.attempt.take() {
                attempt.end(outcome, alert, negotiated);
            }
            self.half_open = None;
            self.watch.stop();
        }
    }

    fn end(&mut self, outcome: Outcome) {
        let negotiated = self.watch.negotiated();
        if let Some(attempt) = self.attempt.take() {
            attempt.end(outcome, None, negotiated);
        }
    }

    /// Nothing has passed for too long.
    fn give_up(&mut self) {
        if self.watch.closed().is_some() {
            self.end(Outcome::Timeout);
        }
    }

    /// The connection is over; if the handshake was not, that is how it ended.
    fn close(mut self) {
        match self.watch.closed() {
            Some(outcome) => self.end(outcome),
            None => {
                if let Some(attempt) = self.attempt.take() {
                    self.route.counters().hello_absent();
                    attempt.dismiss();
                }
            }
        }
    }
}

impl AsyncRead for Watched<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buffer))?;
        if self.attempt.is_some() {
            self.watch.client_sent(&buffer.filled()[before..]);
            self.note();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.wire).poll_write(cx, bytes))?;
        if self.attempt.is_some() {
            self.watch.server_sent(&bytes[..written]);
            self.note();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
