//! One handshake's record, from the edge's words to the API's.
//! Numbers that have no meaning for a record (a hello that was never read) become null.

use hybridge_api::dto;
use hybridge_edge::handshake::{Handshake, Outcome, Side};
use hybridge_edge::recorder::Named;
use hybridge_hello::{AlertDescription, NamedGroup};
use jiff::Timestamp;

use super::route::{arm, rung};

pub(super) fn translate(named: &Named) -> dto::Handshake {
    let handshake = &named.handshake;
    let (offered, agreed) = (handshake.offered.as_ref(), &handshake.negotiated);
    // Of our own hellos the library does not say how they left.
    let seen = offered.filter(|offered| offered.records > 0);
    let names =
        |groups: &mut dyn Iterator<Item = NamedGroup>| groups.map(|group| group.to_string()).collect();
    dto::Handshake {
        at: Timestamp::from_microsecond(handshake.at_us).unwrap_or(Timestamp::UNIX_EPOCH),
        route: named.route.to_string(),
        side: match handshake.side {
            Side::Downstream => dto::Side::Downstream,
            Side::Upstream => dto::Side::Upstream,
        },
        arm: handshake.arm.map(arm),
        rung: handshake.rung.map(rung),
        client_prefix: handshake.client.to_string(),
        sni_class: offered.map(|offered| offered.sni.name().to_owned()),
        offered_groups: offered
            .map(|offered| names(&mut offered.groups.iter()))
            .unwrap_or_default(),
        shared_groups: offered
            .map(|offered| names(&mut offered.shares.iter()))
            .unwrap_or_default(),
        group: agreed.group.map(|group| group.to_string()),
        post_quantum: handshake.is_post_quantum(),
        version: agreed.version.map(|version| version.to_string()),
        suite: agreed.suite.map(|suite| suite.to_string()),
        signature_scheme: agreed.scheme.map(|scheme| scheme.to_string()),
        ja4: offered
            .and_then(|offered| offered.fingerprints)
            .map(|(ja4, _)| ja4.to_string()),
        ja4_stable: offered
            .and_then(|offered| offered.fingerprints)
            .map(|(_, stable)| stable.to_string()),
        hello_bytes: seen.map(|offered| offered.hello_bytes.into()),
        hello_segments: seen.map(|offered| offered.segments.into()),
        hello_records: seen.map(|offered| offered.records.into()),
        hello_retry_request: agreed.retry,
        resumed: agreed.resumed,
        time_to_hello_us: offered.map(|_| handshake.hello_us.into()),
        time_to_finished_us: (handshake.outcome == Outcome::Success).then(|| handshake.finished_us.into()),
        outcome: outcome(handshake.outcome),
        detail: detail(handshake),
    }
}

/// What a person wants to know beyond the outcome.
fn detail(handshake: &Handshake) -> Option<String> {
    let mut parts = Vec::new();
    if handshake.side == Side::Upstream {
        parts.push("towards the upstream".to_owned());
    }
    if let Some(alert) = handshake.alert {
        parts.push(format!("alert {}", AlertDescription(alert)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) const fn outcome(outcome: Outcome) -> dto::Outcome {
    match outcome {
        Outcome::Success => dto::Outcome::Success,
        Outcome::HelloIncomplete => dto::Outcome::HelloIncomplete,
        Outcome::HelloMalformed => dto::Outcome::HelloMalformed,
        Outcome::AfterServerHello => dto::Outcome::AfterServerHello,
        Outcome::AfterRetry => dto::Outcome::AfterRetry,
        Outcome::AlertIn => dto::Outcome::AlertIn,
        Outcome::AlertOut => dto::Outcome::AlertOut,
        Outcome::Policy => dto::Outcome::Policy,
        Outcome::Timeout => dto::Outcome::Timeout,
        Outcome::Upstream => dto::Outcome::Upstream,
    }
}
