//! Who is turned away before any asymmetric work, and that a place that was taken is given back.
//! Every limit is checked by its counter and by what the client sees.

use std::time::Duration;

use hybridge_edge::counters::{Limit, label};
use hybridge_edge::handshake::{Outcome, Side};

use crate::harness::client::{HYBRID, X, listing};
use crate::harness::hello::{Answer, Raw, ask, in_one_record, offering};
use crate::harness::{Edge, connect, connect_with, echo, eventually, round_trip, soon, terminating};

async fn limited(limits: &str) -> Edge {
    Edge::start(&terminating(echo().await, &format!("limits = {{ {limits} }}")))
}

fn turned_away(edge: &Edge, limit: Limit) -> u64 {
    edge.totals().connections.limited[limit as usize]
}

fn handshakes(edge: &Edge) -> u64 {
    let totals = edge.totals();
    let arms = label::ARMS.into_iter();
    arms.map(|arm| totals.tally(Side::Downstream, arm).handshakes())
        .sum()
}

#[tokio::test]
async fn a_network_that_makes_too_many_handshakes_is_refused_by_policy() {
    let edge = limited("handshakes_per_second = 1, handshake_burst = 3").await;
    let mut refused = 0;
    for _ in 0..8 {
        refused += u64::from(connect(edge.address("r"), &[HYBRID, X]).await.is_err());
    }
    let records = edge.handshakes(8).await;
    assert!(refused >= 4, "{refused}");
    assert_eq!(turned_away(&edge, Limit::Rate), refused);
    let policy = records.iter().map(|record| record.handshake);
    let policy = policy.filter(|record| record.outcome == Outcome::Policy);
    assert_eq!(policy.clone().count() as u64, refused);
    assert!(
        policy
            .clone()
            .all(|record| (record.arm, record.rung) == (None, None))
    );
    assert_eq!(edge.totals().tally(Side::Downstream, None).handshakes(), refused);
    assert!(
        policy.clone().all(|record| record.offered.is_none()),
        "refused before its hello was read"
    );
    eventually("a token has come back", || {
        std::net::TcpStream::connect(edge.address("r")).is_ok()
    })
    .await;
}

#[tokio::test]
async fn unfinished_handshakes_are_capped_and_give_their_place_back() {
    let edge = limited("half_open = 2").await;
    let held = [
        Raw::connect(edge.address("r")).await,
        Raw::connect(edge.address("r")).await,
    ];
    eventually("two places are taken", || {
        edge.totals().connections.half_open() == 2
    })
    .await;
    let hello = in_one_record(&offering(&[0x1d], &[0x1d]));
    assert_eq!(ask(edge.address("r"), &hello).await, Answer::Closed);
    assert_eq!(turned_away(&edge, Limit::HalfOpen), 1);
    assert_eq!(handshakes(&edge), 0, "who is turned away makes no record");
    drop(held);
    eventually("the places are free", || {
        edge.totals().connections.half_open() == 0
    })
    .await;
    let mut stream = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    round_trip(&mut stream).await;
}

#[tokio::test]
async fn a_finished_handshake_takes_no_place_among_the_unfinished() {
    let edge = limited("half_open = 1").await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
        round_trip(&mut stream).await;
        open.push(stream);
    }
    assert_eq!(edge.totals().connections.half_open(), 0);
    assert_eq!(edge.totals().connections.open(), 5);
}

#[tokio::test]
async fn open_connections_are_capped_and_give_their_place_back() {
    let edge = limited("connections = 2").await;
    let mut first = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    let mut second = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    assert!(connect(edge.address("r"), &[HYBRID, X]).await.is_err());
    assert_eq!(turned_away(&edge, Limit::Connections), 1);
    round_trip(&mut first).await;
    round_trip(&mut second).await;
    drop(first);
    eventually("a place is free", || edge.totals().connections.open() == 1).await;
    let mut third = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    round_trip(&mut third).await;
}

#[tokio::test]
async fn a_reload_does_not_forget_who_is_inside() {
    let toml = terminating(echo().await, "limits = { connections = 2 }");
    let edge = Edge::start(&toml);
    let mut first = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    round_trip(&mut first).await;
    edge.handle.reload(edge.config(&toml)).unwrap();
    let mut second = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    round_trip(&mut second).await;
    assert!(connect(edge.address("r"), &[HYBRID, X]).await.is_err());
    assert_eq!(turned_away(&edge, Limit::Connections), 1);
}

#[tokio::test]
async fn a_connection_on_which_nothing_passes_is_closed_in_time_and_a_busy_one_is_not() {
    let edge = limited("idle_timeout = '250ms'").await;
    let mut quiet = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
    let mut busy = connect_with(edge.address("r"), listing(&[HYBRID, X]))
        .await
        .unwrap();
    let started = tokio::time::Instant::now();
    while started.elapsed() < Duration::from_millis(700) {
        round_trip(&mut busy).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(edge.totals().connections.open(), 1, "the quiet one is gone");
    let mut byte = [0; 1];
    let read = tokio::io::AsyncReadExt::read(&mut quiet, &mut byte);
    assert!(!matches!(soon("the end", read).await, Ok(1..)));
    round_trip(&mut busy).await;
}
