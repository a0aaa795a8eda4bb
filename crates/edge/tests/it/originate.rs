//! Plaintext or TLS in, hybrid TLS out: what each upstream rung offers, what comes of it against
//! servers of every kind, and what the record of our own handshake says.

use std::net::SocketAddr;

use hybridge_edge::arms::{Arm, Arms};
use hybridge_edge::counters::UpstreamFailure;
use hybridge_edge::handshake::{Handshake, Outcome, Side};
use hybridge_edge::{Options, Service};
use hybridge_policy::{Group, Rung};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::client::{HYBRID, X, connect};
use crate::harness::origin::{Origin, Seen, mute};
use crate::harness::{CERTIFICATE, Edge, echo, eventually, round_trip, route, soon, terminating};

const RUNGS: [Rung; 4] = [Rung::Classical, Rung::Advertise, Rung::Share, Rung::Require];

fn originating(upstream: SocketAddr, extra: &str) -> String {
    let route = route("r", upstream, &format!("mode = 'originate'\n{extra}"));
    format!("process.cores = 1\nprocess.drain = '200ms'\n{route}")
}

fn in_front_of(origin: &Origin, extra: &str) -> Edge {
    Edge::start(&originating(
        origin.address,
        &format!("{}\n{extra}", origin.trusted()),
    ))
}

/// Sends a word in plaintext; did it come back?
async fn passes(edge: &Edge) -> bool {
    let mut stream = TcpStream::connect(edge.address("r")).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    let read = soon("an answer or an end", stream.read_exact(&mut answer)).await;
    read.is_ok() && &answer == b"ping"
}

fn codes(groups: impl Iterator<Item = hybridge_hello::NamedGroup>) -> Vec<u16> {
    groups.map(|group| group.0).collect()
}

/// The record says what the origin saw.
fn agree(record: &Handshake, seen: &Seen) {
    let offered = record.offered.unwrap();
    assert_eq!(record.side, Side::Upstream);
    assert_eq!(codes(offered.groups.iter()), seen.groups);
    assert_eq!(codes(offered.shares.iter()), seen.shares);
    assert_eq!(record.negotiated.group.map(|group| group.0), seen.group);
    assert_eq!(
        (record.negotiated.retry, record.negotiated.resumed),
        (seen.retry, seen.resumed)
    );
}

#[tokio::test]
async fn each_rung_offers_what_its_name_says() {
    let mut origin = Origin::start(&Group::ALL).await;
    let cases = [
        ("classical", 0, vec![X.code_point()]),
        ("advertise", 5, vec![X.code_point()]),
        ("share", 5, vec![HYBRID.code_point(), X.code_point()]),
        ("require", 5, vec![HYBRID.code_point()]),
    ];
    for (rung, post_quantum, shares) in cases {
        let edge = in_front_of(&origin, &format!("rung = '{rung}'"));
        assert!(passes(&edge).await, "{rung}");
        let seen = origin.saw().await;
        let listed = seen
            .groups
            .iter()
            .filter_map(|group| Group::from_code_point(*group));
        assert_eq!(
            listed.filter(|group| group.is_post_quantum()).count(),
            post_quantum,
            "{rung}"
        );
        assert_eq!(seen.shares, shares, "{rung}");
        agree(&edge.record().await, &seen);
    }
}

/// What a rung gets from a server: a group, with a retry or without, or an alert.
type Gets = Result<(Group, bool), u8>;

async fn check(groups: &[Group], expect: [Gets; 4]) {
    let mut origin = Origin::start(groups).await;
    for (rung, expect) in RUNGS.into_iter().zip(expect) {
        let edge = in_front_of(&origin, &format!("rung = '{rung}'"));
        assert_eq!(passes(&edge).await, expect.is_ok(), "{rung} against {groups:?}");
        let (seen, record) = (origin.saw().await, edge.record().await);
        assert_eq!((record.rung, record.arm), (Some(rung), Some(Arm::Control)));
        agree(&record, &seen);
        match expect {
            Ok((group, retry)) => {
                assert_eq!((record.outcome, record.alert), (Outcome::Success, None));
                assert_eq!(
                    (seen.group, seen.retry),
                    (Some(group.code_point()), retry),
                    "{rung} {groups:?}"
                );
            }
            Err(alert) => {
                assert_eq!((record.outcome, record.alert), (Outcome::AlertIn, Some(alert)));
                let failures = edge.totals().connections.upstream_failures;
                assert_eq!(failures[UpstreamFailure::Tls as usize], 1);
            }
        }
        let totals = edge.totals();
        let tally = totals.tally(Side::Upstream, Arm::Control);
        assert_eq!((tally.handshakes(), tally.retries), (1, u64::from(seen.retry)));
        assert_eq!(totals.tally(Side::Downstream, Arm::Control).handshakes(), 0);
    }
}

