//! The metrics of routes: their connections, their rungs and weight, their certificates.
//! An observed route has no rung and no weight, because it changes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::registry::Unit;

use super::RouteMetrics;
use super::page::{Family, Labels, Page};
use crate::arms::Arm;
use crate::config::Mode;
use crate::counters::{ConnectionTotals, Limit, UpstreamFailure, label};

type Counts = ConnectionTotals<u64>;

/// One number of a route, with the labels that it has beside the route's name.
type Values = fn(&Counts) -> Vec<(Vec<(&'static str, &'static str)>, u64)>;

pub(super) fn write(page: &mut Page<'_>, routes: &[RouteMetrics]) -> fmt::Result {
    for (family, values) in counters() {
        page.counters(&family, samples(routes, values))?;
    }
    for (family, values) in gauges() {
        page.gauges(&family, samples(routes, values))?;
    }
    write_settings(page, routes)?;
    write_certificates(page, routes)
}

fn counters() -> [(Family, Values); 6] {
    [
        (
            Family::new("hybridge_edge_connections", "Connections accepted."),
            |counts| vec![(vec![], counts.opened)],
        ),
        (
            Family::new(
                "hybridge_edge_connections_without_hello",
                "Connections that the client closed without sending a byte: health checks and scans.",
            ),
            |counts| vec![(vec![], counts.without_hello)],
        ),
        (
            Family::new(
                "hybridge_edge_connections_limited",
                "Connections turned away before any asymmetric work, by limit.",
            ),
            |counts| by("limit", Limit::ALL.map(Limit::name), &counts.limited),
        ),
        (
            Family::with_unit(
                "hybridge_edge_relayed",
                Unit::Bytes,
                "Bytes on the client's side of connections, TLS included: from clients (in) and to them (out).",
            ),
            |counts| by("direction", ["in", "out"], &[counts.bytes_in, counts.bytes_out]),
        ),
        (
            Family::new(
                "hybridge_edge_http_responses",
                "HTTP responses sent to clients, by class of status.",
            ),
            responses,
        ),
        (
            Family::new(
                "hybridge_edge_upstream_failures",
                "Connections and requests that the upstream failed, by how.",
            ),
            |counts| {
                by(
                    "kind",
                    UpstreamFailure::ALL.map(UpstreamFailure::name),
                    &counts.upstream_failures,
                )
            },
        ),
    ]
}

fn gauges() -> [(Family, Values); 2] {
    [
        (
            Family::new("hybridge_edge_connections_open", "Connections open now."),
            |counts| vec![(vec![], counts.open())],
        ),
        (
            Family::new(
                "hybridge_edge_connections_half_open",
                "Connections that have not finished their handshake.",
            ),
            |counts| vec![(vec![], counts.half_open())],
        ),
    ]
}

fn write_settings(page: &mut Page<'_>, routes: &[RouteMetrics]) -> fmt::Result {
    let modes = routes
        .iter()
        .map(|route| [named(route), vec![("mode", route.mode.name().into())]].concat());
    page.infos(
        &Family::new("hybridge_route", "The routes and what they do with TLS."),
        modes,
    )?;
    let ruled = || routes.iter().filter(|route| route.mode != Mode::Observe);
    let rungs = ruled().flat_map(|route| {
        let rung = |arm: Arm| {
            vec![
                ("arm", arm.name().into()),
                ("rung", route.arms.rung(arm).name().into()),
            ]
        };
        route
            .arms_in_force()
            .map(move |arm| [named(route), rung(arm)].concat())
    });
    page.infos(
        &Family::new(
            "hybridge_route_rung",
            "The rung in force for each arm of a route.",
        ),
        rungs,
    )?;
    let weights = ruled().map(|route| (named(route), f64::from(route.arms.weight) / 10_000.0));
    let family = Family::with_unit(
        "hybridge_route_weight",
        Unit::Other("ratio".to_owned()),
        "Share of clients in the canary arm, 0 to 1.",
    );
    page.gauges(&family, weights)
}

fn write_certificates(page: &mut Page<'_>, routes: &[RouteMetrics]) -> fmt::Result {
    let expiry = routes.iter().flat_map(|route| {
        let labels = |name: &'static str, value| [named(route), vec![(name, Cow::Borrowed(value))]].concat();
        let earliest = earliest_by_name(&route.certificates).into_iter();
        earliest.map(move |(name, not_after)| (labels("certificate", name), not_after))
    });
    let family = Family::with_unit(
        "hybridge_certificate_expiry_timestamp",
        Unit::Seconds,
        "End of a certificate's validity, in seconds since the Unix epoch.",
    );
    page.gauges(&family, expiry)
}

/// One expiry for each name, as a series may be there once only: of several certificates that go by
/// one name (ECDSA and RSA for one host), the one that ends first.
fn earliest_by_name(certificates: &[(String, i64)]) -> BTreeMap<&str, i64> {
    let mut earliest = BTreeMap::new();
    for (name, not_after) in certificates {
        let first = earliest.entry(name.as_str()).or_insert(*not_after);
        *first = (*first).min(*not_after);
    }
    earliest
}

fn samples(routes: &[RouteMetrics], values: Values) -> impl Iterator<Item = (Labels<'_>, u64)> {
    routes.iter().flat_map(move |route| {
        let labelled = move |labels: Vec<(&'static str, &'static str)>| {
            named(route)
                .into_iter()
                .chain(labels.into_iter().map(|(key, value)| (key, value.into())))
                .collect()
        };
        values(&route.totals.connections)
            .into_iter()
            .map(move |(labels, count)| (labelled(labels), count))
    })
}

fn named(route: &RouteMetrics) -> Labels<'_> {
    vec![("route", route.name.as_str().into())]
}

fn by<const N: usize>(
    key: &'static str,
    names: [&'static str; N],
    counts: &[u64; N],
) -> Vec<(Vec<(&'static str, &'static str)>, u64)> {
    names
        .into_iter()
        .zip(counts)
        .map(|(name, count)| (vec![(key, name)], *count))
        .collect()
}

fn responses(counts: &Counts) -> Vec<(Vec<(&'static str, &'static str)>, u64)> {
    let in_arm = |arm: Arm| {
        let classes = by("class", label::STATUS_CLASSES, &counts.responses[arm as usize]);
        classes
            .into_iter()
            .map(move |(class, count)| ([vec![("arm", arm.name())], class].concat(), count))
    };
    Arm::ALL.into_iter().flat_map(in_arm).collect()
}
