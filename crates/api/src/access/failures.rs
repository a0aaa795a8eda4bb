//! How often a peer may fail to prove who it is.
//!
//! Tokens cannot be guessed; this keeps a peer from filling the log and the store's readers. Bounded: when
//! there is no room for another peer, those that are within their rate are forgotten.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hybridge_policy::access::Pace;

use crate::problem::{Code, Problem};

const PER_SECOND: u32 = 2;
const BURST: u32 = 60;
const PEERS_MAX: usize = 4096;

/// Failures of each peer.
#[derive(Debug)]
pub(super) struct Failures {
    per_second: u32,
    burst: u32,
    peers: Mutex<HashMap<IpAddr, Pace>>,
}

impl Default for Failures {
    fn default() -> Self {
        Self::of(PER_SECOND, BURST)
    }
}

impl Failures {
    /// So many for each peer.
    pub(super) fn of(per_second: u32, burst: u32) -> Self {
        Self {
            per_second,
            burst,
            peers: Mutex::default(),
        }
    }

    /// Counts a failure, or says that there were too many.
    pub(super) fn count(&self, peer: Option<SocketAddr>, now: Duration) -> Result<(), Problem> {
        let Some(peer) = peer.map(network) else {
            return Ok(());
        };
        let mut peers = self.lock();
        if peers.len() >= PEERS_MAX && !peers.contains_key(&peer) {
            peers.retain(|_, pace| !pace.is_within(now));
        }
        if peers.len() >= PEERS_MAX && !peers.contains_key(&peer) {
            return Err(too_many(Duration::from_secs(1)));
        }
        let pace = peers
            .entry(peer)
            .or_insert_with(|| Pace::new(self.per_second, self.burst));
        pace.take(now).map_err(too_many)
    }

    /// Refuses a peer that failed too often just now.
    pub(super) fn require_within(&self, peer: Option<SocketAddr>, now: Duration) -> Result<(), Problem> {
        let Some(peer) = peer.map(network) else {
            return Ok(());
        };
        match self.lock().get(&peer) {
            Some(pace) if !pace.is_within(now) => Err(too_many(Duration::from_secs(1))),
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Pace>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One IPv6 client has a whole /64.
fn network(peer: SocketAddr) -> IpAddr {
    match peer.ip().to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

fn too_many(wait: Duration) -> Problem {
    let detail = "too many failed attempts to authenticate from this address; see Retry-After";
    Problem::new(Code::TooManyFailures, detail).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::{BURST, Failures, PEERS_MAX};

    fn peer(number: u32) -> Option<SocketAddr> {
        let [a, b, c, d] = number.to_be_bytes();
        Some(SocketAddr::from(([a, b, c, d], 1)))
    }

    #[test]
    fn a_peer_that_fails_too_often_waits_and_others_do_not() {
        let failures = Failures::default();
        for _ in 0..BURST {
            assert_eq!(failures.count(peer(1), Duration::ZERO), Ok(()));
        }
        assert!(failures.count(peer(1), Duration::ZERO).is_err());
        assert!(failures.require_within(peer(1), Duration::ZERO).is_err());
        assert_eq!(failures.require_within(peer(2), Duration::ZERO), Ok(()));
        assert_eq!(failures.require_within(peer(1), Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn one_ipv6_network_is_one_peer() {
        let failures = Failures::default();
        for number in 0..BURST {
            let address = format!("[2001:db8::{number:x}]:1").parse().ok();
            assert_eq!(failures.count(address, Duration::ZERO), Ok(()));
        }
        let address = "[2001:db8::ffff]:1".parse().ok();
        assert!(failures.count(address, Duration::ZERO).is_err());
    }

    #[test]
    fn memory_is_bounded_and_the_worst_are_remembered() {
        let failures = Failures::default();
        for _ in 0..=BURST {
            let _refused = failures.count(peer(1), Duration::ZERO);
        }
        for number in 2..20_000 {
            let _counted = failures.count(peer(number), Duration::ZERO);
        }
        assert!(failures.lock().len() <= PEERS_MAX);
        assert!(failures.require_within(peer(1), Duration::ZERO).is_err());
    }
}
