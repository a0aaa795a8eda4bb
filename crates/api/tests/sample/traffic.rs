//! Traffic that looks like traffic: made from a seed, so that two runs show the same.
//!
//! The numbers agree with each other where the console adds them up, and nothing else is true of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hybridge_api::dto::{
    Arm, Canary, Client, ClientState, Handshake, Health, Mode, Outcome, Protocol, Route, Rung, ShareSample,
    Side, Totals,
};
use jiff::{SignedDuration, Timestamp};

use super::{World, route};

/// A kind of client: JA4, state, offered groups, of which the first `shares` come with a share.
struct Kind {
    ja4: &'static str,
    state: ClientState,
    offers: &'static [&'static str],
    shares: &'static [&'static str],
    name: &'static str,
}

const KINDS: [Kind; 6] = [
    Kind {
        ja4: "t13d1516h2_8daaf6152771_d8a2da3f94cd",
        state: ClientState::Negotiates,
        offers: &["GREASE", "X25519MLKEM768", "X25519", "secp256r1", "secp384r1"],
        shares: &["GREASE", "X25519MLKEM768", "X25519"],
        name: "shop.example",
    },
    Kind {
        ja4: "t13d3112h1_e8f1e7e78f70_1f22a2ca17c4",
        state: ClientState::NeverOffers,
        offers: &["X25519", "secp256r1", "x448", "secp521r1", "secp384r1"],
        shares: &["X25519"],
        name: "api.example",
    },
    Kind {
        ja4: "t13d1312h2_f57a46bbacb6_ab7e3b40a677",
        state: ClientState::OffersWithoutShare,
        offers: &["X25519", "X25519MLKEM768", "secp256r1"],
        shares: &["X25519"],
        name: "api.example",
    },
    Kind {
        ja4: "t12d2809h1_9c1f5a1e1bd8_c02709723a3b",
        state: ClientState::NeverOffers,
        offers: &["secp256r1", "secp384r1"],
        shares: &[],
        name: "legacy.example",
    },
    Kind {
        ja4: "t13d1715h2_5b57614c22b0_7121afd63204",
        state: ClientState::Shares,
        offers: &["X25519MLKEM768", "X25519", "secp256r1"],
        shares: &["X25519MLKEM768", "X25519"],
        name: "shop.example",
    },
    Kind {
        ja4: "t13d131100_f57a46bbacb6_ab7e3b40a677",
        state: ClientState::Negotiates,
        offers: &["X25519MLKEM768", "X25519", "secp256r1", "secp384r1"],
        shares: &["X25519MLKEM768", "X25519"],
        name: "api.example",
    },
];

const PREFIXES: [&str; 7] = [
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001:db8:17::/56",
    "2001:db8:42:100::/56",
    "10.20.30.0/24",
    "100.64.7.0/24",
];

pub(super) fn busy(now: Timestamp) -> World {
    let health = Health {
        live: true,
        ready: true,
        reasons: vec!["route legacy: the certificate expires in 9 days".to_owned()],
        ..Health::default()
    };
    World {
        routes: routes(now),
        handshakes: (0..60)
            .map(|index| Arc::new(handshake(index, ago(now, index * 7))))
            .collect(),
        clients: clients(now),
        samples: samples(now),
        health,
        refusal: None,
    }
}

fn ago(now: Timestamp, seconds: u64) -> Timestamp {
    now - SignedDuration::from_secs(i64::try_from(seconds).expect("a small number"))
}

