//! What each rung answers to hellos that no library sends: groups listed without a share, several
//! shares, no share at all, groups that nobody knows, GREASE.

use hybridge_edge::handshake::Outcome;
use hybridge_hello::{NamedGroup, ProtocolVersion};
use hybridge_policy::Rung;

use crate::harness::hello::{Answer, Raw, ask, in_one_record, offering, share};
use crate::harness::{Edge, echo, terminating};

const X: u16 = 0x001d;
const P256: u16 = 0x0017;
const HYBRID: u16 = 0x11ec;
const P256_HYBRID: u16 = 0x11eb;
const P384_HYBRID: u16 = 0x11ed;
const ML_KEM_512: u16 = 0x0200;
const ML_KEM_768: u16 = 0x0201;
const ML_KEM_1024: u16 = 0x0202;
const GREASE: u16 = 0x3a3a;
const UNKNOWN: u16 = 0x7777;

const fn direct(group: u16) -> Answer {
    Answer::Hello(ProtocolVersion::TLS_1_3, Some(NamedGroup(group)))
}

const fn retry(group: u16) -> Answer {
    Answer::Retry(NamedGroup(group))
}

/// No group in common.
const NONE: Answer = Answer::Alert(40);
/// Refused by `require`.
const REFUSED: Answer = Answer::Alert(71);

/// What a hello lists and shares, and the answers under classical, accept, upgrade and require.
type Case = (&'static [u16], &'static [u16], [Answer; 4]);

const CASES: [Case; 17] = [
    // Listed without a share, first or last.
    (
        &[HYBRID, X],
        &[X],
        [direct(X), direct(X), retry(HYBRID), retry(HYBRID)],
    ),
    (
        &[X, HYBRID],
        &[X],
        [direct(X), direct(X), retry(HYBRID), retry(HYBRID)],
    ),
    // Several shares, in any order.
    (
        &[X, HYBRID],
        &[X, HYBRID],
        [direct(X), direct(HYBRID), direct(HYBRID), direct(HYBRID)],
    ),
    (
        &[HYBRID, X],
        &[HYBRID, X],
        [direct(X), direct(HYBRID), direct(HYBRID), direct(HYBRID)],
    ),
    (
        &[X, HYBRID, P256_HYBRID],
        &[X, P256_HYBRID],
        [
            direct(X),
            direct(P256_HYBRID),
            direct(P256_HYBRID),
            direct(P256_HYBRID),
        ],
    ),
    (
        &[P384_HYBRID, HYBRID, X, P256],
        &[P256, P384_HYBRID],
        [
            direct(P256),
            direct(P384_HYBRID),
            direct(P384_HYBRID),
            direct(P384_HYBRID),
        ],
    ),
    // No share at all: the client asks for a retry (RFC 8446 §4.2.8).
    (
        &[HYBRID, X],
        &[],
        [retry(X), retry(X), retry(HYBRID), retry(HYBRID)],
    ),
    (&[X], &[], [retry(X), retry(X), retry(X), REFUSED]),
    // Nothing but one post-quantum group: classical has nothing to give.
    (
        &[P256_HYBRID],
        &[P256_HYBRID],
        [
            NONE,
            direct(P256_HYBRID),
            direct(P256_HYBRID),
            direct(P256_HYBRID),
        ],
    ),
    (
        &[P256_HYBRID],
        &[],
        [NONE, retry(P256_HYBRID), retry(P256_HYBRID), retry(P256_HYBRID)],
    ),
    (
        &[ML_KEM_768],
        &[ML_KEM_768],
        [NONE, direct(ML_KEM_768), direct(ML_KEM_768), direct(ML_KEM_768)],
    ),
    (
        &[ML_KEM_1024, X],
        &[X],
        [direct(X), direct(X), retry(ML_KEM_1024), retry(ML_KEM_1024)],
    ),
    // ML-KEM-512 is none of ours.
    (
        &[ML_KEM_512, X],
        &[ML_KEM_512, X],
        [direct(X), direct(X), direct(X), REFUSED],
    ),
    // Strangers and noise are passed over.
    (
        &[GREASE, UNKNOWN, X, HYBRID],
        &[GREASE, UNKNOWN, X],
        [direct(X), direct(X), retry(HYBRID), retry(HYBRID)],
    ),
    (
        &[GREASE, HYBRID, X],
        &[GREASE, HYBRID],
        [retry(X), direct(HYBRID), direct(HYBRID), direct(HYBRID)],
    ),
    (&[UNKNOWN], &[UNKNOWN], [NONE, NONE, NONE, REFUSED]),
    // A share of a group that is not listed counts for nothing (RFC 8446 §4.2.8).
    (&[X], &[HYBRID, X], [direct(X), direct(X), direct(X), REFUSED]),
];

