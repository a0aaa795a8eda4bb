//! Routes and their history, from the edge's words to the API's.
//! A route's numbers are those of the side that its rung is about.

use std::collections::BTreeMap;

use hybridge_api::dto;
use hybridge_edge::arms::{Arm, Arms};
use hybridge_edge::config::{Mode, Protocol};
use hybridge_edge::counters::{RouteTotals, label};
use hybridge_edge::handle::{CertificateView, RouteView};
use hybridge_edge::handshake::{Outcome, Side};
use hybridge_edge::history::Sample;
use hybridge_policy::Rung;
use jiff::Timestamp;

use super::handshake::outcome;

pub(super) fn translate(view: RouteView) -> dto::Route {
    let observes = view.config.mode == Mode::Observe;
    dto::Route {
        name: view.config.name.clone(),
        listen: view.listen.to_string(),
        mode: match view.config.mode {
            Mode::Terminate => dto::Mode::Terminate,
            Mode::Originate => dto::Mode::Originate,
            Mode::Observe => dto::Mode::Observe,
        },
        protocol: match view.config.protocol {
            Protocol::Tcp => dto::Protocol::Tcp,
            Protocol::Http => dto::Protocol::Http,
        },
        upstream: view.config.upstream.address.clone(),
        rung: (!observes).then(|| rung(view.arms.control)),
        canary: canary(&view.arms),
        certificates: view.certificates.iter().map(certificate).collect(),
        totals: totals(&view.totals, primary_side(view.config.mode)),
    }
}

/// The side that a route's rung is about.
pub(super) const fn primary_side(mode: Mode) -> Side {
    match mode {
        Mode::Originate => Side::Upstream,
        Mode::Terminate | Mode::Observe => Side::Downstream,
    }
}

fn canary(arms: &Arms) -> Option<dto::Canary> {
    let none = arms.weight == 0 && arms.canary == arms.control;
    (!none).then(|| dto::Canary {
        rung: rung(arms.canary),
        weight: arms.weight,
    })
}

fn certificate(view: &CertificateView) -> dto::Certificate {
    dto::Certificate {
        names: view.names.clone(),
        key_algorithm: view.key_algorithm.to_owned(),
        expires_at: Timestamp::from_second(view.not_after).unwrap_or(Timestamp::MAX),
    }
}

fn totals(totals: &RouteTotals, side: Side) -> dto::Totals {
    let mut sum = dto::Totals::default();
    // Whoever got no arm is a handshake of the route nevertheless.
    for arm in label::ARMS {
        let (summary, tally) = (totals.summary(side, arm), totals.tally(side, arm));
        sum.handshakes += summary.handshakes;
        sum.failures += summary.failures;
        sum.post_quantum += summary.post_quantum;
        sum.missed_upgrades += summary.missed_upgrades;
        sum.would_reject += summary.would_reject;
        for (kind, count) in Outcome::ALL.into_iter().zip(tally.outcomes) {
            *sum.failures_by_stage.entry(outcome(kind)).or_default() += count;
        }
    }
    sum.failures_by_stage = failures(sum.failures_by_stage);
    sum
}

fn failures(mut by_stage: BTreeMap<dto::Outcome, u64>) -> BTreeMap<dto::Outcome, u64> {
    by_stage.retain(|stage, count| *stage != dto::Outcome::Success && *count > 0);
    by_stage
}

/// A sample of the history.
pub(super) fn sample(route: &str, sample: &Sample) -> dto::ShareSample {
    dto::ShareSample {
        at: Timestamp::from_microsecond(sample.at_us).unwrap_or(Timestamp::UNIX_EPOCH),
        route: route.to_owned(),
        arm: arm(sample.arm),
        handshakes: sample.counts.handshakes,
        post_quantum: sample.counts.post_quantum,
        failures: sample.counts.failures,
    }
}

pub(super) const fn arm(arm: Arm) -> dto::Arm {
    match arm {
        Arm::Control => dto::Arm::Control,
        Arm::Canary => dto::Arm::Canary,
    }
}

pub(super) const fn rung(rung: Rung) -> dto::Rung {
    match rung {
        Rung::Classical => dto::Rung::Classical,
        Rung::Accept => dto::Rung::Accept,
        Rung::Upgrade => dto::Rung::Upgrade,
        Rung::Advertise => dto::Rung::Advertise,
        Rung::Share => dto::Rung::Share,
        Rung::Require => dto::Rung::Require,
    }
}

pub(super) const fn rung_of(rung: dto::Rung) -> Rung {
    match rung {
        dto::Rung::Classical => Rung::Classical,
        dto::Rung::Accept => Rung::Accept,
        dto::Rung::Upgrade => Rung::Upgrade,
        dto::Rung::Advertise => Rung::Advertise,
        dto::Rung::Share => Rung::Share,
        dto::Rung::Require => Rung::Require,
    }
}
