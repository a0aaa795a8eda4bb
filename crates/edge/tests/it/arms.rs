//! Control and canary: who is in which, that a client stays where it is, and that rungs and weight
//! change at run time for the next hello and for nobody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hybridge_edge::arms::{Arm, Arms};
use hybridge_edge::handle::SetArmsError;
use hybridge_edge::handshake::{Outcome, Side};
use hybridge_policy::{Group, Rung};
use rustls::version::TLS13;

use crate::harness::client::{HYBRID, X, connect_with, listing, speaking};
use crate::harness::hello::{Answer, Raw, in_one_record, offering};
use crate::harness::proxy::{connect_as_client, v1, v2};
use crate::harness::{Edge, echo, round_trip, route, terminating};

const BEHIND_A_BALANCER: &str = "accept_proxy = 'required'\nrung = 'classical'";

const fn arms(weight: u16) -> Arms {
    Arms {
        control: Rung::Classical,
        canary: Rung::Upgrade,
        weight,
    }
}

/// The `n`th network, and a host in it.
fn host(n: u16, last: u8) -> SocketAddr {
    let [high, low] = n.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, high, low, last), 4711))
}

/// The arm of a client that lists the hybrid but does not share it, as the answer shows it.
async fn arm_of(edge: &Edge, header: &[u8]) -> Arm {
    let hello = in_one_record(&offering(&[0x11ec, 0x1d], &[0x1d]));
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(header).await;
    raw.send(&hello).await;
    match raw.answer().await {
        Answer::Retry(_) => Arm::Canary,
        Answer::Hello(..) => Arm::Control,
        other => panic!("{other:?}"),
    }
}

async fn population(edge: &Edge, networks: u16) -> Vec<Arm> {
    let mut population = Vec::new();
    for n in 0..networks {
        population.push(arm_of(edge, &v1(host(n, 1))).await);
    }
    population
}

fn canaries(population: &[Arm]) -> usize {
    population.iter().filter(|arm| **arm == Arm::Canary).count()
}

#[tokio::test]
async fn the_weight_is_the_share_of_networks_and_raising_it_moves_nobody_back() {
    let edge = Edge::start(&terminating(echo().await, BEHIND_A_BALANCER));
    let mut before = Vec::new();
    for (weight, range) in [(0, 0..=0), (1000, 5..=45), (5000, 90..=150), (10_000, 240..=240)] {
        edge.handle.set_arms("r", arms(weight)).unwrap();
        let now = population(&edge, 240).await;
        assert!(range.contains(&canaries(&now)), "{weight}: {}", canaries(&now));
        let back = before
            .iter()
            .zip(&now)
            .filter(|pair| *pair == (&Arm::Canary, &Arm::Control));
        assert_eq!(back.count(), 0, "{weight}");
        before = now;
    }
    let recorded = edge.handshakes(960).await;
    let totals = edge.totals();
    let counted = Arm::ALL.map(|arm| totals.tally(Side::Downstream, arm).handshakes());
    assert_eq!(counted.iter().sum::<u64>(), 960);
    let canary = recorded
        .iter()
        .filter(|record| record.handshake.arm == Some(Arm::Canary));
    assert_eq!(canary.count() as u64, counted[1]);
    assert!(
        recorded
            .iter()
            .all(|record| record.handshake.rung == record.handshake.arm.map(|arm| arms(0).rung(arm)))
    );
}

#[tokio::test]
async fn a_network_stays_in_its_arm_whoever_connects_and_however_it_is_named() {
    let toml = terminating(echo().await, BEHIND_A_BALANCER).replace("cores = 1", "cores = 2");
    let edge = Edge::start(&toml);
    edge.handle.set_arms("r", arms(5000)).unwrap();
    for n in 0..40 {
        let first = arm_of(&edge, &v1(host(n, 1))).await;
        for header in [v1(host(n, 1)), v2(host(n, 1)), v2(host(n, 200))] {
            assert_eq!(arm_of(&edge, &header).await, first, "network {n}");
        }
    }
}

#[tokio::test]
async fn another_salt_draws_another_population() {
    let toml = terminating(echo().await, BEHIND_A_BALANCER);
    let edge = Edge::start(&toml);
    edge.handle.set_arms("r", arms(5000)).unwrap();
    let before = population(&edge, 60).await;
    assert_eq!(population(&edge, 60).await, before);
    edge.handle
        .reload(edge.config(&format!("process.salt = 'new'\n{toml}")))
        .unwrap();
    assert_ne!(population(&edge, 60).await, before);
}

