//! The metrics of handshakes: per route, side and arm, so that a canary is compared with its control.
//! Tables of families; what a number means is said where it is counted, and in `docs/metrics.md`.

use std::fmt;

use hybridge_policy::Rung;
use prometheus_client::registry::Unit;

use super::RouteMetrics;
use super::page::{Buckets, Family, Labels, Page};
use crate::counters::{HELLO_BOUNDS_BYTES, Histogram, SEGMENT_BOUNDS, TIME_BOUNDS_US, Tally, label};
use crate::handshake::{Outcome, Side, SniClass};

const BOTH: &[Side] = &Side::ALL;
/// A client's hello is somebody else's; upstream it is our own and says nothing.
const CLIENTS: &[Side] = &[Side::Downstream];

struct ArmCounter {
    name: &'static str,
    help: &'static str,
    sides: &'static [Side],
    values: Values,
}

/// How to read a counter: one number, or one for each value of a label.
enum Values {
    One(fn(&Tally<u64>) -> u64),
    By(&'static str, fn(&Tally<u64>) -> Vec<(&'static str, u64)>),
}
use Values::{By, One};

const COUNTERS: [ArmCounter; 14] = [
    ArmCounter {
        name: "hybridge_edge_handshakes",
        help: "TLS handshakes that ended, by how they ended.",
        sides: BOTH,
        values: By("outcome", |tally| {
            pair(Outcome::ALL.map(Outcome::name), &tally.outcomes)
        }),
    },
    ArmCounter {
        name: "hybridge_edge_handshakes_post_quantum",
        help: "Successful handshakes with a post-quantum key exchange, hybrid or pure.",
        sides: BOTH,
        values: One(|tally| tally.post_quantum),
    },
    ArmCounter {
        name: "hybridge_edge_handshakes_resumed",
        help: "Successful handshakes that resumed a session.",
        sides: BOTH,
        values: One(|tally| tally.resumed),
    },
    ArmCounter {
        name: "hybridge_edge_handshakes_retried",
        help: "Handshakes with a HelloRetryRequest, however they ended.",
        sides: BOTH,
        values: One(|tally| tally.retries),
    },
    ArmCounter {
        name: "hybridge_edge_handshakes_deprecated",
        help: "Handshakes of peers that speak nothing newer than TLS 1.1, or that negotiated it.",
        sides: BOTH,
        values: One(|tally| tally.deprecated),
    },
    ArmCounter {
        name: "hybridge_edge_missed_upgrades",
        help: "Successful classical handshakes of clients that could do post-quantum, by rung in force; zero on upgrade and require.",
        sides: BOTH,
        values: By("rung", |tally| {
            pair(Rung::ALL.map(Rung::name), &tally.not_upgraded)
        }),
    },
    ArmCounter {
        name: "hybridge_edge_negotiated_groups",
        help: "Successful handshakes by key exchange group.",
        sides: BOTH,
        values: By("group", |tally| pair(label::GROUPS, &tally.groups)),
    },
    ArmCounter {
        name: "hybridge_edge_negotiated_versions",
        help: "Successful handshakes by protocol version.",
        sides: BOTH,
        values: By("version", |tally| pair(label::VERSIONS, &tally.versions)),
    },
    ArmCounter {
        name: "hybridge_edge_negotiated_suites",
        help: "Successful handshakes by cipher suite.",
        sides: BOTH,
        values: By("suite", |tally| pair(label::SUITES, &tally.suites)),
    },
    ArmCounter {
        name: "hybridge_edge_negotiated_schemes",
        help: "Successful handshakes by the scheme that the server signed with.",
        sides: BOTH,
        values: By("scheme", |tally| pair(label::SCHEMES, &tally.schemes)),
    },
    ArmCounter {
        name: "hybridge_edge_hellos",
        help: "ClientHellos that were read whole, by class of server name.",
        sides: CLIENTS,
        values: By("sni", |tally| {
            pair(SniClass::ALL.map(SniClass::name), &tally.hellos)
        }),
    },
    ArmCounter {
        name: "hybridge_edge_hellos_post_quantum",
        help: "ClientHellos that offer a post-quantum group of ours.",
        sides: CLIENTS,
        values: One(|tally| tally.can_post_quantum),
    },
    ArmCounter {
        name: "hybridge_edge_hellos_post_quantum_share",
        help: "ClientHellos that bring a key share for a post-quantum group of ours.",
        sides: CLIENTS,
        values: One(|tally| tally.shares_post_quantum),
    },
    ArmCounter {
        name: "hybridge_edge_hellos_would_reject",
        help: "ClientHellos that the rung require would refuse.",
        sides: CLIENTS,
        values: One(|tally| tally.would_reject),
    },
];

