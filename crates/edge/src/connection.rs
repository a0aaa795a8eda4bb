//! One accepted connection of a terminating or originating route, from the first byte to the last.
//!
//! Limits first, then the ClientHello, then the choice (arm, rung, group), then the handshake; only
//! then is anything known upstream. The rest is the protocol's: see `relay` and `http`.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::admission::{self, Held};
use crate::arms::Arm;
use crate::attempt::Attempt;
use crate::client_auth::ClientCertificate;
use crate::config::{AcceptProxy, Protocol, SendProxy};
use crate::counters::Limit;
use crate::first_flight::{self, FirstFlight, NoHello, Received};
use crate::handshake::{Negotiated, Outcome, Side};
use crate::inbound::Inbound;
use crate::prefix::Prefix;
use crate::refusal;
use crate::route::LiveRoute;
use crate::wire::Wire;
use crate::worker::Worker;
use crate::{downstream, http, relay};

/// Who is at the other end of an accepted connection, and what was agreed.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The client's address, from the PROXY header if there was one.
    pub(crate) client: SocketAddr,
    /// Our own address.
    pub(crate) local: SocketAddr,
    /// The arm.
    pub(crate) arm: Arm,
    /// What TLS agreed on; empty on a plaintext connection.
    pub(crate) negotiated: Negotiated,
    /// Is the inside HTTP/2 (RFC 9113 §3.2)?
    pub(crate) http2: bool,
    /// The certificate that the client showed, verified.
    pub(crate) certificate: Option<ClientCertificate>,
}

/// Serves a connection until it ends.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    route: &Rc<LiveRoute>,
    stream: TcpStream,
    address: SocketAddr,
) {
    let Some(open) = admit(route) else { return };
    route.counters().connection_opened();
    let opened = OpenCount(route);
    // Boxed, so that what a handshake needs is given back before the long part begins.
    if let Some((inbound, peer)) = Box::pin(establish(worker, route, &open, stream, address)).await {
        let activity = inbound.wire().activity();
        let served = async {
            match route.spec.config.protocol {
                Protocol::Tcp => Box::pin(relay::serve(worker, route, inbound, &peer)).await,
                Protocol::Http => Box::pin(http::serve(worker, route, inbound, peer)).await,
            }
        };
        tokio::select! {
            () = served => {}
            () = activity.idle_for(route.spec.config.limits.idle_timeout) => {}
        }
    }
    drop((opened, open));
}

/// An accepted connection; counted as closed when this is dropped.
pub(crate) struct OpenCount<'a>(pub(crate) &'a LiveRoute);

impl Drop for OpenCount<'_> {
    fn drop(&mut self) {
        self.0.counters().connection_closed();
    }
}

/// Takes a place among the open connections.
pub(crate) fn admit(route: &LiveRoute) -> Option<Held> {
    let held = route.open.hold(admission::share(
        route.spec.config.limits.connections,
        route.cores,
    ));
    if held.is_none() {
        route.counters().limited(Limit::Connections);
    }
    held
}

/// An unfinished handshake; its place is free, and it is counted as ended, when this is dropped.
pub(crate) struct HalfOpen<'a> {
    route: &'a LiveRoute,
    place: Held,
}

impl Drop for HalfOpen<'_> {
    fn drop(&mut self) {
        self.route.counters().handshake_ended();
    }
}

/// Takes a place among the unfinished handshakes.
pub(crate) fn begin(route: &LiveRoute) -> Option<HalfOpen<'_>> {
    let limit = route.spec.config.limits.half_open;
    let Some(place) = route.half_open.hold(admission::share(limit, route.cores)) else {
        route.counters().limited(Limit::HalfOpen);
        return None;
    };
    route.counters().handshake_started();
    Some(HalfOpen { route, place })
}

/// Does the client's network, now known, have room for one more connection and handshake?
pub(crate) fn has_room(open: &Held, half_open: &HalfOpen<'_>, client: Prefix) -> bool {
    let (route, limits) = (half_open.route, &half_open.route.spec.config.limits);
    let share = |limit| admission::share(limit, route.cores);
    let refused = if !open.is_for(client, share(limits.connections_of_client())) {
        Limit::ConnectionsPerClient
    } else if !half_open
        .place
        .is_for(client, share(limits.half_open_of_client()))
    {
        Limit::HalfOpenPerClient
    } else {
        return true;
    };
    route.counters().limited(refused);
    false
}

