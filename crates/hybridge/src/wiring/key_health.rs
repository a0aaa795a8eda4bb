//! Is the key service well? Joined to the edge's health: one answer for the process.
//!
//! Not ready while keys cannot be used at all: sealed, a failed self-test, a store that refuses. Everything
//! else is a reason with a code, while what works goes on.

use hybridge_api::dto::{Health, KeyHealth};
use jiff::Timestamp;

use crate::key_watch::Look;

/// Adds what a look at the key service says.
pub(super) fn join(mut health: Health, look: &Look, now: Timestamp) -> Health {
    let stops = stops(look);
    health.ready &= stops.is_empty();
    for (code, reason) in stops.into_iter().chain(warnings(look, now)) {
        health.codes.push(code);
        health.reasons.push(format!("keys: {reason}"));
    }
    health.keys = Some(KeyHealth {
        seal: look.seal,
        self_test: if look.self_test.is_some() {
            "failed"
        } else {
            "passed"
        },
        damaged: look.damaged.clone(),
        last_backup: look.backup.taken,
        rotations_due: look.rotations_due,
        rollback_accepted: look.is_rollback_accepted,
    });
    health
}

/// Why no key can be used.
fn stops(look: &Look) -> Vec<(&'static str, String)> {
    let mut stops = Vec::new();
    if let Some(failed) = &look.self_test {
        stops.push(("selftest_failed", failed.to_string()));
    }
    if let Some(fault) = &look.store_fault {
        stops.push(("store_failed", format!("the store refuses everything: {fault}")));
    }
    match look.seal {
        "unsealed" => {}
        "uninitialised" => stops.push((
            "sealed",
            "there is no seal yet; the first start whose self-test passes makes one".to_owned(),
        )),
        "unreadable" => stops.push(("seal_unreadable", "the seal's record cannot be read".to_owned())),
        _ => stops.push((
            "sealed",
            "sealed; an administrator opens it: hybridge unseal".to_owned(),
        )),
    }
    stops
}

/// What needs attention.
fn warnings(look: &Look, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut warnings = Vec::new();
    if !look.damaged.is_empty() {
        let names = look.damaged.join(", ");
        warnings.push(("records_damaged", format!("damaged records: {names}")));
    }
    if let Some(due @ 1..) = look.rotations_due {
        warnings.push(("rotations_overdue", format!("{due} rotations are overdue")));
    }
    if look.is_rollback_accepted {
        warnings.push((
            "rollback_accepted",
            "an older image of the data was accepted".to_owned(),
        ));
    }
    if look.backup.is_late(now) {
        warnings.push((
            "backup_old",
            "the newest backup is older than three periods".to_owned(),
        ));
    }
    if let Some(open @ 1..) = look.exceptions {
        let text = format!("{open} exceptions allow classical key exchange");
        warnings.push(("fallback_open", text));
    }
    for witness in &look.witnesses_unreachable {
        warnings.push((
            "witness_unreachable",
            format!("a witness is out of reach: {witness}"),
        ));
    }
    warnings
}

#[cfg(test)]
pub(super) mod tests {
    use hybridge_crypto::state::{Failed, Test};

    use super::*;
    use crate::key_watch::LastBackup;

    pub(in crate::wiring) fn well() -> Look {
        Look {
            seal: "unsealed",
            self_test: None,
            store_fault: None,
            damaged: Vec::new(),
            witnesses_unreachable: Vec::new(),
            rotations_due: Some(0),
            quarantined: Some(0),
            exceptions: Some(0),
            keys: Some(2),
            is_rollback_accepted: false,
            backup: LastBackup::default(),
        }
    }

    fn check(look: &Look, ready: bool, codes: &[&str]) {
        let health = Health {
            live: true,
            ready: true,
            ..Health::default()
        };
        let health = join(health, look, Timestamp::UNIX_EPOCH);
        assert!(health.live);
        assert_eq!((health.ready, health.codes.as_slice()), (ready, codes));
        assert_eq!(health.reasons.len(), codes.len());
    }

    #[test]
    fn without_usable_keys_it_is_not_ready_and_says_why() {
        check(&well(), true, &[]);
        for seal in ["sealed", "uninitialised"] {
            check(&Look { seal, ..well() }, false, &["sealed"]);
        }
        let reason = |seal| stops(&Look { seal, ..well() }).remove(0).1;
        assert!(reason("sealed").contains("hybridge unseal"));
        assert!(
            !reason("uninitialised").contains("unseal"),
            "nothing is there to open"
        );
        let failed = Failed {
            algorithm: "X-Wing",
            test: Test::KnownAnswer,
        };
        let look = Look {
            self_test: Some(failed),
            ..well()
        };
        check(&look, false, &["selftest_failed"]);
        let look = Look {
            store_fault: Some("fsync failed".to_owned()),
            ..well()
        };
        check(&look, false, &["store_failed"]);
    }

    #[test]
    fn what_does_not_stop_the_others_is_a_reason_and_no_more() {
        let look = Look {
            damaged: vec!["key/app/one".to_owned()],
            rotations_due: Some(3),
            exceptions: Some(1),
            is_rollback_accepted: true,
            ..well()
        };
        let codes = [
            "records_damaged",
            "rotations_overdue",
            "rollback_accepted",
            "fallback_open",
        ];
        check(&look, true, &codes);
        let reasons = warnings(&look, Timestamp::UNIX_EPOCH);
        assert_eq!(reasons[0].1, "damaged records: key/app/one");
    }
}
