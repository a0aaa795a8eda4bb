//! Every downstream rung against real clients with every list, order and share of groups:
//! what is negotiated, that `upgrade` never misses, and that the lower rungs count what they miss.

use hybridge_edge::arms::Arm;
use hybridge_edge::handshake::{Outcome, Side};
use hybridge_policy::{Group, Rung};
use rustls::version::{TLS12, TLS13};

use crate::harness::client::{HYBRID, X, group_of, listing, sharing, speaking};
use crate::harness::{Edge, connect_with, echo, round_trip, terminating};

const RUNGS: [Rung; 4] = [Rung::Classical, Rung::Accept, Rung::Upgrade, Rung::Require];

/// The groups that lists are made of: two hybrids and their classical halves.
const PALETTE: [Group; 4] = [HYBRID, X, Group::SecP256r1, Group::SecP256r1MlKem768];

/// Every ordered list of one to three groups from a palette.
fn lists(palette: &[Group]) -> Vec<Vec<Group>> {
    let mut all: Vec<Vec<Group>> = palette.iter().map(|group| vec![*group]).collect();
    let (mut from, rounds) = (0, 2);
    for _ in 0..rounds {
        let until = all.len();
        for index in from..until {
            let rest = palette.iter().filter(|group| !all[index].contains(group));
            let longer: Vec<_> = rest.map(|group| [&all[index][..], &[*group]].concat()).collect();
            all.extend(longer);
        }
        from = until;
    }
    all
}

/// What a rung owes to a client: a post-quantum exchange, a classical one, or a refusal.
fn owed(rung: Rung, list: &[Group], shared: Group) -> Option<bool> {
    let lists_post_quantum = list.iter().any(|group| group.is_post_quantum());
    let lists_classical = list.iter().any(|group| !group.is_post_quantum());
    match rung {
        Rung::Classical => lists_classical.then_some(false),
        Rung::Accept => Some(shared.is_post_quantum() || !lists_classical),
        Rung::Require => lists_post_quantum.then_some(true),
        _ => Some(lists_post_quantum),
    }
}

/// rustls sends the classical half of X25519MLKEM768 too, if it lists it.
fn shares(list: &[Group], shared: Group) -> Vec<Group> {
    let half = match shared {
        HYBRID => Some(X),
        Group::SecP256r1MlKem768 => Some(Group::SecP256r1),
        _ => None,
    };
    let half = half.filter(|half| list.contains(half));
    std::iter::once(shared).chain(half).collect()
}

#[derive(Debug)]
struct Client {
    rung: Rung,
    list: Vec<Group>,
    shared: Group,
    /// What it says was negotiated.
    group: Option<Group>,
}

/// Connects once with every list and share, on every rung, one after the other.
async fn every_client(edge: &Edge) -> Vec<Client> {
    let mut clients = Vec::new();
    for rung in RUNGS {
        edge.set_rung(rung);
        for list in lists(&PALETTE) {
            for shared in list.clone() {
                let connected = connect_with(edge.address("r"), sharing(&list, shared)).await;
                let group = connected.ok().and_then(|stream| group_of(&stream));
                clients.push(Client {
                    rung,
                    group: group.and_then(Group::from_code_point),
                    list: list.clone(),
                    shared,
                });
            }
        }
    }
    clients
}

#[tokio::test]
async fn each_rung_owes_the_same_to_every_list_order_and_share() {
    let edge = Edge::start(&terminating(echo().await, ""));
    let clients = every_client(&edge).await;
    let mut records = edge.handshakes(clients.len()).await;
    records.reverse();
    let mut misses = [0; Rung::ALL.len()];
    for (client, record) in clients.iter().zip(records) {
        let record = record.handshake;
        let owed = owed(client.rung, &client.list, client.shared);
        assert_eq!(client.group.map(Group::is_post_quantum), owed, "{client:?}");
        assert_eq!(
            record.negotiated.group.map(|g| g.0),
            client.group.map(Group::code_point),
            "{client:?}"
        );
        let direct = client
            .group
            .is_some_and(|group| shares(&client.list, client.shared).contains(&group));
        assert_eq!(
            record.negotiated.retry,
            client.group.is_some() && !direct,
            "{client:?}"
        );
        let missed = owed == Some(false) && client.list.iter().any(|group| group.is_post_quantum());
        assert_eq!(record.is_missed_upgrade(), missed, "{client:?}");
        misses[client.rung as usize] += u64::from(missed);
        match owed {
            Some(_) => assert_eq!(
                (record.outcome, record.alert),
                (Outcome::Success, None),
                "{client:?}"
            ),
            None if client.rung == Rung::Require => {
                assert_eq!(
                    (record.outcome, record.alert),
                    (Outcome::Policy, Some(71)),
                    "{client:?}"
                );
            }
            None => assert_eq!(
                (record.outcome, record.alert),
                (Outcome::AlertOut, Some(40)),
                "{client:?}"
            ),
        }
    }
    let totals = edge.totals();
    let tally = totals.tally(Side::Downstream, Arm::Control);
    assert_eq!(tally.not_upgraded, misses);
    assert_eq!((tally.missed_upgrades(), misses[Rung::Upgrade as usize]), (0, 0));
    assert!(misses[Rung::Classical as usize] > misses[Rung::Accept as usize]);
    assert!(misses[Rung::Accept as usize] > 0);
}