/// Takes a token for a handshake of this attempt's client.
pub(crate) fn is_within_rate(route: &LiveRoute, attempt: &Attempt<'_>) -> bool {
    let granted = route
        .buckets
        .as_ref()
        .is_none_or(|buckets| buckets.take(attempt.prefix(), attempt.started()));
    if !granted {
        route.counters().limited(Limit::Rate);
    }
    granted
}

/// Brings a connection to where its protocol begins. `None`: it ended, and its record is written.
async fn establish(
    worker: &Worker,
    route: &LiveRoute,
    open: &Held,
    mut stream: TcpStream,
    address: SocketAddr,
) -> Option<(Inbound, Peer)> {
    let limits = &route.spec.config.limits;
    let half_open = begin(route)?;
    let local = local_address(route, &stream)?;
    let mut attempt = Attempt::begin(worker, route, Side::Downstream, address.ip());
    let mut received = Received::default();
    let mut client = address;
    if route.spec.config.accept_proxy == AcceptProxy::Required {
        let header = first_flight::read_proxy_header(&mut stream, &mut received);
        match timeout_at(deadline(&attempt, limits.hello_timeout), header).await {
            Ok(Ok(named)) => client = named.unwrap_or(address),
            Ok(Err(no_hello)) => return refuse(route, attempt, stream, &no_hello),
            Err(_) => return fail(attempt, Outcome::Timeout),
        }
        attempt.client_is(client.ip());
    }
    if !has_room(open, &half_open, attempt.prefix()) {
        attempt.dismiss();
        return None;
    }
    if !is_within_rate(route, &attempt) {
        return fail(attempt, Outcome::Policy);
    }
    let peer = Peer {
        client,
        local,
        arm: Arm::Control,
        negotiated: Negotiated::default(),
        http2: false,
        certificate: None,
    };
    if route.prepared.is_none() {
        let arm = route
            .spec
            .arms
            .load()
            .assign(&route.spec.salt, attempt.prefix(), None);
        attempt.dismiss();
        return Some((
            Inbound::Plain(Wire::new(stream, received.raw, route.meter())),
            Peer { arm, ..peer },
        ));
    }
    let order = route.spec.config.group_order();
    let hello = first_flight::read_hello(&mut stream, received, order, route.spec.certificates());
    match timeout_at(deadline(&attempt, limits.hello_timeout), hello).await {
        Ok(Ok(flight)) => handshake(attempt, route, stream, flight, peer).await,
        Ok(Err(no_hello)) => refuse(route, attempt, stream, &no_hello),
        Err(_) => fail(attempt, Outcome::Timeout),
    }
}

/// Our own address on this connection; asked of the system only where an upstream is told of it.
pub(crate) fn local_address(route: &LiveRoute, stream: &TcpStream) -> Option<SocketAddr> {
    let config = &route.spec.config;
    if config.upstream.send_proxy == SendProxy::Off {
        return Some(config.listen);
    }
    stream.local_addr().ok()
}

async fn handshake(
    mut attempt: Attempt<'_>,
    route: &LiveRoute,
    stream: TcpStream,
    flight: FirstFlight,
    peer: Peer,
) -> Option<(Inbound, Peer)> {
    attempt.hello_read(flight.offered);
    let deadline = deadline(&attempt, route.spec.config.limits.handshake_timeout);
    downstream::handshake(attempt, route, stream, flight, deadline)
        .await
        .map(|established| {
            let negotiated = established.negotiated;
            let peer = Peer {
                arm: established.arm,
                negotiated,
                http2: established.http2,
                certificate: established.certificate,
                ..peer
            };
            (Inbound::Tls(established.stream), peer)
        })
}

fn deadline(attempt: &Attempt<'_>, limit: Duration) -> Instant {
    Instant::from_std(attempt.started() + limit)
}

fn fail<T>(attempt: Attempt<'_>, outcome: Outcome) -> Option<T> {
    attempt.fail(outcome, None);
    None
}

/// Ends a connection that brought no ClientHello, with an answer its sender can read.
fn refuse<T>(route: &LiveRoute, attempt: Attempt<'_>, stream: TcpStream, no_hello: &NoHello) -> Option<T> {
    match no_hello {
        NoHello::Absent => {
            route.counters().hello_absent();
            attempt.dismiss();
        }
        NoHello::Incomplete => attempt.fail(Outcome::HelloIncomplete, None),
        NoHello::Foreign(_) | NoHello::Malformed | NoHello::TooLong => {
            let alert = refusal::alert(no_hello);
            attempt.fail(Outcome::HelloMalformed, alert);
            refusal::answer(&stream, no_hello, alert);
        }
    }
    None
}