struct ArmHistogram {
    name: &'static str,
    unit: Option<Unit>,
    help: &'static str,
    sides: &'static [Side],
    buckets: fn(&Tally<u64>) -> Buckets,
}

const MICROSECONDS: f64 = 1e6;

fn histograms() -> [ArmHistogram; 4] {
    [
        ArmHistogram {
            name: "hybridge_edge_handshake_duration",
            unit: Some(Unit::Seconds),
            help: "Time from accept (upstream: from connect) to the end of successful handshakes.",
            sides: BOTH,
            buckets: |tally| buckets(&tally.finished_us, &TIME_BOUNDS_US, MICROSECONDS),
        },
        ArmHistogram {
            name: "hybridge_edge_hello_duration",
            unit: Some(Unit::Seconds),
            help: "Time from accept to the whole ClientHello.",
            sides: CLIENTS,
            buckets: |tally| buckets(&tally.hello_us, &TIME_BOUNDS_US, MICROSECONDS),
        },
        ArmHistogram {
            name: "hybridge_edge_hello_size",
            unit: Some(Unit::Bytes),
            help: "Size of ClientHellos without record headers.",
            sides: CLIENTS,
            buckets: |tally| buckets(&tally.hello_bytes, &HELLO_BOUNDS_BYTES, 1.0),
        },
        ArmHistogram {
            name: "hybridge_edge_hello_segments",
            unit: None,
            help: "Reads that delivered a ClientHello.",
            sides: CLIENTS,
            buckets: |tally| buckets(&tally.segments, &SEGMENT_BOUNDS, 1.0),
        },
    ]
}

pub(super) fn write(page: &mut Page<'_>, routes: &[RouteMetrics]) -> fmt::Result {
    for ArmCounter {
        name,
        help,
        sides,
        values,
    } in COUNTERS
    {
        let samples = in_use(routes, sides).flat_map(|(labels, tally)| values.samples(&labels, tally));
        page.counters(&Family::new(name, help), samples)?;
    }
    for ArmHistogram {
        name,
        unit,
        help,
        sides,
        buckets,
    } in histograms()
    {
        let family = match unit {
            Some(unit) => Family::with_unit(name, unit, help),
            None => Family::new(name, help),
        };
        page.histograms(
            &family,
            in_use(routes, sides).map(|(labels, tally)| (labels, buckets(tally))),
        )?;
    }
    Ok(())
}

impl Values {
    fn samples<'a>(&self, labels: &Labels<'a>, tally: &Tally<u64>) -> Vec<(Labels<'a>, u64)> {
        match self {
            One(value) => vec![(labels.clone(), value(tally))],
            By(key, values) => {
                let with = |value: &'static str| [labels.as_slice(), &[(*key, value.into())]].concat();
                values(tally)
                    .into_iter()
                    .map(|(value, count)| (with(value), count))
                    .collect()
            }
        }
    }
}

/// The handshakes of every route, side and arm that has or expects some, with their labels.
fn in_use<'a>(
    routes: &'a [RouteMetrics],
    sides: &'static [Side],
) -> impl Iterator<Item = (Labels<'a>, &'a Tally<u64>)> {
    let places = move |route| {
        sides
            .iter()
            .flat_map(move |side| label::ARMS.map(|arm| (route, *side, arm)))
    };
    let used = routes
        .iter()
        .flat_map(places)
        .filter(|(route, side, arm): &(&RouteMetrics, _, _)| route.is_in_use(*side, *arm));
    used.map(|(route, side, arm)| {
        let labels = vec![
            ("route", route.name.as_str().into()),
            ("side", side.name().into()),
            ("arm", label::arm_name(arm).into()),
        ];
        (labels, route.totals.tally(side, arm))
    })
}

fn pair<const N: usize>(names: [&'static str; N], counts: &[u64; N]) -> Vec<(&'static str, u64)> {
    names.into_iter().zip(counts.iter().copied()).collect()
}

fn buckets<const N: usize>(histogram: &Histogram<u64, N>, bounds: &[u64], per_unit: f64) -> Buckets {
    let bounds = bounds
        .iter()
        .map(|bound| float(*bound) / per_unit)
        .chain([f64::INFINITY]);
    Buckets {
        sum: float(histogram.sum) / per_unit,
        counts: bounds.zip(histogram.buckets.iter().copied()).collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum beyond 2^53 may round")]
const fn float(number: u64) -> f64 {
    number as f64
}
