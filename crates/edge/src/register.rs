//! The client register: which kinds of clients exist, and which of them lag.
//!
//! A client is a stable JA4 in one network; downstream handshakes with a whole hello are counted for
//! it. The register is bounded and outlives restarts. It answers the owner's question "whom must I
//! ask to upgrade", so a client's state is judged by its weakest recent hello (see `client`), and a
//! flood of invented fingerprints cannot push out clients that are known for long (see `places`).

mod client;
mod clients;
mod file;
mod places;
#[cfg(test)]
mod tests;
mod v1;

use std::collections::HashMap;

pub use client::{Client, Fingerprint, State};
pub use clients::Clients;

use crate::handshake::{Handshake, Offered, Side};
use crate::prefix::Prefix;
use crate::recorder::Named;
use places::{Place, Places, Rank};

/// What a client is known by.
type Key = (Fingerprint, Prefix);

/// Which clients to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this network.
    pub network: Option<Prefix>,
}

/// How full the register is, and of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Clients by state (`State::ALL`).
    pub states: [u64; State::ALL.len()],
    /// Clients that had to make room for others since the process started.
    pub evicted: u64,
}

/// A bounded set of clients.
#[derive(Debug)]
pub(crate) struct Register {
    capacity: usize,
    clients: HashMap<Key, Entry>,
    places: Places,
    evicted: u64,
    changed: bool,
}

#[derive(Debug)]
struct Entry {
    client: Client,
    place: Place,
}

impl Register {
    /// An empty register for at most `capacity` clients (one at least).
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            capacity,
            clients: HashMap::new(),
            places: Places::new(capacity),
            evicted: 0,
            changed: false,
        }
    }

    /// A register with what was saved, given as `saved` lists it: seen longest ago first.
    pub(crate) fn restore(capacity: usize, saved: Vec<Client>) -> Self {
        let mut register = Self::new(capacity);
        saved.into_iter().for_each(|client| register.admit(client));
        Self {
            evicted: 0,
            changed: false,
            ..register
        }
    }

    /// Counts a handshake for its client; one that is not downstream or has no fingerprint is nobody's.
    pub(crate) fn observe(&mut self, named: &Named) {
        let handshake = &named.handshake;
        let Some((offered, fingerprint)) = attributable(handshake) else {
            return;
        };
        self.changed = true;
        match self.clients.get_mut(&(fingerprint, handshake.client)) {
            Some(entry) => {
                entry.client.observe(offered, named);
                entry.place =
                    self.places
                        .moved(entry.place, (fingerprint, handshake.client), rank(&entry.client));
                self.keep_room_for_newcomers();
            }
            None => self.admit(Client::first_seen(fingerprint, offered, named)),
        }
    }

    /// The clients that match, in the order of work: what lags most first, then what comes most often.
    pub(crate) fn list(&self, filter: &Filter) -> Vec<Client> {
        let matches = |client: &&Client| {
            filter.state.is_none_or(|state| client.state() == state)
                && filter.network.is_none_or(|network| client.network == network)
        };
        let clients = self.clients.values().map(|entry| &entry.client);
        let mut list: Vec<Client> = clients.filter(matches).cloned().collect();
        list.sort_by_cached_key(|client| {
            use std::cmp::Reverse;
            (
                client.state(),
                Reverse(client.count),
                Reverse(client.last_seen_us),
                client.fingerprint,
                client.network,
            )
        });
        list
    }

    /// How full it is, and of what.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts {
            evicted: self.evicted,
            ..Counts::default()
        };
        self.clients
            .values()
            .for_each(|entry| counts.states[entry.client.state() as usize] += 1);
        counts
    }

    /// Everything, seen longest ago first, if it changed since it was last taken.
    pub(crate) fn take_changed(&mut self) -> Option<Vec<Client>> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let mut entries: Vec<&Entry> = self.clients.values().collect();
        entries.sort_by_key(|entry| entry.place.seen());
        Some(entries.into_iter().map(|entry| entry.client.clone()).collect())
    }

    /// What was taken could not be saved.
    pub(crate) fn mark_changed(&mut self) {
        self.changed = true;
    }

    /// Takes in a client that is not there, making room if there is none.
    fn admit(&mut self, client: Client) {
        if self.clients.len() >= self.capacity {
            self.evict();
        }
        let key = (client.fingerprint, client.network);
        let place = self.places.insert(key, rank(&client));
        if let Some(replaced) = self.clients.insert(key, Entry { client, place }) {
            self.places.remove(replaced.place, key.1);
        }
        self.keep_room_for_newcomers();
    }

    fn evict(&mut self) {
        let Some(key) = self.places.victim() else { return };
        if let Some(entry) = self.clients.remove(&key) {
            self.places.remove(entry.place, key.1);
            self.evicted += 1;
        }
    }

    /// When nearly everything is established, who was not seen for longest loses the privilege.
    fn keep_room_for_newcomers(&mut self) {
        let Some(key) = self.places.surplus() else { return };
        if let Some(entry) = self.clients.get_mut(&key) {
            entry.place = self.places.demoted(entry.place, key);
        }
    }
}

/// The hello and the stable fingerprint of a handshake that is some client's.
fn attributable(handshake: &Handshake) -> Option<(&Offered, Fingerprint)> {
    let offered = handshake
        .offered
        .as_ref()
        .filter(|_| handshake.side == Side::Downstream)?;
    let (_, stable) = offered.fingerprints?;
    Some((offered, Fingerprint::from(stable)))
}

fn rank(client: &Client) -> Rank {
    if client.is_established() {
        Rank::Established
    } else {
        Rank::Newcomer
    }
}
