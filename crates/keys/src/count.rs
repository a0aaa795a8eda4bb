//! How often each operation ended how: what the metrics show.
//!
//! Counted where the audit entry is committed, so whatever is in the log is counted and nothing else. The
//! names are a closed list: what is not in it counts as `other`, and no caller can make a new one.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::audit::Outcome;

/// Events that are counted by name, sorted.
const OPERATIONS: [&str; 51] = [
    "approval.approve",
    "approval.request",
    "audit.export",
    "backup.create",
    "backup.prune",
    "backup.restore",
    "backup.verify",
    "exception.close",
    "exception.expire",
    "exception.open",
    "exchange.answer",
    "exchange.confirm",
    "exchange.run",
    "key.cancel-destroy",
    "key.compromise",
    "key.configure",
    "key.create",
    "key.data-key",
    "key.decapsulate",
    "key.decrypt",
    "key.destroy",
    "key.destroyed",
    "key.disable",
    "key.enable",
    "key.encapsulate",
    "key.encrypt",
    "key.export",
    "key.import",
    "key.mac",
    "key.mac-verify",
    "key.release",
    "key.rewrap",
    "key.rotate",
    "key.sign",
    "key.verify",
    "seal.close",
    "seal.confirm",
    "seal.create",
    "seal.offer",
    "seal.prepare",
    "seal.rekey",
    "seal.unseal",
    "selftest.failed",
    "selftest.passed",
    "session.close",
    "session.export",
    "session.open",
    "session.rekey",
    "session.seal",
    "token.create",
    "token.revoke",
];
/// How an operation can end, by index.
const OUTCOMES: [Outcome; 3] = [Outcome::Done, Outcome::Refused, Outcome::Failed];

/// How often an operation ended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The event of the audit log, or `other`.
    pub operation: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How many requests; a batch is one.
    pub total: u64,
}

/// Counters of all operations; the last row is that of all others.
pub(crate) struct Counts([[AtomicU64; 3]; OPERATIONS.len() + 1]);

impl Default for Counts {
    fn default() -> Self {
        Self(std::array::from_fn(|_operation| Default::default()))
    }
}

impl Counts {
    /// Counts one.
    pub(crate) fn add(&self, operation: &str, outcome: Outcome) {
        let row = OPERATIONS.binary_search(&operation).unwrap_or(OPERATIONS.len());
        let column = OUTCOMES.iter().position(|each| *each == outcome);
        if let Some(counter) = column.and_then(|column| self.0[row].get(column)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted; operations that never happened have no row.
    pub(crate) fn read(&self) -> Vec<Count> {
        let names = OPERATIONS.into_iter().chain(["other"]);
        let rows = names.zip(&self.0).flat_map(|(operation, row)| {
            let cells = OUTCOMES.into_iter().zip(row);
            cells.map(move |(outcome, counter)| Count {
                operation,
                outcome,
                total: counter.load(Ordering::Relaxed),
            })
        });
        rows.filter(|count| count.total > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Counts, OPERATIONS};
    use crate::Operation;
    use crate::audit::Outcome;

    #[test]
    fn the_list_is_sorted_and_has_every_use_of_a_key() {
        assert!(OPERATIONS.is_sorted_by(|one, next| one < next));
        for operation in Operation::ALL {
            assert!(OPERATIONS.contains(&operation.event()), "{}", operation.event());
        }
    }

    #[test]
    fn what_is_not_in_the_list_is_counted_as_other() {
        let counts = Counts::default();
        counts.add("key.sign", Outcome::Done);
        counts.add("key.sign", Outcome::Done);
        counts.add("no such event", Outcome::Refused);
        let count = |operation, outcome, total| Count {
            operation,
            outcome,
            total,
        };
        let expected = [
            count("key.sign", Outcome::Done, 2),
            count("other", Outcome::Refused, 1),
        ];
        assert_eq!(counts.read(), expected);
    }
}
