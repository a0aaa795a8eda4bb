//! A route with post-quantum groups alone: nobody gets a classical exchange from it, whatever its rungs are.
//! Canary arms and arms changed at run time are included; a refusal must reach the client as an alert.

use hybridge_edge::handshake::Outcome;
use hybridge_policy::Rung;
use rustls::version::TLS12;

use crate::harness::client::{HYBRID, X, speaking};
use crate::harness::{Edge, connect, connect_with, echo, terminating};

#[tokio::test]
async fn groups_narrowed_below_the_rungs_in_force_refuse_and_never_serve_classical() {
    let upstream = echo().await;
    let edge = Edge::start(&terminating(upstream, "rung = 'require'"));
    edge.set_rung(Rung::Accept);
    connect(edge.address("r"), &[X]).await.unwrap();
    let narrowed = terminating(upstream, "rung = 'require'\ngroups = ['X25519MLKEM768']");
    edge.handle.reload(edge.config(&narrowed)).unwrap();
    let stands = edge.handle.routes()[0].arms.control;
    assert_eq!(stands, Rung::Accept, "arms of run time stay over a reload");
    // The cores take the new form a moment later.
    while connect(edge.address("r"), &[X]).await.is_ok() {}
    assert!(
        connect_with(edge.address("r"), speaking(&[&TLS12]))
            .await
            .is_err()
    );
    connect(edge.address("r"), &[HYBRID]).await.unwrap();
    let records = edge.handshakes(4).await;
    assert_eq!(records[0].handshake.outcome, Outcome::Success);
    assert!(records[0].handshake.is_post_quantum());
    for refused in &records[1..3] {
        assert_eq!(refused.handshake.outcome, Outcome::Policy);
        assert_eq!(refused.handshake.alert, Some(71), "insufficient_security");
    }
}
