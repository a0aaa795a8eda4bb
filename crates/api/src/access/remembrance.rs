//! Which refusals of nobody in particular are written down one by one, and which are only counted.
//!
//! Each costs a durable entry that is kept for good, and whoever can connect can cause them without end. Beyond
//! a pace for each peer and one for all, the next entry says how many were left out.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hybridge_policy::access::Pace;

use super::failures::Failures;

const PEER_PER_SECOND: u32 = 5;
const PEER_BURST: u32 = 1000;
const ALL_PER_SECOND: u32 = 50;
const ALL_BURST: u32 = 5000;

/// How many refusals are written down, and how many were not.
#[derive(Debug)]
pub(super) struct Remembrance {
    peers: Failures,
    all: Pace,
    left_out: AtomicU64,
}

impl Default for Remembrance {
    fn default() -> Self {
        Self {
            peers: Failures::of(PEER_PER_SECOND, PEER_BURST),
            all: Pace::new(ALL_PER_SECOND, ALL_BURST),
            left_out: AtomicU64::new(0),
        }
    }
}

impl Remembrance {
    /// Whether this one is written down: then, how many before it were not.
    pub(super) fn take(&self, peer: Option<SocketAddr>, now: Duration) -> Option<u64> {
        if self.peers.count(peer, now).is_ok() && self.all.take(now).is_ok() {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::{ALL_BURST, PEER_BURST, Remembrance};

    fn peer(number: u32) -> Option<SocketAddr> {
        let [a, b, c, d] = number.to_be_bytes();
        Some(SocketAddr::from(([a, b, c, d], 1)))
    }

    #[test]
    fn what_is_left_out_is_counted_in_the_next_one() {
        let remembrance = Remembrance::default();
        for _ in 0..PEER_BURST {
            assert_eq!(remembrance.take(peer(1), Duration::ZERO), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(remembrance.take(peer(1), Duration::ZERO), None);
        }
        assert_eq!(remembrance.take(peer(2), Duration::ZERO), Some(7));
        assert_eq!(remembrance.take(peer(1), Duration::from_secs(1)), Some(0));
    }

    #[test]
    fn many_peers_together_are_bounded_too() {
        let remembrance = Remembrance::default();
        let written =
            (0..3 * ALL_BURST).filter(|number| remembrance.take(peer(*number), Duration::ZERO).is_some());
        assert!(written.count() <= ALL_BURST as usize);
    }
}