#[tokio::test]
async fn a_server_that_speaks_only_classical_groups() {
    let direct = Ok((X, false));
    check(&[X, Group::SecP256r1], [direct, direct, direct, Err(40)]).await;
}

#[tokio::test]
async fn a_server_whose_classical_group_is_not_shared() {
    let retry = Ok((Group::SecP384r1, true));
    check(&[Group::SecP384r1], [retry, retry, retry, Err(40)]).await;
}

#[tokio::test]
async fn a_server_that_speaks_only_a_post_quantum_group() {
    let (retry, direct) = (Ok((HYBRID, true)), Ok((HYBRID, false)));
    check(&[HYBRID], [Err(40), retry, direct, direct]).await;
}

#[tokio::test]
async fn a_server_with_another_hybrid_is_reached_by_retry() {
    let retry = Ok((Group::SecP384r1MlKem1024, true));
    check(&[Group::SecP384r1MlKem1024], [Err(40), retry, retry, retry]).await;
}

#[tokio::test]
async fn a_server_that_speaks_both_and_follows_its_client() {
    let (classical, hybrid) = (Ok((X, false)), Ok((HYBRID, false)));
    check(&[X, HYBRID], [classical, classical, hybrid, hybrid]).await;
    check(&[HYBRID, X], [classical, classical, hybrid, hybrid]).await;
}

#[tokio::test]
async fn servers_that_speak_both_and_prefer_one() {
    let (x, hybrid) = (Some(X.code_point()), Some(HYBRID.code_point()));
    for (server_rung, expect) in [
        (
            "upgrade",
            [(x, false), (hybrid, true), (hybrid, false), (hybrid, false)],
        ),
        ("classical", [(x, false), (x, false), (x, false), (None, false)]),
        (
            "accept",
            [(x, false), (x, false), (hybrid, false), (hybrid, false)],
        ),
    ] {
        let server = Edge::start(&terminating(echo().await, &format!("rung = '{server_rung}'")));
        let authority = server.directory.path().join("leaf.pem");
        for (rung, (group, retry)) in RUNGS.into_iter().zip(expect) {
            let extra = format!(
                "rung = '{rung}'\nupstream.tls.authorities = '{}'",
                authority.display()
            );
            let edge = Edge::start(&originating(server.address("r"), &extra));
            assert_eq!(passes(&edge).await, group.is_some(), "{rung} to {server_rung}");
            let negotiated = edge.record().await.negotiated;
            let seen = (negotiated.group.map(|group| group.0), negotiated.retry);
            assert_eq!(seen, (group, retry), "{rung} to {server_rung}");
        }
    }
}

#[tokio::test]
async fn what_a_retry_taught_is_shared_the_next_time_and_the_record_says_so() {
    let mut origin = Origin::start(&[HYBRID]).await;
    let edge = in_front_of(&origin, "rung = 'advertise'");
    for (count, retry) in [true, false].into_iter().enumerate() {
        assert!(passes(&edge).await);
        let seen = origin.saw().await;
        assert_eq!(seen.retry, retry);
        agree(&edge.handshakes(count + 1).await[0].handshake, &seen);
    }
}

#[tokio::test]
async fn arms_do_not_learn_from_one_another() {
    let mut origin = Origin::start(&[HYBRID]).await;
    let edge = in_front_of(
        &origin,
        "rung = 'advertise'\ncanary = { rung = 'advertise', weight = 0 }",
    );
    let arms = |weight| Arms {
        control: Rung::Advertise,
        canary: Rung::Advertise,
        weight,
    };
    for (weight, retry) in [(0, true), (0, false), (10_000, true), (10_000, false)] {
        edge.handle.set_arms("r", arms(weight)).unwrap();
        assert!(passes(&edge).await);
        assert_eq!(origin.saw().await.retry, retry, "{weight}");
    }
}

#[tokio::test]
async fn an_origin_is_believed_only_with_the_right_name_and_authority() {
    let origin = Origin::named(&Group::ALL, &["api.example"]).await;
    let stranger = Origin::start(&Group::ALL).await;
    let trusted = origin.trusted();
    let cases = [
        (format!("{trusted}\nupstream.tls.name = 'api.example'"), None),
        (trusted.clone(), Some(42)),
        (
            format!("{trusted}\nupstream.tls.name = 'other.example'"),
            Some(42),
        ),
        (
            format!("{}\nupstream.tls.name = 'api.example'", stranger.trusted()),
            Some(48),
        ),
        (
            "upstream.tls.danger_accept_any_certificate = true".to_owned(),
            None,
        ),
    ];
    for (extra, alert) in cases {
        let edge = Edge::start(&originating(origin.address, &extra));
        assert_eq!(passes(&edge).await, alert.is_none(), "{extra}");
        let record = edge.record().await;
        let expect = if alert.is_none() {
            Outcome::Success
        } else {
            Outcome::AlertOut
        };
        assert_eq!((record.outcome, record.alert), (expect, alert), "{extra}");
        let failures = edge.totals().connections.upstream_failures;
        assert_eq!(
            failures[UpstreamFailure::Tls as usize],
            u64::from(alert.is_some())
        );
        edge.idle().await;
    }
}

