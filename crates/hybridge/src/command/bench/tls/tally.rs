//! What is counted of handshakes, whichever way they were made.
//! A handshake is either complete, with its bytes, or a failure of one kind; never both, never neither.

use rustls::HandshakeKind;

use crate::command::bench::connection::Facts;
use crate::command::bench::failure::{Failure, Failures};
use crate::command_error::CommandError;

/// Counts; sums of parts are counts again.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Handshakes that were completed.
    pub(super) completed: u64,
    /// Those of them that resumed a session.
    pub(super) resumed: u64,
    /// Those of them that took a HelloRetryRequest.
    pub(super) retried: u64,
    /// Bytes towards the server, of completed handshakes.
    pub(super) sent: u64,
    /// Bytes from the server, of completed handshakes.
    pub(super) received: u64,
    pub(super) failures: Failures,
}

impl Tally {
    /// Counts one handshake.
    ///
    /// # Errors
    /// This machine ran out of something.
    pub(super) fn count(&mut self, facts: Result<&Facts, &Failure>) -> Result<(), CommandError> {
        match facts {
            Ok(facts) => {
                self.completed += 1;
                self.sent += facts.sent;
                self.received += facts.received;
                self.resumed += u64::from(facts.kind == HandshakeKind::Resumed);
                self.retried += u64::from(facts.kind == HandshakeKind::FullWithHelloRetryRequest);
                Ok(())
            }
            Err(failure) => self.failures.count(failure),
        }
    }

    /// Adds another part.
    pub(super) fn merge(&mut self, other: Self) {
        self.completed += other.completed;
        self.resumed += other.resumed;
        self.retried += other.retried;
        self.sent += other.sent;
        self.received += other.received;
        self.failures.merge(other.failures);
    }
}
