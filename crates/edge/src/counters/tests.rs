//! Tests of the counters: what a record adds, what is summed, and what a reader sees meanwhile.
//! `numbers` reads every number of the totals, so that a field that is added later is tested too.

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use hybridge_policy::{Group, Rung};

use super::*;
use crate::handshake::{Negotiated, Offered, Outcome, SniClass};
use crate::recorder::specimen::{classical, failed, hybrid, reluctant};

fn tally_of(handshakes: &[Handshake]) -> Tally<u64> {
    let counters = RouteCounters::new(1);
    handshakes
        .iter()
        .for_each(|handshake| counters.on_core(0).record(handshake));
    let totals = counters.merged();
    totals.tally(Side::Downstream, Arm::Control).clone()
}

/// Every number of the totals, in the order of the fields (no field's name has a digit).
fn numbers(totals: &RouteTotals) -> Vec<u64> {
    let text = format!("{totals:?}");
    let digits = text.split(|letter: char| !letter.is_ascii_digit());
    digits.filter_map(|number| number.parse().ok()).collect()
}

fn at<const N: usize>(names: [&str; N], counts: [u64; N], name: &str) -> u64 {
    counts[names.iter().position(|each| *each == name).expect("a known name")]
}

#[test]
fn a_success_is_counted_once_in_every_list() {
    let tally = tally_of(&[hybrid(), classical()]);
    assert_eq!(
        (tally.handshakes(), tally.successes(), tally.failures()),
        (2, 2, 0)
    );
    assert_eq!(at(label::GROUPS, tally.groups, "X25519MLKEM768"), 1);
    assert_eq!(at(label::GROUPS, tally.groups, "x25519"), 1);
    assert_eq!(at(label::VERSIONS, tally.versions, "TLS1.3"), 2);
    assert_eq!(at(label::SUITES, tally.suites, "TLS_AES_128_GCM_SHA256"), 2);
    assert_eq!(at(label::SCHEMES, tally.schemes, "ecdsa_secp256r1_sha256"), 2);
    assert_eq!((tally.post_quantum, tally.would_reject), (1, 1));
    assert_eq!((tally.can_post_quantum, tally.shares_post_quantum), (1, 1));
    assert_eq!((tally.finished_us.count(), tally.finished_us.sum), (2, 2800));
    assert_eq!(
        (tally.hello_bytes.count(), tally.hello_bytes.sum),
        (2, 1736 + 517)
    );
}

#[test]
fn a_failure_counts_what_was_offered_and_nothing_as_negotiated() {
    let retried = Negotiated {
        group: Some(NamedGroup::X25519MLKEM768),
        retry: true,
        ..Negotiated::default()
    };
    let mut after_retry = failed(hybrid(), Outcome::AfterRetry);
    after_retry.negotiated = retried;
    let tally = tally_of(&[after_retry]);
    assert_eq!((tally.handshakes(), tally.failures(), tally.retries), (1, 1, 1));
    assert_eq!(tally.outcomes[Outcome::AfterRetry as usize], 1);
    assert_eq!(tally.hellos[SniClass::Known as usize], 1);
    assert_eq!(tally.groups, [0; 10]);
    assert_eq!((tally.post_quantum, tally.finished_us.count()), (0, 0));
}

#[test]
fn without_a_whole_hello_nothing_is_said_about_the_client() {
    let silent = Handshake {
        offered: None,
        ..failed(classical(), Outcome::HelloIncomplete)
    };
    let tally = tally_of(&[silent]);
    assert_eq!(
        (tally.would_reject, tally.hellos, tally.hello_us.count()),
        (0, [0; 3], 0)
    );
}

#[test]
fn only_what_is_older_than_tls_1_2_is_deprecated() {
    let check = |offered: ProtocolVersion, negotiated: Option<ProtocolVersion>, expect: u64| {
        let mut handshake = classical();
        handshake.offered = handshake.offered.map(|hello| Offered {
            version: offered,
            ..hello
        });
        handshake.negotiated.version = negotiated;
        assert_eq!(
            tally_of(&[handshake]).deprecated,
            expect,
            "{offered} {negotiated:?}"
        );
    };
    check(ProtocolVersion::TLS_1_3, Some(ProtocolVersion::TLS_1_3), 0);
    check(ProtocolVersion::TLS_1_2, Some(ProtocolVersion::TLS_1_2), 0);
    check(ProtocolVersion::TLS_1_1, None, 1);
    check(ProtocolVersion::TLS_1_3, Some(ProtocolVersion::TLS_1_0), 1);
    check(ProtocolVersion::SSL_2_0, None, 1);
}

