//! The latest handshakes, for the API: a bounded list and a stream of what comes.
//!
//! Only the control thread and the API take the lock, each for a short copy. A record is put on the
//! heap for subscribers only while there is one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use super::Dropped;
use super::names::Names;
use crate::handshake::Handshake;

/// Records that are kept.
const KEPT: usize = 1024;
/// Records that a subscriber may fall behind before it misses some.
const BACKLOG: usize = 256;

/// A record with the name of its route.
#[derive(Clone, Debug)]
pub struct Named {
    /// Counts the records of this process from 1; a gap for a subscriber means that it was too slow.
    pub sequence: u64,
    /// The route's name.
    pub route: Arc<str>,
    /// The record.
    pub handshake: Handshake,
}

/// The latest handshakes; clones see the same.
#[derive(Clone, Debug)]
pub struct Recent {
    kept: Arc<Mutex<Kept>>,
    stream: broadcast::Sender<Arc<Named>>,
    names: Names,
    dropped: Arc<[Dropped]>,
}

#[derive(Debug, Default)]
struct Kept {
    sequence: u64,
    records: VecDeque<Named>,
}

impl Recent {
    pub(super) fn new(dropped: Arc<[Dropped]>) -> Self {
        Self {
            kept: Arc::default(),
            stream: broadcast::Sender::new(BACKLOG),
            names: Names::default(),
            dropped,
        }
    }

    /// At most `limit` of the kept records, newest first.
    pub fn list(&self, limit: usize) -> Vec<Named> {
        self.lock().records.iter().rev().take(limit).cloned().collect()
    }

    /// The records from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Named>> {
        self.stream.subscribe()
    }

    /// The table that gives records their routes' names.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Records that were lost because a ring was full, on all cores.
    pub fn dropped(&self) -> u64 {
        self.dropped.iter().map(|core| core.0.load()).sum()
    }

    /// Keeps and publishes a batch, oldest first; gives it back with names.
    pub(super) fn add(&self, batch: &[Handshake]) -> Vec<Named> {
        let mut kept = self.lock();
        let named: Vec<Named> = batch
            .iter()
            .map(|handshake| self.name(&mut kept, *handshake))
            .collect();
        kept.records
            .extend(named.iter().skip(named.len().saturating_sub(KEPT)).cloned());
        let excess = kept.records.len().saturating_sub(KEPT);
        kept.records.drain(..excess);
        drop(kept);
        self.publish(&named);
        named
    }

    fn name(&self, kept: &mut Kept, handshake: Handshake) -> Named {
        kept.sequence += 1;
        Named {
            sequence: kept.sequence,
            route: self.names.resolve(handshake.route),
            handshake,
        }
    }

    fn publish(&self, named: &[Named]) {
        if self.stream.receiver_count() == 0 {
            return;
        }
        for record in named {
            // An error says that the last subscriber has just left.
            let _ = self.stream.send(Arc::new(record.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