/// A client gets this group in a connection that carries bytes, with a retry or without.
async fn gets(edge: &Edge, config: rustls::ClientConfig, group: Group, retry: bool) {
    let before = edge.totals().tally(Side::Downstream, Arm::Control).handshakes();
    let mut stream = connect_with(edge.address("r"), config).await.unwrap();
    round_trip(&mut stream).await;
    assert_eq!(group_of(&stream), Some(group.code_point()));
    let record = edge.handshakes(usize::try_from(before).unwrap() + 1).await[0].handshake;
    assert_eq!(
        record.negotiated.group.map(|group| group.0),
        Some(group.code_point())
    );
    assert_eq!(record.negotiated.retry, retry, "{group}");
    assert_eq!(record.is_post_quantum(), group.is_post_quantum());
}

#[tokio::test]
async fn every_group_is_negotiated_by_share() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    for group in Group::ALL {
        gets(&edge, listing(&[group]), group, false).await;
    }
}

#[tokio::test]
async fn every_post_quantum_group_is_negotiated_by_retry() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    for group in Group::ALL.into_iter().filter(|group| group.is_post_quantum()) {
        gets(&edge, listing(&[X, group]), group, true).await;
    }
}

#[tokio::test]
async fn every_classical_group_is_negotiated_by_retry() {
    for (group, other) in [
        (X, Group::SecP256r1),
        (Group::SecP256r1, X),
        (Group::SecP384r1, X),
    ] {
        let groups = format!("rung = 'classical'\ngroups = ['{group}', 'X25519MLKEM768']");
        let edge = Edge::start(&terminating(echo().await, &groups));
        gets(&edge, listing(&[other, group]), group, true).await;
    }
}

#[tokio::test]
async fn the_routes_own_order_decides_between_groups_that_both_cost_a_retry() {
    let groups = "rung = 'upgrade'\ngroups = ['SecP384r1MLKEM1024', 'X25519MLKEM768', 'x25519']";
    let edge = Edge::start(&terminating(echo().await, groups));
    let list = [X, HYBRID, Group::SecP384r1MlKem1024];
    gets(&edge, listing(&list), Group::SecP384r1MlKem1024, true).await;
    gets(&edge, listing(&[Group::MlKem768, HYBRID, X]), HYBRID, true).await;
}

#[tokio::test]
async fn tls_1_2_alone_is_served_below_require_and_never_counts_as_missed() {
    let edge = Edge::start(&terminating(echo().await, ""));
    for rung in RUNGS {
        edge.set_rung(rung);
        let connected = connect_with(edge.address("r"), speaking(&[&TLS12])).await;
        assert_eq!(connected.is_ok(), rung != Rung::Require, "{rung}");
    }
    let records = edge.handshakes(4).await;
    for record in &records[1..] {
        let (record, negotiated) = (record.handshake, record.handshake.negotiated);
        assert_eq!(negotiated.version.map(|version| version.0), Some(0x0303));
        assert_eq!(negotiated.group.map(|group| group.0), Some(X.code_point()));
        assert!(negotiated.scheme.is_some() && !record.is_missed_upgrade() && record.would_reject());
    }
    let refused = records[0].handshake;
    assert_eq!((refused.outcome, refused.alert), (Outcome::Policy, Some(71)));
    gets_tls_1_3(&edge).await;
}

async fn gets_tls_1_3(edge: &Edge) {
    edge.set_rung(Rung::Upgrade);
    gets(edge, speaking(&[&TLS12, &TLS13]), HYBRID, false).await;
}
