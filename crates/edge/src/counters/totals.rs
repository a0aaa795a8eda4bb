//! The sums over all cores, as plain numbers, and the few of them that everybody asks for.
//! What belongs to connections rather than handshakes is counted by `ConnectionTotals`.

use super::counter::Counter;
use super::tally::Tally;
use super::{Limit, UpstreamFailure, label};
use crate::arms::Arm;
use crate::handshake::Side;

/// Everything that was counted for a route since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTotals {
    /// What belongs to connections.
    pub connections: ConnectionTotals<u64>,
    pub(super) handshakes: [[Tally<u64>; label::ARMS.len()]; Side::ALL.len()],
}

impl RouteTotals {
    /// The handshakes of one side and arm; of `None`, those that ended before their client had an arm.
    pub fn tally(&self, side: Side, arm: impl Into<Option<Arm>>) -> &Tally<u64> {
        &self.handshakes[side as usize][label::arm(arm.into())]
    }

    /// The numbers that a list of routes shows, for one side and arm (or none).
    pub fn summary(&self, side: Side, arm: impl Into<Option<Arm>>) -> Summary {
        let tally = self.tally(side, arm);
        Summary {
            handshakes: tally.handshakes(),
            failures: tally.failures(),
            post_quantum: tally.post_quantum,
            missed_upgrades: tally.missed_upgrades(),
            would_reject: tally.would_reject,
        }
    }
}

/// The numbers that a list of routes shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Handshakes that ended, well or not.
    pub handshakes: u64,
    /// Those that did not succeed.
    pub failures: u64,
    /// Successes with a post-quantum key exchange.
    pub post_quantum: u64,
    /// See [`Tally::missed_upgrades`]; must stay zero.
    pub missed_upgrades: u64,
    /// Hellos that the rung `require` would refuse.
    pub would_reject: u64,
}

impl std::ops::Add for Summary {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            handshakes: self.handshakes + other.handshakes,
            failures: self.failures + other.failures,
            post_quantum: self.post_quantum + other.post_quantum,
            missed_upgrades: self.missed_upgrades + other.missed_upgrades,
            would_reject: self.would_reject + other.would_reject,
        }
    }
}

impl std::iter::Sum for Summary {
    fn sum<I: Iterator<Item = Self>>(summaries: I) -> Self {
        summaries.fold(Self::default(), |sum, next| sum + next)
    }
}

/// Counts of what happens to connections around their handshakes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionTotals<C> {
    /// Accepted.
    pub opened: C,
    /// Accepted and gone.
    pub closed: C,
    /// Began to wait for a hello.
    pub handshakes_started: C,
    /// Ended that wait or the handshake after it.
    pub handshakes_ended: C,
    /// Payload bytes from clients.
    pub bytes_in: C,
    /// Payload bytes to clients.
    pub bytes_out: C,
    /// HTTP responses to clients by arm (`Arm::ALL`) and class (`label::STATUS_CLASSES`).
    pub responses: [[C; label::STATUS_CLASSES.len()]; Arm::ALL.len()],
    /// Closed by the client without a byte.
    pub without_hello: C,
    /// Turned away, by limit (`Limit::ALL`).
    pub limited: [C; Limit::ALL.len()],
    /// Failures of the upstream, by kind (`UpstreamFailure::ALL`).
    pub upstream_failures: [C; UpstreamFailure::ALL.len()],
}

impl ConnectionTotals<Counter> {
    /// Names every field, so that a new one cannot be forgotten.
    pub(super) fn add_to(&self, totals: &mut ConnectionTotals<u64>) {
        let Self {
            opened,
            closed,
            handshakes_started,
            handshakes_ended,
            bytes_in,
            bytes_out,
            responses,
            without_hello,
            limited,
            upstream_failures,
        } = self;
        totals.opened += opened.load();
        totals.closed += closed.load();
        totals.handshakes_started += handshakes_started.load();
        totals.handshakes_ended += handshakes_ended.load();
        totals.bytes_in += bytes_in.load();
        totals.bytes_out += bytes_out.load();
        totals.without_hello += without_hello.load();
        Counter::add_all(responses.as_flattened(), totals.responses.as_flattened_mut());
        Counter::add_all(limited, &mut totals.limited);
        Counter::add_all(upstream_failures, &mut totals.upstream_failures);
    }
}

impl ConnectionTotals<u64> {
    /// Connections open now; never negative, though the two counts are read one after the other.
    pub const fn open(&self) -> u64 {
        self.opened.saturating_sub(self.closed)
    }

    /// Connections that have not finished their handshake.
    pub const fn half_open(&self) -> u64 {
        self.handshakes_started.saturating_sub(self.handshakes_ended)
    }
}
