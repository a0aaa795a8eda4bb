//! Connections that we open: to an upstream, plaintext or TLS, with or without a PROXY header.
//!
//! A TLS handshake of ours is recorded like a client's, on the side `upstream`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hybridge_hello::{ClientHello, Progress, locate_client_hello};
use hybridge_policy::Group;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{Connect, TlsConnector};

use crate::agreed::agreed;
use crate::attempt::Attempt;
use crate::clock;
use crate::connection::Peer;
use crate::counters::UpstreamFailure;
use crate::first_flight;
use crate::handshake::{Offered, Outcome, Side, SniClass};
use crate::inbound::delegate_io;
use crate::proxy_header;
use crate::route::LiveRoute;
use crate::tls_error;
use crate::worker::Worker;

/// A connection to an upstream.
pub(crate) enum Outbound {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

delegate_io!(Outbound);

/// Why there is no connection to the upstream.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// The name does not resolve, or nobody answers.
    Unreachable(io::Error),
    /// The TLS handshake failed.
    Tls(io::Error),
    /// It took too long.
    Timeout,
}

impl ConnectError {
    /// The kind, for the metrics.
    pub(crate) const fn kind(&self) -> UpstreamFailure {
        match self {
            Self::Unreachable(_) => UpstreamFailure::Connect,
            Self::Tls(_) => UpstreamFailure::Tls,
            Self::Timeout => UpstreamFailure::Timeout,
        }
    }
}

impl ConnectError {
    /// What a stranger may know: the rest is in the log.
    pub(crate) const fn in_public(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "the upstream cannot be reached",
            Self::Tls(_) => "the upstream's TLS handshake failed",
            Self::Timeout => "the upstream did not answer in time",
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "cannot connect: {error}"),
            Self::Tls(error) => write!(f, "the TLS handshake failed: {error}"),
            Self::Timeout => f.write_str("timed out"),
        }
    }
}

/// Connects to the route's upstream on behalf of a client.
///
/// # Errors
/// See `ConnectError`; it is counted and logged here.
pub(crate) async fn connect(
    worker: &Worker,
    route: &LiveRoute,
    peer: &Peer,
) -> Result<Outbound, ConnectError> {
    let deadline = Instant::from_std(clock::monotonic() + route.spec.config.limits.connect_timeout);
    let result = open(worker, route, peer, deadline).await;
    if let Err(error) = &result {
        route.counters().upstream_failure(error.kind());
        let (name, upstream) = (&route.spec.config.name, &route.spec.config.upstream.address);
        tracing::warn!(route = name, upstream, "upstream: {error}");
    }
    result
}

async fn open(
    worker: &Worker,
    route: &LiveRoute,
    peer: &Peer,
    deadline: Instant,
) -> Result<Outbound, ConnectError> {
    let stream = match timeout_at(deadline, greet(route, peer)).await {
        Ok(greeted) => greeted.map_err(ConnectError::Unreachable)?,
        Err(_) => return Err(ConnectError::Timeout),
    };
    let rung = route.upstream_rung(peer.arm);
    match route.client_config(peer.arm, rung) {
        None => Ok(Outbound::Plain(stream)),
        Some(config) => {
            let name = server_name(route).map_err(ConnectError::Tls)?;
            let mut attempt = Attempt::begin(worker, route, Side::Upstream, peer.client.ip());
            attempt.in_arm(peer.arm, rung);
            let connector = TlsConnector::from(Arc::clone(config));
            let connecting = start(&mut attempt, route, &connector, name, stream);
            secure(attempt, connecting, deadline).await
        }
    }
}

/// Connects, and says who the client is where the upstream wants to know.
async fn greet(route: &LiveRoute, peer: &Peer) -> io::Result<TcpStream> {
    let upstream = &route.spec.config.upstream;
    let mut stream = dial(&upstream.address).await?;
    let header = proxy_header::write(upstream.send_proxy, peer.client, peer.local);
    if !header.is_empty() {
        stream.write_all(&header).await?;
    }
    Ok(stream)
}

async fn dial(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A handshake that is about to begin: its hello is taken from rustls, so that the record can say
/// what it really offers, which depends on what the server chose before.
struct Connecting {
    handshake: Connect<TcpStream>,
    hello: Vec<u8>,
}

fn start(
    attempt: &mut Attempt<'_>,
    route: &LiveRoute,
    connector: &TlsConnector,
    name: ServerName<'static>,
    stream: TcpStream,
) -> Connecting {
    let mut hello = Vec::new();
    let handshake = connector.connect_with(name, stream, |connection| {
        // Writing to memory does not fail.
        let _written = connection.write_tls(&mut hello);
    });
    if let Some(offered) = our_offer(&hello, route.spec.config.group_order()) {
        attempt.hello_read(offered);
    }
    Connecting { handshake, hello }
}

impl Connecting {
    async fn run(mut self) -> io::Result<TlsStream<TcpStream>> {
        if let Some(stream) = self.handshake.get_mut() {
            stream.write_all(&self.hello).await?;
        }
        self.handshake.await
    }
}

async fn secure(
    attempt: Attempt<'_>,
    connecting: Connecting,
    deadline: Instant,
) -> Result<Outbound, ConnectError> {
    match timeout_at(deadline, connecting.run()).await {
        Ok(Ok(stream)) => {
            attempt.succeed(agreed(stream.get_ref().1));
            Ok(Outbound::Tls(Box::new(stream)))
        }
        Ok(Err(error)) => {
            let (outcome, alert) = classify(&error);
            attempt.fail(outcome, alert);
            Err(ConnectError::Tls(error))
        }
        Err(_) => {
            attempt.fail(Outcome::Timeout, None);
            Err(ConnectError::Timeout)
        }
    }
}

/// The name we verify: as configured, else the host of the address.
fn server_name(route: &LiveRoute) -> io::Result<ServerName<'static>> {
    let upstream = &route.spec.config.upstream;
    let named = upstream.tls.as_ref().and_then(|tls| tls.name.as_deref());
    let host = named.unwrap_or_else(|| host_of(&upstream.address)).to_owned();
    ServerName::try_from(host).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// `HOST` of `HOST:PORT`, without the brackets of an IPv6 address.
pub(crate) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// What our own ClientHello offers.
fn our_offer(flight: &[u8], order: &[Group]) -> Option<Offered> {
    let mut scratch = Vec::new();
    let Progress::Complete(located) = locate_client_hello(flight, &mut scratch) else {
        return None;
    };
    let hello = ClientHello::parse(located.message).ok()?;
    Some(Offered {
        sni: SniClass::Known,
        fingerprints: None,
        segments: 0,
        records: 0,
        ..first_flight::offered(&hello, &first_flight::offer(&hello, order), None)
    })
}

fn classify(error: &io::Error) -> (Outcome, Option<u8>) {
    match tls_error::cause(error) {
        Some(rustls::Error::AlertReceived(alert)) => (Outcome::AlertIn, Some(u8::from(*alert))),
        Some(cause) => (Outcome::AlertOut, tls_error::alert_sent(cause)),
        None => (Outcome::Upstream, None),
    }
}