#[tokio::test]
async fn the_origin_is_asked_for_by_its_name() {
    let mut origin = Origin::start(&Group::ALL).await;
    let edge = in_front_of(&origin, "upstream.tls.name = 'localhost'");
    assert!(passes(&edge).await);
    let seen = origin.saw().await;
    assert_eq!(seen.server_name.as_deref(), Some("localhost"));
    assert!(seen.alpn.is_empty(), "what is inside is not ours to name");
}

#[test]
fn authorities_that_cannot_be_read_are_said_before_anything_listens() {
    let toml = originating(
        "127.0.0.1:1".parse().unwrap(),
        "upstream.tls.authorities = '/nonexistent/ca.pem'",
    );
    let error = Service::bind(toml::from_str(&toml).unwrap(), Options::default()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert!(cause.to_string().contains("/nonexistent/ca.pem"), "{cause}");
}

#[tokio::test]
async fn an_origin_that_stalls_or_breaks_off_is_recorded_as_that() {
    let edge = Edge::start(&originating(
        mute().await,
        "upstream.tls.danger_accept_any_certificate = true\nlimits.connect_timeout = '150ms'",
    ));
    assert!(!passes(&edge).await);
    let failures = edge.totals().connections.upstream_failures;
    assert_eq!(failures[UpstreamFailure::Timeout as usize], 1);
    let record = edge.record().await;
    assert_eq!((record.outcome, record.side), (Outcome::Timeout, Side::Upstream));
    assert!(record.finished_us >= 140_000);
    let closing = crate::harness::upstream::serving(|mut stream| async move {
        let _read = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let edge = Edge::start(&originating(
        closing,
        "upstream.tls.danger_accept_any_certificate = true",
    ));
    assert!(!passes(&edge).await);
    assert_eq!(edge.record().await.outcome, Outcome::Upstream);
    edge.idle().await;
}

#[tokio::test]
async fn sessions_with_the_origin_are_resumed() {
    let mut origin = Origin::start(&Group::ALL).await;
    let edge = in_front_of(&origin, "rung = 'share'");
    for (count, resumed) in [false, true, true].into_iter().enumerate() {
        assert!(passes(&edge).await);
        let seen = origin.saw().await;
        assert_eq!(seen.resumed, resumed);
        let record = edge.handshakes(count + 1).await[0].handshake;
        agree(&record, &seen);
        assert!(record.is_post_quantum());
    }
}

#[tokio::test]
async fn tls_in_and_tls_out_are_recorded_on_both_sides() {
    let mut origin = Origin::start(&[HYBRID]).await;
    let edge = in_front_of(&origin, &format!("rung = 'require'\n{CERTIFICATE}"));
    let mut stream = connect(edge.address("r"), &[X, HYBRID]).await.unwrap();
    round_trip(&mut stream).await;
    let seen = origin.saw().await;
    let records = edge.handshakes(2).await;
    agree(&records[0].handshake, &seen);
    let inner = records[1].handshake;
    assert_eq!((inner.side, inner.rung), (Side::Downstream, Some(Rung::Upgrade)));
    assert!(inner.is_post_quantum() && inner.negotiated.retry);
    let totals = edge.totals();
    for side in Side::ALL {
        assert_eq!(totals.summary(side, Arm::Control).post_quantum, 1);
    }
}

#[tokio::test]
async fn a_terminating_route_may_speak_tls_to_its_upstream() {
    for (rung, expect) in [(None, HYBRID), (Some("classical"), X)] {
        let mut origin = Origin::start(&Group::ALL).await;
        let rung = rung
            .map(|rung| format!("upstream.tls.rung = '{rung}'"))
            .unwrap_or_default();
        let edge = Edge::start(&terminating(
            origin.address,
            &format!("{}\n{rung}", origin.trusted()),
        ));
        let mut stream = connect(edge.address("r"), &[HYBRID, X]).await.unwrap();
        round_trip(&mut stream).await;
        let seen = origin.saw().await;
        assert_eq!(seen.group, Some(expect.code_point()));
        agree(&edge.handshakes(2).await[0].handshake, &seen);
    }
}

#[tokio::test]
async fn the_rung_changes_for_the_next_connection() {
    let mut origin = Origin::start(&Group::ALL).await;
    let edge = in_front_of(&origin, "rung = 'classical'");
    for (rung, group) in [(Rung::Classical, X), (Rung::Share, HYBRID), (Rung::Classical, X)] {
        edge.set_rung(rung);
        assert!(passes(&edge).await);
        assert_eq!(origin.saw().await.group, Some(group.code_point()));
    }
    eventually("every connection is closed", || {
        edge.totals().connections.open() == 0
    })
    .await;
}