#[test]
fn a_classical_success_of_an_able_client_is_a_miss_only_where_the_rung_promised_more() {
    let under = |rung| Handshake {
        rung: Some(rung),
        ..reluctant()
    };
    let tally = tally_of(&[under(Rung::Classical), under(Rung::Accept), under(Rung::Upgrade)]);
    assert_eq!(tally.not_upgraded[Rung::Classical as usize], 1);
    assert_eq!(tally.not_upgraded[Rung::Accept as usize], 1);
    assert_eq!(tally.missed_upgrades(), 1);
    assert_eq!(tally_of(&[hybrid(), classical()]).missed_upgrades(), 0);
}

#[test]
fn a_value_on_a_bound_is_in_that_bounds_bucket() {
    let histogram: Histogram<Counter, 4> = Histogram::default();
    [0, 1, 2, 3, 4, 200]
        .into_iter()
        .for_each(|value| histogram.record(&SEGMENT_BOUNDS, value));
    let mut totals: Histogram<u64, 4> = Histogram::default();
    histogram.add_to(&mut totals);
    assert_eq!(
        (totals.buckets, totals.sum, totals.count()),
        ([2, 1, 1, 2], 210, 6)
    );
}

#[test]
fn gauges_are_what_began_and_has_not_ended_on_all_cores() {
    let counters = RouteCounters::new(2);
    for core in [0, 1] {
        let core = counters.on_core(core);
        (0..3).for_each(|_| core.connection_opened());
        (0..2).for_each(|_| core.handshake_started());
        core.connection_closed();
        core.handshake_ended();
    }
    let connections = counters.merged().connections;
    assert_eq!(
        (connections.opened, connections.open(), connections.half_open()),
        (6, 4, 2)
    );
}

#[test]
fn what_happens_around_handshakes_is_counted_by_its_kind() {
    let counters = RouteCounters::new(1);
    let core = counters.on_core(0);
    core.relayed(10, 20);
    core.relayed(1, 2);
    core.hello_absent();
    Limit::ALL.into_iter().for_each(|limit| core.limited(limit));
    core.upstream_failure(UpstreamFailure::Timeout);
    [200, 204, 502, 999]
        .into_iter()
        .for_each(|status| core.http_response(Arm::Canary, status));
    let totals = counters.merged().connections;
    assert_eq!(
        (totals.bytes_in, totals.bytes_out, totals.without_hello),
        (11, 22, 1)
    );
    assert_eq!(
        (totals.limited, totals.upstream_failures),
        ([1, 1, 1, 1, 1], [0, 0, 1, 0])
    );
    assert_eq!(totals.responses, [[0; 5], [0, 2, 0, 0, 2]]);
}

#[test]
fn a_summary_has_the_numbers_of_its_side_and_arm_alone() {
    let counters = RouteCounters::new(1);
    counters.on_core(0).record(&hybrid());
    counters.on_core(0).record(&Handshake {
        arm: Some(Arm::Canary),
        ..classical()
    });
    counters.on_core(0).record(&failed(classical(), Outcome::AlertIn));
    counters.on_core(0).record(&Handshake {
        arm: None,
        rung: None,
        offered: None,
        ..failed(classical(), Outcome::HelloMalformed)
    });
    let totals = counters.merged();
    let control = totals.summary(Side::Downstream, Arm::Control);
    assert_eq!(
        control,
        Summary {
            handshakes: 2,
            failures: 1,
            post_quantum: 1,
            missed_upgrades: 0,
            would_reject: 1
        }
    );
    let both: Summary = Arm::ALL
        .into_iter()
        .map(|arm| totals.summary(Side::Downstream, arm))
        .sum();
    assert_eq!((both.handshakes, both.would_reject), (3, 2));
    let unassigned = totals.summary(Side::Downstream, None);
    assert_eq!((unassigned.handshakes, unassigned.failures), (1, 1));
    assert_eq!(totals.summary(Side::Upstream, Arm::Control), Summary::default());
}

