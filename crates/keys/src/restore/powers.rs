//! What a restore does not bring back: powers that somebody held when the backup was made.
//!
//! A token, an approval or an exception that was taken away after the backup would be good again, and an
//! idempotency record would answer for something that never happened here. So no row of theirs is restored:
//! administrators begin with a new token, and give out the others anew.

use std::fmt;

use hybridge_store::Table;

/// What was in the backup and was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub tokens: u64,
    pub approvals: u64,
    /// Exceptions of the key exchange for classical suites.
    pub exceptions: u64,
    pub idempotency_records: u64,
}

impl Dropped {
    /// Counts a row that is not restored; false for one that is.
    pub(super) fn takes(&mut self, table: Table) -> bool {
        match table.0 {
            "token" => self.tokens += 1,
            "approval" => self.approvals += 1,
            "exception" => self.exceptions += 1,
            "idempotency" => self.idempotency_records += 1,
            // Says when a token was last used, and nothing without it.
            "token-use" => {}
            _ => return false,
        }
        true
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "not restored: {} tokens, {} approvals, {} exceptions, {} idempotency records; the next start makes a \
             new administrator's token",
            self.tokens, self.approvals, self.exceptions, self.idempotency_records
        )
    }
}
