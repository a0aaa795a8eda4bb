//! Is a key weak? Judged by its algorithm, its policy, and how long what it protects must stay protected.
//! Pure: a key as the API shows it comes in, findings go out.

use hybridge_crypto::Algorithm;
use jiff::Timestamp;
use serde_json::Value;

use super::finding::Finding;
use crate::service::answer::{items, text};

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

/// The primary version has been in use for longer than its crypto-period; `key` is shown with its versions.
pub(super) fn expired(key: &Value, now: Timestamp) -> Option<Finding> {
    let period = key["policy"]["crypto_period_seconds"].as_i64()?;
    let is_primary = |version: &&Value| version["number"] == key["primary"];
    let primary = items(&key["versions"]).iter().find(is_primary)?;
    let activated: Timestamp = primary["activated"].as_str()?.parse().ok()?;
    let name = text(key, "name");
    (now.as_second() - activated.as_second() > period && key["destroyed"].is_null()).then(|| {
        let what = format!("{name} is past its crypto-period: its primary version is refused");
        Finding::fail("key", what).mend(format!("hybridge key rotate {name}"))
    })
}

fn exportable(name: &str, key: &Value) -> Option<Finding> {
    (key["policy"]["exportable"] == true).then(|| {
        let remedy = format!("hybridge key configure {name} --not-exportable");
        Finding::warn("key", format!("{name} may leave the service")).mend(remedy)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::State;
    use super::*;

    fn key(algorithm: &str) -> Value {
        json!({
            "name": "a", "purpose": "kem", "algorithm": algorithm, "primary": 1,
            "policy": { "exportable": false, "rotation_period_seconds": 1, "crypto_period_seconds": 60 },
            "versions": [{ "number": 1, "activated": "1970-01-01T00:00:00Z" }],
        })
    }

    fn check(key: &Value, now: i64, expect: &[State]) {
        let now = Timestamp::constant(now, 0);
        let findings = judge(key, now).into_iter().chain(expired(key, now));
        let states: Vec<_> = findings.map(|finding| finding.state).collect();
        assert_eq!(states, expect, "{key}");
    }

    #[test]
    fn an_algorithm_is_judged_by_category_and_by_what_it_must_outlast() {
        check(&key("X-Wing"), 0, &[]);
        check(&key("AES-256-GCM"), 0, &[]);
        check(&key("HMAC-SHA-256"), 0, &[]);
        check(&key("MLDSA65-Ed25519-SHA512"), 0, &[]);
        check(&key("ML-DSA-44"), 0, &[State::Warn]);
        check(&key("X25519"), 0, &[State::Warn]);
        let mut long = key("X25519");
        long["lifetime_seconds"] = json!(6 * 365 * 24 * 3600);
        check(&long, 0, &[State::Fail]);
    }

    #[test]
    fn a_key_past_its_time_fails_and_a_destroyed_one_is_left_alone() {
        check(&key("X-Wing"), 60, &[]);
        check(&key("X-Wing"), 61, &[State::Fail]);
        let mut late = key("X-Wing");
        late["rotate_after"] = json!("1970-01-01T00:00:00Z");
        check(&late, 0, &[]);
        check(&late, 301, &[State::Fail, State::Fail]);
        late["destroyed"] = json!("1970-01-01T00:00:00Z");
        check(&late, 301, &[]);
    }
}
