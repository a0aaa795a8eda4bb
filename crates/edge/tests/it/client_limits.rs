//! What one client network may take of a route, so that the others still get in; in every mode.
//! Clients are told apart by the addresses in PROXY headers, as behind a load balancer.

use std::net::SocketAddr;

use hybridge_edge::counters::Limit;
use hybridge_edge::handshake::Outcome;

use crate::harness::hello::{Answer, Raw, in_one_record, offering};
use crate::harness::proxy::v1;
use crate::harness::{Edge, echo, eventually, route, terminating};

const BEHIND_A_BALANCER: &str = "accept_proxy = 'required'";

fn of_network(n: u8, host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, n, host], 4711))
}

fn turned_away(edge: &Edge, limit: Limit) -> u64 {
    edge.totals().connections.limited[limit as usize]
}

/// A client that has sent its PROXY header, and its hello too if it means to be answered.
async fn client(edge: &Edge, address: SocketAddr, hello: bool) -> Raw {
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&v1(address)).await;
    if hello {
        raw.send(&in_one_record(&offering(&[0x1d], &[0x1d]))).await;
    }
    raw
}

#[tokio::test]
async fn a_network_behind_a_balancer_takes_its_connections_and_no_more() {
    let limits = format!("{BEHIND_A_BALANCER}\nlimits.connections_per_client = 2");
    let edge = Edge::start(&terminating(echo().await, &limits));
    let mut held = Vec::new();
    for host in [1, 2] {
        let mut raw = client(&edge, of_network(1, host), true).await;
        assert!(matches!(raw.answer().await, Answer::Hello(..)));
        held.push(raw);
    }
    let mut third = client(&edge, of_network(1, 3), true).await;
    assert_eq!(third.answer().await, Answer::Closed);
    assert_eq!(turned_away(&edge, Limit::ConnectionsPerClient), 1);
    let mut other = client(&edge, of_network(2, 1), true).await;
    assert!(matches!(other.answer().await, Answer::Hello(..)));
    drop((held, other));
    edge.idle().await;
    let mut again = client(&edge, of_network(1, 3), true).await;
    assert!(matches!(again.answer().await, Answer::Hello(..)));
}

#[tokio::test]
async fn a_network_that_never_finishes_its_handshakes_leaves_room_for_others() {
    let limits = format!("{BEHIND_A_BALANCER}\nlimits.half_open_per_client = 2");
    for mode in ["terminate", "observe"] {
        let server = Edge::start(&terminating(echo().await, ""));
        let toml = if mode == "observe" {
            let extra = format!("mode = 'observe'\n{limits}");
            format!("process.cores = 1\n{}", route("r", server.address("r"), &extra))
        } else {
            terminating(echo().await, &limits)
        };
        let edge = Edge::start(&toml);
        let _held = [
            client(&edge, of_network(1, 1), false).await,
            client(&edge, of_network(1, 2), false).await,
        ];
        eventually("two handshakes are unfinished", || {
            edge.totals().connections.half_open() == 2
        })
        .await;
        let mut third = client(&edge, of_network(1, 3), false).await;
        assert_eq!(third.answer().await, Answer::Closed, "{mode}");
        assert_eq!(turned_away(&edge, Limit::HalfOpenPerClient), 1, "{mode}");
        let mut other = client(&edge, of_network(2, 1), true).await;
        assert!(matches!(other.answer().await, Answer::Hello(..)), "{mode}");
    }
}

#[tokio::test]
async fn mode_observe_keeps_the_rate_and_gives_the_place_back_when_the_handshake_is_over() {
    let server = Edge::start(&terminating(echo().await, ""));
    let extra = format!(
        "mode = 'observe'\n{BEHIND_A_BALANCER}\nlimits = {{ handshakes_per_second = 1, handshake_burst = 1, half_open = 1 }}"
    );
    let toml = route("r", server.address("r"), &extra);
    let edge = Edge::start(&format!("process.cores = 1\n{toml}"));
    let mut raw = client(&edge, of_network(1, 1), true).await;
    assert!(matches!(raw.answer().await, Answer::Hello(..)));
    assert_eq!(edge.totals().connections.half_open(), 1);
    drop(raw);
    eventually("the place is free", || edge.totals().connections.half_open() == 0).await;
    let mut again = client(&edge, of_network(1, 2), true).await;
    assert_eq!(again.answer().await, Answer::Closed);
    assert_eq!(turned_away(&edge, Limit::Rate), 1);
    assert_eq!(edge.handshakes(2).await[0].handshake.outcome, Outcome::Policy);
}
