//! Every downstream rung against clients with every combination of listed and shared groups:
//! what is negotiated, and that `upgrade` never misses.

use hybridge_edge::handshake::Outcome;
use hybridge_policy::Group;

use crate::harness::{Edge, connect, echo, round_trip, terminating};

const HYBRID: Group = Group::X25519MlKem768;
const X: Group = Group::X25519;

/// A client that lists these groups and shares the first gets this one, with a retry or without.
async fn check(rung: &str, groups: &[Group], expect: Result<(Group, bool), Outcome>) {
    let edge = Edge::start(&terminating(echo().await, &format!("rung = '{rung}'")));
    let connected = connect(edge.address("r"), groups).await;
    let record = edge.handshakes(1).await[0].handshake;
    match expect {
        Ok((group, retry)) => {
            round_trip(&mut connected.unwrap()).await;
            assert_eq!(record.outcome, Outcome::Success, "{rung} {groups:?}");
            assert_eq!(
                record.negotiated.group.map(|g| g.0),
                Some(group.code_point()),
                "{rung} {groups:?}"
            );
            assert_eq!(record.negotiated.retry, retry, "{rung} {groups:?}");
        }
        Err(outcome) => {
            assert!(connected.is_err());
            assert_eq!(record.outcome, outcome, "{rung} {groups:?}");
        }
    }
}

#[tokio::test]
async fn each_rung_treats_each_kind_of_client_as_it_says() {
    for (rung, shares_hybrid, lists_hybrid, classical) in [
        ("classical", Ok((X, false)), Ok((X, false)), Ok((X, false))),
        ("accept", Ok((HYBRID, false)), Ok((X, false)), Ok((X, false))),
        ("upgrade", Ok((HYBRID, false)), Ok((HYBRID, true)), Ok((X, false))),
        (
            "require",
            Ok((HYBRID, false)),
            Ok((HYBRID, true)),
            Err(Outcome::Policy),
        ),
    ] {
        check(rung, &[HYBRID, X], shares_hybrid).await;
        check(rung, &[X, HYBRID], lists_hybrid).await;
        check(rung, &[X], classical).await;
    }
}
