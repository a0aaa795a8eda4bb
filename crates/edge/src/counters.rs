//! Counters of a route: one set per core, written by that core alone, summed when somebody reads.
//!
//! Rules: a core's set is written by exactly one thread, so nothing on the hot path takes a lock or
//! a locked instruction; a reader sees each number as it was at some recent moment, not all numbers
//! of the same moment; numbers only grow, gauges are differences of two of them. Every label that a
//! number can carry comes from a closed list (see `label`), never from what a peer wrote.

mod counter;
mod histogram;
pub mod label;
mod tally;
#[cfg(test)]
mod tests;
mod totals;

use std::sync::Arc;

pub use counter::Counter;
pub use histogram::{HELLO_BOUNDS_BYTES, Histogram, SEGMENT_BOUNDS, TIME_BOUNDS_US};
pub use tally::Tally;
pub use totals::{ConnectionTotals, RouteTotals, Summary};

use crate::arms::Arm;
use crate::handshake::{Handshake, Side};

/// Why a connection or a handshake was turned away before any asymmetric work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Limit {
    /// The route has as many open connections as it may.
    Connections,
    /// The route has as many unfinished handshakes as it may.
    HalfOpen,
    /// The client's network has as many open connections as it may.
    ConnectionsPerClient,
    /// The client's network has as many unfinished handshakes as it may.
    HalfOpenPerClient,
    /// The client's network makes more handshakes per second than it may.
    Rate,
}

impl Limit {
    /// Every limit, in the order of the metrics.
    pub const ALL: [Self; 5] = [
        Self::Connections,
        Self::HalfOpen,
        Self::ConnectionsPerClient,
        Self::HalfOpenPerClient,
        Self::Rate,
    ];

    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::HalfOpen => "half_open",
            Self::ConnectionsPerClient => "connections_per_client",
            Self::HalfOpenPerClient => "half_open_per_client",
            Self::Rate => "rate",
        }
    }
}

/// How the way to the upstream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UpstreamFailure {
    /// No connection: refused, unreachable, or its name does not resolve.
    Connect,
    /// The TLS handshake with it failed.
    Tls,
    /// It did not connect, finish its handshake or respond in time.
    Timeout,
    /// It spoke its protocol wrongly, or closed in the middle of a response.
    Protocol,
}

impl UpstreamFailure {
    /// Every kind, in the order of the metrics.
    pub const ALL: [Self; 4] = [Self::Connect, Self::Tls, Self::Timeout, Self::Protocol];

    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
        }
    }
}

/// The counters of one route on every core.
#[derive(Debug)]
pub struct RouteCounters {
    cores: Box<[PerCoreCounters]>,
}

impl RouteCounters {
    /// A set for each of `cores` cores, all zero.
    pub fn new(cores: usize) -> Arc<Self> {
        let cores = (0..cores).map(|_| PerCoreCounters::default()).collect();
        Arc::new(Self { cores })
    }

    /// The set that the core with this index writes, and nobody else.
    ///
    /// # Panics
    /// There is no such core.
    pub fn on_core(&self, index: usize) -> &PerCoreCounters {
        &self.cores[index]
    }

    /// The sums over all cores.
    pub fn merged(&self) -> RouteTotals {
        let mut totals = RouteTotals::default();
        self.cores.iter().for_each(|core| core.add_to(&mut totals));
        totals
    }
}

/// The counters of one route on one core; on cache lines of its own (128 bytes: two are fetched together).
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct PerCoreCounters {
    connections: ConnectionTotals<Counter>,
    handshakes: [[Tally<Counter>; label::ARMS.len()]; Side::ALL.len()],
}

impl PerCoreCounters {
    /// A handshake ended, well or not.
    pub fn record(&self, handshake: &Handshake) {
        self.handshakes[handshake.side as usize][label::arm(handshake.arm)].record(handshake);
    }

    /// A connection was accepted.
    pub fn connection_opened(&self) {
        self.connections.opened.add(1);
    }

    /// A connection that was accepted is gone.
    pub fn connection_closed(&self) {
        self.connections.closed.add(1);
    }

    /// A connection waits for its hello or is in its handshake.
    pub fn handshake_started(&self) {
        self.connections.handshakes_started.add(1);
    }

    /// That wait is over, well or not.
    pub fn handshake_ended(&self) {
        self.connections.handshakes_ended.add(1);
    }

    /// Payload was forwarded: `bytes_in` from the client, `bytes_out` to it.
    pub fn relayed(&self, bytes_in: u64, bytes_out: u64) {
        self.connections.bytes_in.add(bytes_in);
        self.connections.bytes_out.add(bytes_out);
    }

    /// A response went to a client; a status outside 100 to 599 counts as 5xx (RFC 9110 §15).
    pub fn http_response(&self, arm: Arm, status: u16) {
        self.connections.responses[arm as usize][label::status_class(status)].add(1);
    }

    /// A connection closed without sending a byte: a health check or a scan, not a failed handshake.
    pub fn hello_absent(&self) {
        self.connections.without_hello.add(1);
    }

    /// A limit turned a connection or a handshake away.
    pub fn limited(&self, limit: Limit) {
        self.connections.limited[limit as usize].add(1);
    }

    /// The upstream could not serve a connection or a request.
    pub fn upstream_failure(&self, failure: UpstreamFailure) {
        self.connections.upstream_failures[failure as usize].add(1);
    }

    fn add_to(&self, totals: &mut RouteTotals) {
        self.connections.add_to(&mut totals.connections);
        let tallies = self.handshakes.as_flattened().iter();
        tallies
            .zip(totals.handshakes.as_flattened_mut())
            .for_each(|(from, to)| from.add_to(to));
    }
}
