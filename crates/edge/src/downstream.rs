//! The TLS handshake with a client: chooses the arm, the rung and the prepared configuration from
//! the ClientHello, lets rustls do the work, and says how it ended.

use hybridge_hello::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use hybridge_policy::{Choice, choose};
use rustls::{HandshakeKind, ServerConnection};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::arms::Arm;
use crate::attempt::Attempt;
use crate::first_flight::FirstFlight;
use crate::handshake::{Negotiated, Outcome};
use crate::refusal;
use crate::route::LiveRoute;
use crate::wire::{Sent, Wire};

/// A connection whose handshake is complete.
pub(crate) struct Established {
    pub(crate) stream: Box<TlsStream<Wire>>,
    pub(crate) negotiated: Negotiated,
    pub(crate) arm: Arm,
    pub(crate) http2: bool,
}

/// Runs the handshake; on failure the record is written and the client has its alert.
pub(crate) async fn handshake(
    mut attempt: Attempt<'_>,
    route: &LiveRoute,
    stream: TcpStream,
    flight: FirstFlight,
    deadline: Instant,
) -> Option<Established> {
    let prepared = route.prepared.as_ref()?;
    let arms = route.spec.arms.load();
    let fingerprint = flight.offered.fingerprints.as_ref().map(|(_, stable)| stable);
    let arm = arms.assign(&route.spec.salt, attempt.prefix(), fingerprint);
    // An originating route's rung is about the other side; towards its own clients it does its best.
    let rung = route.downstream_rung(&arms, arm);
    attempt.in_arm(arm, rung);
    let config = match choose(rung, &flight.offer, route.spec.config.group_order()) {
        Choice::Group(group) => prepared.group(group),
        Choice::Legacy => prepared.legacy(),
        Choice::Refuse(_) => {
            let alert = AlertDescription::INSUFFICIENT_SECURITY.0;
            refusal::send_alert(&stream, alert);
            attempt.fail(Outcome::Policy, Some(alert));
            return None;
        }
    };
    let acceptor = TlsAcceptor::from(std::sync::Arc::clone(config));
    let accept = acceptor
        .accept(Wire::new(stream, flight.raw, route.meter()))
        .into_fallible();
    match timeout_at(deadline, accept).await {
        Ok(Ok(stream)) => {
            let (wire, connection) = stream.get_ref();
            let negotiated = negotiated(connection, wire, flight.scheme);
            let http2 = connection.alpn_protocol() == Some(b"h2");
            attempt.succeed(negotiated);
            Some(Established {
                stream: Box::new(stream),
                negotiated,
                arm,
                http2,
            })
        }
        Ok(Err((error, wire))) => {
            let (outcome, alert) = classify(&error, &wire);
            attempt.end(
                outcome,
                alert,
                Negotiated {
                    retry: wire.retried(),
                    ..Negotiated::default()
                },
            );
            None
        }
        Err(_) => {
            attempt.fail(Outcome::Timeout, None);
            None
        }
    }
}

fn negotiated(connection: &ServerConnection, wire: &Wire, scheme: Option<SignatureScheme>) -> Negotiated {
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    Negotiated {
        group: connection
            .negotiated_key_exchange_group()
            .map(|group| NamedGroup(u16::from(group.name()))),
        version: connection
            .protocol_version()
            .map(|version| ProtocolVersion(u16::from(version))),
        suite: connection
            .negotiated_cipher_suite()
            .map(|suite| CipherSuite(u16::from(suite.suite()))),
        scheme: scheme.filter(|_| !resumed),
        retry: wire.retried(),
        resumed,
    }
}

/// How a failed handshake ended, from the library's error and from what had been sent.
fn classify(error: &std::io::Error, wire: &Wire) -> (Outcome, Option<u8>) {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::AlertReceived(alert)) => (Outcome::AlertIn, Some(u8::from(*alert))),
        Some(_) => (Outcome::AlertOut, wire.alert()),
        None => match wire.sent() {
            Sent::Nothing => (Outcome::HelloIncomplete, None),
            Sent::Retry => (Outcome::AfterRetry, None),
            Sent::ServerHello => (Outcome::AfterServerHello, None),
        },
    }
}
