//! Is a key weak? Judged by its algorithm, its policy, and how long what it protects must stay protected.

use hybridge_crypto::Algorithm;
use jiff::Timestamp;
use serde_json::Value;

use super::finding::Finding;
use crate::service::answer::text;

/// What a classical key may protect for so long, in seconds, is worth a warning; beyond it, a failure: five
/// years (NIST IR 8547 §4.1 deprecates quantum-vulnerable algorithms after 2030).
const CLASSICAL_LIFETIME_MAX: u64 = 5 * 365 * 24 * 3600;
/// The category from which on a key is strong enough (NIST FIPS 203 and 204 recommend category 3 as default).
const CATEGORY_MIN: u8 = 3;
/// Rotation may be late by so much, in seconds.
const LATE_MAX: i64 = 300;

/// Everything that is wrong with a key, as the API shows it.
pub(super) fn judge(key: &Value, now: Timestamp) -> Vec<Finding> {
    if !key["destroyed"].is_null() {
        return Vec::new();
    }
    let name = text(key, "name");
    let algorithm = Algorithm::by_name(&text(key, "algorithm"));
    [
        algorithm.and_then(|algorithm| weak(&name, algorithm, key)),
        policy(&name, key),
        overdue(&name, key, now),
        exportable(&name, key),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn weak(name: &str, algorithm: &'static Algorithm, key: &Value) -> Option<Finding> {
    let lifetime = key["lifetime_seconds"].as_u64();
    let create = format!("hybridge key create {name}-pq --purpose {}", text(key, "purpose"));
    if is_classical(algorithm) {
        let long = lifetime.is_some_and(|lifetime| lifetime > CLASSICAL_LIFETIME_MAX);
        let what = format!("{name} is classical alone ({algorithm}): a quantum computer breaks it");
        return Some(if long {
            Finding::fail("key", format!("{what}, and what it protects must last longer")).mend(create)
        } else {
            Finding::warn("key", what).mend(create)
        });
    }
    let category = algorithm.category.filter(|category| *category < CATEGORY_MIN)?;
    let what = format!("{name} is of category {category} ({algorithm})");
    Some(Finding::warn("key", what).mend(create))
}

fn is_classical(algorithm: &Algorithm) -> bool {
    !algorithm.status.resists_quantum()
}

fn policy(name: &str, key: &Value) -> Option<Finding> {
    key["policy"]["rotation_period_seconds"].is_null().then(|| {
        let remedy = format!("hybridge key configure {name} --rotate-every 90d");
        Finding::warn("key", format!("{name} is never rotated")).mend(remedy)
    })
}

fn overdue(name: &str, key: &Value, now: Timestamp) -> Option<Finding> {
    let due: Timestamp = key["rotate_after"].as_str()?.parse().ok()?;
    let late = now.as_second() - due.as_second();
    (late > LATE_MAX && key["disabled"].is_null()).then(|| {
        let what = format!("{name} should have been rotated {} minutes ago", late / 60);
        Finding::fail("key", what).mend(format!("hybridge key rotate {name}"))
    })
}

fn exportable(name: &str, key: &Value) -> Option<Finding> {
    (key["policy"]["exportable"] == true).then(|| {
        let remedy = format!("hybridge key configure {name} --not-exportable");
        Finding::warn("key", format!("{name} may leave the service")).mend(remedy)
    })
}