#[tokio::test]
async fn each_rung_answers_what_no_library_sends() {
    let edge = Edge::start(&terminating(echo().await, ""));
    for (column, rung) in [Rung::Classical, Rung::Accept, Rung::Upgrade, Rung::Require]
        .into_iter()
        .enumerate()
    {
        edge.set_rung(rung);
        for (listed, shared, expect) in CASES {
            let answer = ask(edge.address("r"), &in_one_record(&offering(listed, shared))).await;
            assert_eq!(
                answer, expect[column],
                "{rung}: {listed:04x?} sharing {shared:04x?}"
            );
        }
    }
    let records = edge.handshakes(4 * CASES.len()).await;
    assert!(records.iter().all(|record| !record.handshake.is_missed_upgrade()));
}

#[tokio::test]
async fn a_retry_is_completed_with_the_group_that_was_asked_for() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    for group in [HYBRID, P256_HYBRID, P384_HYBRID, ML_KEM_768, ML_KEM_1024] {
        let first = offering(&[X, group], &[X]);
        let mut raw = Raw::connect(edge.address("r")).await;
        raw.send(&in_one_record(&first)).await;
        assert_eq!(raw.answer().await, retry(group));
        let second = first.retried(NamedGroup(group), &share(group), None);
        raw.send(&in_one_record(&second)).await;
        assert_eq!(raw.answer().await, direct(group));
    }
    for record in edge.handshakes(5).await {
        assert_eq!(record.handshake.outcome, Outcome::AfterServerHello);
        assert!(record.handshake.negotiated.retry);
    }
}

#[tokio::test]
async fn the_record_has_lists_and_shares_as_they_were_sent_without_grease() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    let hello = offering(&[GREASE, UNKNOWN, X, HYBRID], &[GREASE, X, UNKNOWN]);
    ask(edge.address("r"), &in_one_record(&hello)).await;
    let offered = edge.record().await.offered.unwrap();
    let codes =
        |groups: &mut dyn Iterator<Item = NamedGroup>| groups.map(|group| group.0).collect::<Vec<_>>();
    assert_eq!(codes(&mut offered.groups.iter()), [UNKNOWN, X, HYBRID]);
    assert_eq!(codes(&mut offered.shares.iter()), [X, UNKNOWN]);
    assert!(offered.can_post_quantum && !offered.shares_post_quantum);
    assert_eq!(usize::from(offered.hello_bytes), hello.build().unwrap().len());
}

#[tokio::test]
async fn tls_1_2_that_lists_post_quantum_groups_is_not_upgraded() {
    let edge = Edge::start(&terminating(echo().await, "rung = 'upgrade'"));
    let hello = offering(&[HYBRID, X], &[]).versions(&[ProtocolVersion::TLS_1_2]);
    let answer = ask(edge.address("r"), &in_one_record(&hello)).await;
    assert_eq!(answer, Answer::Hello(ProtocolVersion::TLS_1_2, None));
    edge.set_rung(Rung::Require);
    assert_eq!(ask(edge.address("r"), &in_one_record(&hello)).await, REFUSED);
    for record in edge.handshakes(2).await {
        assert!(record.handshake.would_reject() && !record.handshake.offered.unwrap().can_post_quantum);
    }
}