/// SplitMix64: enough to look uneven.
fn noise(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pick<T>(items: &[T], seed: u64) -> &T {
    let index = noise(seed) % items.len() as u64;
    &items[usize::try_from(index).expect("an index")]
}

fn routes(now: Timestamp) -> Vec<Route> {
    let mut shop = route("shop", Mode::Terminate, Some(Rung::Upgrade), now);
    shop.canary = Some(Canary {
        rung: Rung::Require,
        weight: 500,
    });
    shop.totals = totals(184_023, 412, 121_904, 61_180);
    let mut legacy = route("legacy", Mode::Terminate, Some(Rung::Accept), now);
    legacy.listen = "127.0.0.1:9443".to_owned();
    legacy.protocol = Protocol::Tcp;
    legacy.certificates[0].expires_at = now + SignedDuration::from_hours(24 * 9);
    legacy.totals = totals(2_210, 96, 31, 2_071);
    let mut ledger = route("ledger-egress", Mode::Originate, Some(Rung::Share), now);
    ledger.listen = "127.0.0.1:7001".to_owned();
    ledger.upstream = "ledger.partner.example:443".to_owned();
    ledger.totals = totals(9_114, 2, 9_101, 11);
    let mut mail = route("mail", Mode::Observe, None, now);
    mail.listen = "127.0.0.1:7465".to_owned();
    mail.upstream = "10.20.30.9:465".to_owned();
    mail.protocol = Protocol::Tcp;
    mail.totals = totals(740, 0, 188, 552);
    vec![shop, legacy, ledger, mail]
}

fn totals(handshakes: u64, failures: u64, post_quantum: u64, would_reject: u64) -> Totals {
    let stages = [
        (Outcome::AlertIn, 45),
        (Outcome::Policy, 28),
        (Outcome::HelloIncomplete, 12),
        (Outcome::AfterRetry, 8),
        (Outcome::Timeout, 5),
    ];
    let split = stages.map(|(stage, percent)| (stage, failures * percent / 100));
    let rest = failures - split.iter().map(|(_, failures)| failures).sum::<u64>();
    let failures_by_stage = BTreeMap::from_iter(split.into_iter().chain([(Outcome::HelloMalformed, rest)]));
    Totals {
        handshakes,
        failures,
        post_quantum,
        missed_upgrades: 0,
        would_reject,
        failures_by_stage,
    }
}

fn samples(now: Timestamp) -> Vec<ShareSample> {
    let mut samples = Vec::new();
    for minute in (0..120).rev() {
        let at = ago(now, minute * 60);
        let (swing, dip) = (noise(minute) % 60, if (70..74).contains(&minute) { 0 } else { 1 });
        let handshakes = (1_300 + 6 * swing) * dip;
        let (post_quantum, failures) = (
            handshakes * (590 + swing + 120 - minute) / 1_000,
            handshakes / 500,
        );
        samples.push(ShareSample {
            at,
            route: "shop".to_owned(),
            arm: Arm::Control,
            handshakes,
            post_quantum,
            failures,
        });
        if minute < 48 {
            let handshakes = 60 + swing / 3;
            let (post_quantum, failures) = (handshakes * (930 + swing) / 1_000, handshakes / 40);
            samples.push(ShareSample {
                at,
                route: "shop".to_owned(),
                arm: Arm::Canary,
                handshakes,
                post_quantum,
                failures,
            });
        }
    }
    samples
}

fn clients(now: Timestamp) -> Vec<Client> {
    let client = |index: u64| {
        let kind = pick(&KINDS, index);
        let count = 3 + noise(index) % 9_000;
        let failing = index % 11 == 4;
        Client {
            ja4: kind.ja4.to_owned(),
            prefix: PREFIXES[usize::try_from(index % 7).expect("an index")].to_owned(),
            first_seen: ago(now, 86_400 * (1 + index)),
            last_seen: ago(now, noise(index * 3) % 200_000),
            count,
            post_quantum: kind.state,
            failures: if failing { count / 3 + 1 } else { count / 900 },
            last_group: (!failing).then(|| group(kind).to_owned()),
            last_outcome: Some(if failing {
                Outcome::AlertIn
            } else {
                Outcome::Success
            }),
            last_route: Some("shop".to_owned()),
        }
    };
    (0..64).map(client).collect()
}

/// What rung `upgrade` makes of a client.
fn group(kind: &Kind) -> &'static str {
    let hybrid = kind.offers.iter().find(|group| **group == "X25519MLKEM768");
    hybrid
        .or(kind.shares.iter().find(|group| **group != "GREASE"))
        .unwrap_or(&"secp256r1")
}

pub(super) fn handshake(seed: u64, at: Timestamp) -> Handshake {
    let kind = pick(&KINDS, seed + 77);
    let arm = if noise(seed + 5).is_multiple_of(9) {
        Arm::Canary
    } else {
        Arm::Control
    };
    let outcome = match noise(seed + 9) % 14 {
        0 => Outcome::AlertIn,
        1 => Outcome::HelloIncomplete,
        _ => Outcome::Success,
    };
    let done = outcome == Outcome::Success;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let old = kind.ja4.starts_with("t12");
    let retried = kind.state == ClientState::OffersWithoutShare;
    Handshake {
        at,
        route: "shop".to_owned(),
        side: Side::Downstream,
        arm: Some(arm),
        rung: Some(if arm == Arm::Canary {
            Rung::Require
        } else {
            Rung::Upgrade
        }),
        client_prefix: pick(&PREFIXES, seed).to_string(),
        sni_class: Some("known".to_owned()),
        offered_groups: names(kind.offers),
        shared_groups: names(kind.shares),
        group: done.then(|| group(kind).to_owned()),
        post_quantum: done && group(kind) == "X25519MLKEM768",
        version: done.then(|| if old { "TLS 1.2" } else { "TLS 1.3" }.to_owned()),
        suite: done.then(|| "TLS_AES_128_GCM_SHA256".to_owned()),
        signature_scheme: done.then(|| "ecdsa_secp256r1_sha256".to_owned()),
        ja4: Some(kind.ja4.to_owned()),
        ja4_stable: Some(kind.ja4.to_owned()),
        hello_bytes: Some(if kind.shares.contains(&"X25519MLKEM768") {
            1_771
        } else {
            517
        }),
        hello_segments: Some(if seed.is_multiple_of(5) { 2 } else { 1 }),
        hello_records: Some(1),
        hello_retry_request: done && retried,
        resumed: done && seed % 6 == 1,
        time_to_hello_us: Some(180 + noise(seed) % 900),
        time_to_finished_us: done.then(|| 900 + noise(seed) % 41_000),
        outcome,
        detail: (outcome == Outcome::AlertIn).then(|| "unknown_ca".to_owned()),
    }
}