/// Handshakes that together touch every counter of every side and arm.
fn one_of_everything() -> Vec<Handshake> {
    let mut all: Vec<Handshake> = Outcome::ALL
        .into_iter()
        .map(|outcome| failed(hybrid(), outcome))
        .collect();
    let codes: Vec<u16> = (0..16)
        .chain(0x0200..0x0203)
        .chain(0x0301..0x0305)
        .chain(0x0401..0x0a00)
        .collect();
    all.extend(
        codes
            .iter()
            .chain(&[0x0017, 0x0018, 0x001d])
            .map(|code| agreed(*code, *code, *code)),
    );
    all.extend(
        (0xc02b..0xc031)
            .chain(0xcca8..0xccaa)
            .chain(0x1301..0x1304)
            .map(|suite| agreed(0, 0, suite)),
    );
    all.extend(Group::ALL.map(|group| agreed(group.code_point(), 0, 0)));
    all.extend(Rung::ALL.map(|rung| Handshake {
        rung: Some(rung),
        ..reluctant()
    }));
    let sizes = (0..20_000).step_by(50).zip((1..5).cycle());
    all.extend(
        sizes
            .zip(SniClass::ALL.into_iter().cycle())
            .map(|((bytes, segments), sni)| sized(bytes, segments, sni)),
    );
    let mut last = hybrid();
    last.negotiated = Negotiated {
        resumed: true,
        retry: true,
        group: None,
        scheme: None,
        ..last.negotiated
    };
    all.extend([last, classical()]);
    let sides = Side::ALL
        .into_iter()
        .flat_map(|side| label::ARMS.map(|arm| (side, arm)));
    sides
        .flat_map(|(side, arm)| all.iter().map(move |each| Handshake { side, arm, ..*each }))
        .collect()
}

fn agreed(group: u16, version_or_scheme: u16, suite: u16) -> Handshake {
    let mut handshake = hybrid();
    handshake.negotiated.group = Some(NamedGroup(group));
    handshake.negotiated.version = Some(ProtocolVersion(version_or_scheme));
    handshake.negotiated.scheme = Some(SignatureScheme(version_or_scheme));
    handshake.negotiated.suite = Some(CipherSuite(suite));
    handshake
}

fn sized(hello_bytes: u16, segments: u8, sni: SniClass) -> Handshake {
    let mut handshake = hybrid();
    handshake.offered = handshake.offered.map(|offered| Offered {
        hello_bytes,
        segments,
        sni,
        ..offered
    });
    handshake.hello_us = u32::from(hello_bytes).pow(2) / 10;
    handshake.finished_us = handshake.hello_us;
    handshake
}

fn everything_else(core: &PerCoreCounters) {
    core.connection_opened();
    core.connection_closed();
    core.handshake_started();
    core.handshake_ended();
    core.relayed(1, 1);
    core.hello_absent();
    Limit::ALL.into_iter().for_each(|limit| core.limited(limit));
    UpstreamFailure::ALL
        .into_iter()
        .for_each(|failure| core.upstream_failure(failure));
    for arm in Arm::ALL {
        [100, 200, 300, 400, 500]
            .into_iter()
            .for_each(|status| core.http_response(arm, status));
    }
}

#[test]
fn every_number_can_be_counted_and_is_summed_over_the_cores() {
    let (one, three) = (RouteCounters::new(1), RouteCounters::new(3));
    for core in [
        one.on_core(0),
        three.on_core(0),
        three.on_core(1),
        three.on_core(2),
    ] {
        one_of_everything()
            .iter()
            .for_each(|handshake| core.record(handshake));
        everything_else(core);
    }
    let (one, three) = (numbers(&one.merged()), numbers(&three.merged()));
    assert!(one.len() > 400, "{}", one.len());
    assert!(one.iter().all(|number| *number > 0), "{one:?}");
    assert!(one.iter().zip(&three).all(|(one, three)| one * 3 == *three));
}

#[test]
fn a_reader_beside_the_writer_sees_numbers_that_only_grow_and_in_the_end_all_of_them() {
    let counters = RouteCounters::new(2);
    let handshakes = one_of_everything();
    let rounds: u64 = if cfg!(debug_assertions) { 4 } else { 40 };
    std::thread::scope(|scope| {
        let write = || {
            for _ in 0..rounds {
                handshakes
                    .iter()
                    .for_each(|each| counters.on_core(1).record(each));
            }
        };
        let writer = scope.spawn(write);
        let mut before = numbers(&RouteTotals::default());
        while !writer.is_finished() {
            let totals = counters.merged();
            let now = numbers(&totals);
            assert!(
                before.iter().zip(&now).all(|(before, now)| before <= now),
                "{before:?} {now:?}"
            );
            let tally = totals.tally(Side::Downstream, Arm::Canary);
            assert!(tally.failures() <= tally.handshakes());
            before = now;
        }
    });
    let once = RouteCounters::new(1);
    handshakes
        .iter()
        .for_each(|handshake| once.on_core(0).record(handshake));
    let expect: Vec<u64> = numbers(&once.merged())
        .iter()
        .map(|number| number * rounds)
        .collect();
    assert_eq!(numbers(&counters.merged()), expect);
}
