//! Who may come in on one core: caps on open and half-open connections, of all clients and of one network,
//! and a token bucket for handshakes by client network. All of it before any asymmetric work, and without a lock: each core
//! has its share of the route's limits.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::time::Instant;

use crate::config::Limits;
use crate::prefix::Prefix;

/// Networks whose buckets are remembered at once, per route and core.
const BUCKETS_MAX: usize = 16_384;

/// A counter that goes down again when its `Held` is dropped; it also knows how many of its places the
/// client networks have that have any.
#[derive(Debug, Default)]
pub(crate) struct Gauge(Rc<Places>);

#[derive(Debug, Default)]
struct Places {
    taken: Cell<usize>,
    by_client: RefCell<HashMap<Prefix, usize>>,
}

/// One place in a `Gauge`.
#[derive(Debug)]
pub(crate) struct Held {
    places: Rc<Places>,
    client: Cell<Option<Prefix>>,
}

impl Gauge {
    /// Takes a place if fewer than `limit` are taken.
    pub(crate) fn hold(&self, limit: usize) -> Option<Held> {
        let taken = self.0.taken.get();
        (taken < limit).then(|| {
            self.0.taken.set(taken + 1);
            Held {
                places: Rc::clone(&self.0),
                client: Cell::new(None),
            }
        })
    }
}

impl Held {
    /// Says once whose place this is, when the client is known; no if its network has `limit` already.
    pub(crate) fn is_for(&self, client: Prefix, limit: usize) -> bool {
        let mut by_client = self.places.by_client.borrow_mut();
        let taken = by_client.get(&client).copied().unwrap_or_default();
        let granted = taken < limit && self.client.get().is_none();
        if granted {
            by_client.insert(client, taken + 1);
            self.client.set(Some(client));
        }
        granted
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.places.taken.set(self.places.taken.get() - 1);
        let Some(client) = self.client.get() else { return };
        if let Entry::Occupied(mut taken) = self.places.by_client.borrow_mut().entry(client) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Token buckets by client network: `rate` tokens per second, at most `burst`.
#[derive(Debug)]
pub(crate) struct Buckets {
    rate: f64,
    burst: f64,
    buckets: RefCell<HashMap<Prefix, Bucket>>,
    /// When full buckets were last forgotten: not more often than once a second.
    swept: Cell<Option<Instant>>,
}

impl Buckets {
    /// A core's share of a route's rate; both are at least one token.
    pub(crate) fn new(limits: &Limits, cores: usize) -> Option<Self> {
        let share = |whole: u32| (f64::from(whole) / f64::from(u32::try_from(cores).unwrap_or(1))).max(1.0);
        (limits.handshakes_per_second > 0).then(|| Self {
            rate: share(limits.handshakes_per_second),
            burst: share(limits.handshake_burst),
            buckets: RefCell::default(),
            swept: Cell::new(None),
        })
    }

    /// Takes a token for a network, or says no.
    pub(crate) fn take(&self, prefix: Prefix, now: Instant) -> bool {
        let mut buckets = self.buckets.borrow_mut();
        let is_new = !buckets.contains_key(&prefix);
        if is_new && buckets.len() >= BUCKETS_MAX && self.may_sweep(now) {
            buckets.retain(|_, bucket| self.level(bucket, now) < self.burst);
        }
        let fresh = Bucket {
            tokens: self.burst,
            at: now,
        };
        if is_new && buckets.len() >= BUCKETS_MAX {
            // So many networks at once are not one client; the caps on connections hold them.
            return true;
        }
        let bucket = buckets.entry(prefix).or_insert(fresh);
        let level = self.level(bucket, now);
        let granted = level >= 1.0;
        *bucket = Bucket {
            tokens: if granted { level - 1.0 } else { level },
            at: now,
        };
        granted
    }

    fn may_sweep(&self, now: Instant) -> bool {
        let due = self
            .swept
            .get()
            .is_none_or(|at| now.saturating_duration_since(at).as_secs() >= 1);
        if due {
            self.swept.set(Some(now));
        }
        due
    }

    fn level(&self, bucket: &Bucket, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * self.rate;
        (bucket.tokens + gained).min(self.burst)
    }
}

/// A core's share of a route-wide cap, rounded up.
pub(crate) fn share(limit: usize, cores: usize) -> usize {
    limit.div_ceil(cores.max(1))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    fn network(n: u32) -> Prefix {
        Prefix::of(std::net::Ipv4Addr::from(n << 8).into())
    }

    fn buckets(rate: u32, burst: u32) -> Buckets {
        let limits = Limits {
            handshakes_per_second: rate,
            handshake_burst: burst,
            ..Limits::default()
        };
        Buckets::new(&limits, 1).unwrap()
    }

    #[test]
    fn a_gauge_gives_places_back() {
        let gauge = Gauge::default();
        let (first, second) = (gauge.hold(2), gauge.hold(2));
        assert!(first.is_some() && gauge.hold(2).is_none());
        drop(second);
        assert!(gauge.hold(2).is_some());
    }

    #[test]
    fn a_network_may_not_take_every_place_and_is_forgotten_when_it_has_none() {
        let gauge = Gauge::default();
        let take = |client| gauge.hold(10).filter(|held| held.is_for(client, 2));
        let (first, second) = (take(network(1)), take(network(1)));
        assert!(first.is_some() && second.is_some());
        assert!(take(network(1)).is_none() && take(network(2)).is_some());
        assert_eq!(gauge.0.taken.get(), 2, "who is refused keeps no place");
        drop(first);
        assert!(take(network(1)).is_some());
        drop(second);
        assert!(gauge.0.by_client.borrow().is_empty());
    }

    #[test]
    fn a_network_gets_its_burst_then_its_rate_and_no_other_network_pays() {
        let (buckets, start) = (buckets(10, 5), clock::monotonic());
        let granted = |network, at| (0..100).filter(|_| buckets.take(network, at)).count();
        assert_eq!(granted(network(1), start), 5);
        assert_eq!(granted(network(1), start + Duration::from_millis(300)), 3);
        assert_eq!(granted(network(2), start), 5);
        assert_eq!(granted(network(1), start + Duration::from_secs(3600)), 5);
    }

    #[test]
    fn memory_is_bounded_and_full_buckets_are_forgotten_first() {
        let (buckets, start) = (buckets(10, 1), clock::monotonic());
        for n in 0..60_000 {
            assert!(buckets.take(network(n), start));
        }
        assert_eq!(buckets.buckets.borrow().len(), BUCKETS_MAX);
        assert!(
            !buckets.take(network(1), start),
            "a limited network stays limited"
        );
        assert!(buckets.take(network(70_000), start + Duration::from_secs(1)));
        assert_eq!(buckets.buckets.borrow().len(), 1);
    }
}