/// Two networks that are in the two arms.
async fn one_of_each(edge: &Edge) -> [SocketAddr; 2] {
    let all = population(edge, 60).await;
    let network = |arm| u16::try_from(all.iter().position(|each| *each == arm).unwrap()).unwrap();
    Arm::ALL.map(|arm| host(network(arm), 9))
}

#[tokio::test]
async fn a_client_that_comes_back_is_in_its_arm_again_after_a_retry_and_with_a_session() {
    let edge = Edge::start(&terminating(echo().await, BEHIND_A_BALANCER));
    edge.handle.set_arms("r", arms(5000)).unwrap();
    // The stable fingerprint takes part in the draw, so each kind of client has its own population.
    let config = speaking(&[&TLS13]);
    let mut seen = 60;
    for client in one_of_each(&edge).await {
        let mut arms_of_client = Vec::new();
        let config = config.clone();
        for _ in 0..4 {
            let mut stream = connect_as_client(edge.address("r"), &v2(client), config.clone())
                .await
                .unwrap();
            round_trip(&mut stream).await;
            seen += 1;
            let record = edge.handshakes(seen).await[0].handshake;
            let post_quantum = record.is_post_quantum();
            assert_eq!(post_quantum, record.arm == Some(Arm::Canary));
            arms_of_client.push(record.arm);
        }
        assert!(
            arms_of_client.iter().all(|arm| *arm == arms_of_client[0]),
            "{arms_of_client:?}"
        );
    }
    let resumed = edge.handshakes(1).await[0].handshake.negotiated.resumed;
    assert!(
        resumed,
        "the fingerprint is stable although a session was offered"
    );
}

#[tokio::test]
async fn a_client_that_gave_up_after_a_retry_meets_the_same_arm() {
    let edge = Edge::start(&terminating(echo().await, BEHIND_A_BALANCER));
    edge.handle.set_arms("r", arms(5000)).unwrap();
    let [_, canary] = one_of_each(&edge).await;
    for _ in 0..3 {
        assert_eq!(arm_of(&edge, &v1(canary)).await, Arm::Canary);
    }
    for record in edge.handshakes(63).await.iter().take(3) {
        assert_eq!(record.handshake.outcome, Outcome::AfterRetry);
        assert_eq!(
            (record.handshake.arm, record.handshake.rung),
            (Some(Arm::Canary), Some(Rung::Upgrade))
        );
    }
}

#[tokio::test]
async fn new_arms_are_in_force_for_the_next_hello_and_drop_no_connection() {
    let toml = terminating(echo().await, "rung = 'classical'").replace("cores = 1", "cores = 2");
    let edge = Edge::start(&toml);
    let mut open = Vec::new();
    for rung in [Rung::Classical, Rung::Upgrade, Rung::Require, Rung::Accept] {
        edge.set_rung(rung);
        assert_eq!(edge.handle.routes()[0].arms, Arms::uniform(rung));
        let mut stream = connect_with(edge.address("r"), listing(&[HYBRID, X]))
            .await
            .unwrap();
        round_trip(&mut stream).await;
        let expect = if rung == Rung::Classical { X } else { HYBRID };
        let group = crate::harness::client::group_of(&stream);
        assert_eq!(group, Some(expect.code_point()), "{rung}");
        open.push(stream);
        for stream in &mut open {
            round_trip(stream).await;
        }
    }
    assert_eq!(edge.totals().connections.open(), 4);
}

#[tokio::test]
async fn a_hello_under_way_gets_the_arms_of_the_moment_it_is_whole() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'classical'"));
    let hello = in_one_record(&offering(&[0x11ec, 0x1d], &[0x1d]));
    let mut raw = Raw::connect(edge.address("r")).await;
    raw.send(&hello[..100]).await;
    edge.set_rung(Rung::Upgrade);
    raw.send(&hello[100..]).await;
    assert!(matches!(raw.answer().await, Answer::Retry(_)));
}

