//! Sessions that are resumed: recorded as such, with their own key exchange (RFC 8446 §2.2) and
//! without a signature; and what must not be resumed.

use std::sync::Arc;

use hybridge_edge::handshake::{Handshake, Outcome};
use hybridge_policy::Rung;
use rustls::client::{Resumption, Tls12Resumption};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind};

use crate::harness::client::{HYBRID, speaking};
use crate::harness::{Edge, connect_with, echo, round_trip, terminating};

/// Connects with bytes both ways, so that the session's ticket arrives; is it a resumption?
async fn visit(edge: &Edge, config: &Arc<ClientConfig>) -> bool {
    let mut stream = connect_with(edge.address("r"), Arc::clone(config)).await.unwrap();
    round_trip(&mut stream).await;
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}

async fn visit_twice(edge: &Edge, config: ClientConfig) -> [Handshake; 2] {
    let config = Arc::new(config);
    assert!(!visit(edge, &config).await);
    assert!(visit(edge, &config).await);
    let records = edge.handshakes(2).await;
    [records[1].handshake, records[0].handshake]
}

#[tokio::test]
async fn tls_1_3_resumes_with_a_fresh_key_exchange_and_no_signature() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    let [full, resumed] = visit_twice(&edge, speaking(&[&TLS13])).await;
    assert!(!full.negotiated.resumed && full.negotiated.scheme.is_some());
    assert!(resumed.negotiated.resumed && resumed.negotiated.scheme.is_none());
    assert_eq!(
        resumed.negotiated.group.map(|group| group.0),
        Some(HYBRID.code_point())
    );
    assert_eq!(resumed.outcome, Outcome::Success);
    let prints = |record: &Handshake| record.offered.unwrap().fingerprints.unwrap();
    assert_eq!(
        prints(&full).1,
        prints(&resumed).1,
        "the stable fingerprint stays"
    );
    assert_ne!(
        prints(&full).0,
        prints(&resumed).0,
        "the plain one sees the new extension"
    );
}

#[tokio::test]
async fn tls_1_2_resumes_without_a_signature() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    let [full, resumed] = visit_twice(&edge, speaking(&[&TLS12])).await;
    assert!(!full.negotiated.resumed && full.negotiated.scheme.is_some() && full.negotiated.group.is_some());
    assert!(resumed.negotiated.resumed && resumed.negotiated.scheme.is_none());
    assert_eq!(resumed.negotiated.version.map(|version| version.0), Some(0x0303));
}

#[tokio::test]
async fn a_session_of_a_lower_rung_is_resumed_with_the_groups_of_the_higher() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'classical'"));
    let config = Arc::new(speaking(&[&TLS13]));
    assert!(!visit(&edge, &config).await);
    edge.set_rung(Rung::Require);
    assert!(visit(&edge, &config).await);
    let [second, first] = &edge.handshakes(2).await[..] else {
        panic!("two records")
    };
    assert!(!first.handshake.is_post_quantum());
    assert!(second.handshake.is_post_quantum() && second.handshake.negotiated.resumed);
}

#[tokio::test]
async fn a_resumption_by_retry_is_recorded_as_both() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'classical'"));
    let config = Arc::new(speaking(&[&TLS13]));
    // The client remembers that the server chose X25519, and shares that the next time.
    assert!(!visit(&edge, &config).await);
    edge.set_rung(Rung::Upgrade);
    assert!(visit(&edge, &config).await);
    let record = edge.handshakes(2).await[0].handshake;
    assert!(record.negotiated.resumed && record.negotiated.retry);
    assert_eq!(
        record.negotiated.group.map(|group| group.0),
        Some(HYBRID.code_point())
    );
}

#[tokio::test]
async fn a_session_outlives_a_reload_on_every_core() {
    let toml = terminating(echo().await, "rung = 'upgrade'").replace("cores = 1", "cores = 3");
    let edge = Edge::start(&toml);
    let config = Arc::new(speaking(&[&TLS13]));
    assert!(!visit(&edge, &config).await);
    edge.handle.reload(edge.config(&toml)).unwrap();
    for _ in 0..6 {
        assert!(visit(&edge, &config).await);
    }
}

/// Without tickets a session is found by its ID (RFC 5246 §7.3), whichever core meets the client.
#[tokio::test]
async fn a_session_without_a_ticket_is_resumed_on_every_core() {
    let toml = terminating(echo().await, "rung = 'upgrade'").replace("cores = 1", "cores = 4");
    let edge = Edge::start(&toml);
    let mut config = speaking(&[&TLS12]);
    config.resumption = Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly);
    let config = Arc::new(config);
    assert!(!visit(&edge, &config).await);
    for turn in 1..=12 {
        assert!(visit(&edge, &config).await, "visit {turn}");
    }
    edge.handle.reload(edge.config(&toml)).unwrap();
    assert!(visit(&edge, &config).await, "after a reload");
}
