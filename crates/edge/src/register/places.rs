//! Who must go when the register is full; every operation costs O(log n).
//!
//! Rules, in this order. A network that holds more than a sixteenth of the register gives up one of
//! its own, so that one sender of invented fingerprints displaces mostly itself. Newcomers go before
//! established clients (seen again an hour after the first time), so that many senders displace each
//! other. Among equals, who was seen longest ago goes. At most seven eighths are established: beyond
//! that, the one seen longest ago is a newcomer again, and so there is always room for new clients.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Key;
use crate::prefix::Prefix;

/// What a client has earned; lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Newcomer,
    Established,
}

/// Where a client stands in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    rank: Rank,
    seen: u64,
}

impl Place {
    /// Orders clients by when they were seen, longest ago first.
    pub(super) const fn seen(self) -> u64 {
        self.seen
    }
}

/// The queue, as a whole and by network.
#[derive(Debug)]
pub(super) struct Places {
    /// Counts sightings: an order that does not depend on clocks.
    sightings: u64,
    queue: BTreeMap<Place, Key>,
    by_network: BTreeSet<(Prefix, Place)>,
    sizes: HashMap<Prefix, usize>,
    by_size: BTreeSet<(usize, Prefix)>,
    established: usize,
    limits: Limits,
}

#[derive(Debug)]
struct Limits {
    /// Clients of one network above which it gives up its own.
    network: usize,
    /// Established clients above which one is demoted.
    established: usize,
    /// A client that was seen within this many sightings keeps its place: busy ones cost no reordering.
    slack: u64,
}

impl Places {
    pub(super) fn new(capacity: usize) -> Self {
        let limits = Limits {
            network: (capacity / 16).max(1),
            established: capacity - (capacity / 8).clamp(1, capacity),
            slack: u64::try_from(capacity / 64).unwrap_or(0),
        };
        Self {
            sightings: 0,
            queue: BTreeMap::new(),
            by_network: BTreeSet::new(),
            sizes: HashMap::new(),
            by_size: BTreeSet::new(),
            established: 0,
            limits,
        }
    }

    pub(super) fn insert(&mut self, key: Key, rank: Rank) -> Place {
        self.sightings += 1;
        let place = Place {
            rank,
            seen: self.sightings,
        };
        self.resize(key.1, |size| size + 1);
        self.enter(place, key);
        place
    }

    /// A client was seen again.
    pub(super) fn moved(&mut self, from: Place, key: Key, rank: Rank) -> Place {
        self.sightings += 1;
        if from.rank == rank && self.sightings - from.seen <= self.limits.slack {
            return from;
        }
        self.leave(from, key.1);
        let place = Place {
            rank,
            seen: self.sightings,
        };
        self.enter(place, key);
        place
    }

    /// A client is a newcomer again, where it stands.
    pub(super) fn demoted(&mut self, from: Place, key: Key) -> Place {
        self.leave(from, key.1);
        let place = Place {
            rank: Rank::Newcomer,
            ..from
        };
        self.enter(place, key);
        place
    }

    pub(super) fn remove(&mut self, place: Place, network: Prefix) {
        self.leave(place, network);
        self.resize(network, |size| size - 1);
    }

    /// Who goes next.
    pub(super) fn victim(&self) -> Option<Key> {
        let crowded = self
            .by_size
            .last()
            .filter(|(size, _)| *size > self.limits.network);
        let place = match crowded {
            Some((_, network)) => self
                .by_network
                .range((*network, Place::FIRST)..)
                .next()
                .map(|(_, place)| place),
            None => self.queue.keys().next(),
        };
        place.and_then(|place| self.queue.get(place)).copied()
    }

    /// The established client to demote, if there are too many.
    pub(super) fn surplus(&self) -> Option<Key> {
        let first = Place {
            rank: Rank::Established,
            seen: 0,
        };
        let oldest = || self.queue.range(first..).next().map(|(_, key)| *key);
        (self.established > self.limits.established)
            .then(oldest)
            .flatten()
    }

    fn enter(&mut self, place: Place, key: Key) {
        self.queue.insert(place, key);
        self.by_network.insert((key.1, place));
        self.established += usize::from(place.rank == Rank::Established);
    }

    fn leave(&mut self, place: Place, network: Prefix) {
        self.queue.remove(&place);
        self.by_network.remove(&(network, place));
        self.established -= usize::from(place.rank == Rank::Established);
    }

    fn resize(&mut self, network: Prefix, change: impl FnOnce(usize) -> usize) {
        let before = self.sizes.get(&network).copied().unwrap_or(0);
        let after = change(before);
        self.by_size.remove(&(before, network));
        if after == 0 {
            self.sizes.remove(&network);
        } else {
            self.sizes.insert(network, after);
            self.by_size.insert((after, network));
        }
    }
}

impl Place {
    const FIRST: Self = Self {
        rank: Rank::Newcomer,
        seen: 0,
    };
}

#[cfg(test)]
impl Places {
    /// Entries of the queue, of the networks' queues, and of all networks by their sizes.
    pub(super) fn len(&self) -> (usize, usize, usize) {
        let sizes: usize = self.by_size.iter().map(|(size, _)| size).sum();
        assert_eq!(sizes, self.sizes.values().sum::<usize>());
        let established = self
            .queue
            .keys()
            .filter(|place| place.rank == Rank::Established)
            .count();
        assert_eq!(established, self.established);
        (self.queue.len(), self.by_network.len(), sizes)
    }
}
