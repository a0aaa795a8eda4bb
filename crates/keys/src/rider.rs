//! What rides along in the transaction of an operation: it takes effect with it, or not at all.
//!
//! An idempotency record that must not exist yet, an approval that must not be spent yet.

use hybridge_store::{Precondition, Table, Transaction, Write};

/// Preconditions and writes for the transaction of the operation that takes it. The default is nothing.
#[derive(Clone, Debug, Default)]
#[must_use = "it takes effect only with the operation that it is given to"]
pub struct Rider(Transaction);

impl Rider {
    pub(crate) fn new(precondition: Precondition, write: Write) -> Self {
        Self(Transaction {
            preconditions: vec![precondition],
            writes: vec![write],
            entries: Vec::new(),
        })
    }

    /// Both.
    pub fn and(mut self, other: Self) -> Self {
        self.0.preconditions.extend(other.0.preconditions);
        self.0.writes.extend(other.0.writes);
        self
    }

    /// Whether nothing rides along.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.preconditions.is_empty() && self.0.writes.is_empty()
    }

    /// Whether a record of that table rides along.
    pub(crate) fn writes_to(&self, table: Table) -> bool {
        self.0.writes.iter().any(|write| write.id().table == table)
    }

    /// The transaction of an operation begins with it.
    pub(crate) fn into_transaction(self) -> Transaction {
        self.0
    }
}
