//! The TLS handshake with a client: chooses the arm, the rung and the prepared configuration from
//! the ClientHello, lets rustls do the work, and says how it ended.

use hybridge_hello::{AlertDescription, ProtocolVersion, SignatureScheme};
use hybridge_policy::{Choice, choose};
use rustls::ServerConnection;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::agreed::agreed;
use crate::arms::Arm;
use crate::attempt::Attempt;
use crate::client_auth::ClientCertificate;
use crate::first_flight::FirstFlight;
use crate::handshake::{Negotiated, Outcome};
use crate::refusal;
use crate::route::LiveRoute;
use crate::tls_error;
use crate::wire::{Sent, Wire};

/// A connection whose handshake is complete.
pub(crate) struct Established {
    pub(crate) stream: Box<TlsStream<Wire>>,
    pub(crate) negotiated: Negotiated,
    pub(crate) arm: Arm,
    pub(crate) http2: bool,
    pub(crate) certificate: Option<ClientCertificate>,
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
    // rustls would miss their signature_algorithms first, and say handshake_failure (RFC 5246 §E.1).
    if flight.offered.version < ProtocolVersion::TLS_1_2 {
        let alert = AlertDescription::PROTOCOL_VERSION;
        return turn_away(attempt, &stream, Outcome::AlertOut, alert);
    }
    let config = match choose(rung, &flight.offer, route.spec.config.group_order()) {
        Choice::Group(group) => prepared.group(group),
        Choice::Legacy => prepared.legacy(),
        Choice::Refuse(_) => None,
    };
    let Some(config) = config else {
        let alert = AlertDescription::INSUFFICIENT_SECURITY;
        return turn_away(attempt, &stream, Outcome::Policy, alert);
    };
    let acceptor = TlsAcceptor::from(std::sync::Arc::clone(config));
    let wire = Wire::new(stream, flight.raw, route.meter());
    let activity = wire.activity();
    let accept = acceptor.accept(wire).into_fallible();
    let (outcome, alert) = match timeout_at(deadline, accept).await {
        Ok(Ok(stream)) => return Some(establish(attempt, stream, arm, flight.scheme)),
        Ok(Err((error, wire))) => classify(&error, &wire),
        Err(_) => (Outcome::Timeout, None),
    };
    let retry = activity.retried();
    attempt.end(
        outcome,
        alert,
        Negotiated {
            retry,
            ..Negotiated::default()
        },
    );
    None
}

/// Ends a handshake that need not begin.
fn turn_away(
    attempt: Attempt<'_>,
    stream: &TcpStream,
    outcome: Outcome,
    alert: AlertDescription,
) -> Option<Established> {
    refusal::send_alert(stream, alert.0);
    attempt.fail(outcome, Some(alert.0));
    None
}

fn establish(
    attempt: Attempt<'_>,
    stream: TlsStream<Wire>,
    arm: Arm,
    scheme: Option<SignatureScheme>,
) -> Established {
    let (wire, connection) = stream.get_ref();
    let negotiated = negotiated(connection, wire, scheme);
    let http2 = connection.alpn_protocol() == Some(b"h2");
    let certificate = ClientCertificate::of(connection.peer_certificates());
    attempt.succeed(negotiated);
    Established {
        stream: Box::new(stream),
        negotiated,
        arm,
        http2,
        certificate,
    }
}

/// The library does not report a retry on resumption; the wire has seen it.
fn negotiated(connection: &ServerConnection, wire: &Wire, scheme: Option<SignatureScheme>) -> Negotiated {
    let agreed = agreed(connection);
    Negotiated {
        scheme: scheme.filter(|_| !agreed.resumed),
        retry: wire.activity().retried(),
        ..agreed
    }
}

/// How a failed handshake ended, from the library's error and from what had been sent.
fn classify(error: &std::io::Error, wire: &Wire) -> (Outcome, Option<u8>) {
    match tls_error::cause(error) {
        Some(rustls::Error::AlertReceived(alert)) => (Outcome::AlertIn, Some(u8::from(*alert))),
        Some(cause) => (
            Outcome::AlertOut,
            wire.alert().or_else(|| tls_error::alert_sent(cause)),
        ),
        None => match wire.sent() {
            Sent::Nothing => (Outcome::HelloIncomplete, None),
            Sent::Retry => (Outcome::AfterRetry, None),
            Sent::ServerHello => (Outcome::AfterServerHello, None),
        },
    }
}