#[tokio::test]
async fn arms_that_make_no_sense_are_refused_and_change_nothing() {
    let upstream = echo().await;
    let hybrid_only = "listen = '127.0.0.1:0'\nrung = 'require'\ngroups = ['X25519MLKEM768']";
    let toml = format!(
        "{}{}{}",
        terminating(upstream, ""),
        route("o", upstream, "mode = 'observe'"),
        route(
            "q",
            upstream,
            &format!("{}\n{hybrid_only}", crate::harness::CERTIFICATE)
        )
        .replacen("listen = '127.0.0.1:0'\n", "", 1),
    );
    let edge = Edge::start(&toml);
    let before: Vec<_> = edge.handle.routes().iter().map(|route| route.arms).collect();
    let set = |name: &str, arms| edge.handle.set_arms(name, arms).unwrap_err();
    assert_eq!(set("absent", arms(0)), SetArmsError::NoRoute("absent".into()));
    assert_eq!(set("o", arms(0)), SetArmsError::Observes("o".into()));
    assert_eq!(set("r", arms(10_001)), SetArmsError::Weight);
    assert!(matches!(
        set("r", Arms::uniform(Rung::Share)),
        SetArmsError::WrongLadder { .. }
    ));
    assert_eq!(
        set("q", Arms::uniform(Rung::Upgrade)),
        SetArmsError::NoClassicalGroup
    );
    let after: Vec<_> = edge.handle.routes().iter().map(|route| route.arms).collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn arms_set_at_run_time_outlive_a_reload_unless_the_file_says_otherwise() {
    let toml = terminating(echo().await, "rung = 'classical'");
    let edge = Edge::start(&toml);
    edge.set_rung(Rung::Upgrade);
    let in_force = || edge.handle.routes()[0].arms.control;
    edge.handle.reload(edge.config(&toml)).unwrap();
    assert_eq!(in_force(), Rung::Upgrade);
    edge.handle
        .reload(edge.config(&toml.replace("classical", "accept")))
        .unwrap();
    assert_eq!(in_force(), Rung::Accept);
    edge.set_rung(Rung::Require);
    assert!(connect_with(edge.address("r"), listing(&[X])).await.is_err());
}

#[tokio::test]
async fn a_reload_that_fails_leaves_the_arms_alone() {
    let toml = terminating(echo().await, "rung = 'classical'");
    let edge = Edge::start(&toml);
    let second = route(
        "s",
        edge.address("r"),
        "certificate = [{ chain = '/none', key = '/none' }]",
    );
    let bad = format!("{}{second}", toml.replace("classical", "require"));
    assert!(edge.handle.reload(edge.config(&bad)).is_err());
    assert_eq!(edge.handle.routes()[0].arms, Arms::uniform(Rung::Classical));
    let stream = connect_with(edge.address("r"), listing(&[X])).await.unwrap();
    assert_eq!(crate::harness::client::group_of(&stream), Some(X.code_point()));
}

#[tokio::test]
async fn a_plaintext_client_is_drawn_by_its_network_alone() {
    let mut origin = crate::harness::origin::Origin::start(&Group::ALL).await;
    let extra = format!(
        "mode = 'originate'\naccept_proxy = 'required'\nrung = 'classical'\n{}",
        origin.trusted()
    );
    let edge = Edge::start(&format!(
        "process.cores = 1\nprocess.drain = '200ms'\n{}",
        route("r", origin.address, &extra)
    ));
    let arms = Arms {
        control: Rung::Classical,
        canary: Rung::Share,
        weight: 5000,
    };
    edge.handle.set_arms("r", arms).unwrap();
    let mut groups = Vec::new();
    for n in (0..24).chain(0..24) {
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(&v1(host(n, 1))).await;
        groups.push(origin.saw().await.group.unwrap());
    }
    assert_eq!(groups[..24], groups[24..]);
    let hybrid = groups
        .iter()
        .filter(|group| **group == HYBRID.code_point())
        .count();
    assert!((8..=40).contains(&hybrid), "{hybrid}");
}

#[tokio::test]
async fn each_arm_has_its_own_sessions_and_a_session_may_change_arms() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'classical'"));
    let config = Arc::new(speaking(&[&TLS13]));
    for (weight, post_quantum) in [(0, false), (10_000, true), (0, false)] {
        edge.handle.set_arms("r", arms(weight)).unwrap();
        let mut stream = connect_with(edge.address("r"), Arc::clone(&config))
            .await
            .unwrap();
        round_trip(&mut stream).await;
        let group = crate::harness::client::group_of(&stream);
        assert_eq!(group, Some(if post_quantum { HYBRID } else { X }.code_point()));
    }
}
