//! From the cores to whoever watches: rings of records, and the one place that empties them.
//!
//! A core pushes a record into its own bounded ring and never waits: a full ring drops the record
//! and counts it (the counters of the route have it nevertheless). The recorder runs on the control
//! thread, empties the rings every 50 ms, keeps the latest, feeds the client register and tells
//! subscribers. Nobody wakes it: that would cost the cores a system call per handshake.

mod names;
mod recent;
#[cfg(test)]
pub(crate) mod specimen;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};
use tokio::time;

pub use names::Names;
pub use recent::{Named, Recent};

use crate::clock;
use crate::counters::Counter;
use crate::handshake::Handshake;
use crate::register::Clients;

/// Time between two looks at the rings while there is traffic.
const BUSY: Duration = Duration::from_millis(50);
/// The longest time between two looks.
const IDLE: Duration = Duration::from_millis(250);
/// The shortest time between two saves of the client register.
const BETWEEN_SAVES: Duration = Duration::from_secs(30);

/// One ring for each of `cores` cores, with room for `capacity` records, and the end that empties them.
pub fn ring(cores: usize, capacity: usize) -> (Vec<Recording>, Recorder) {
    let dropped: Arc<[Dropped]> = (0..cores).map(|_| Dropped::default()).collect();
    let (records, rings): (Vec<_>, Vec<_>) = (0..cores).map(|_| RingBuffer::new(capacity)).unzip();
    let recent = Recent::new(Arc::clone(&dropped));
    let recording = |(core, records)| Recording {
        records,
        dropped: Arc::clone(&dropped),
        core,
    };
    let recordings = records.into_iter().enumerate().map(recording).collect();
    let recorder = Recorder {
        rings,
        recent,
        clients: None,
        batch: Vec::new(),
    };
    (recordings, recorder)
}

/// Records that one core's full ring had no room for; on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Dropped(Counter);

/// A core's end of its ring.
#[derive(Debug)]
pub struct Recording {
    records: Producer<Handshake>,
    dropped: Arc<[Dropped]>,
    core: usize,
}

impl Recording {
    /// Hands a record to the recorder; never waits. A full ring drops the record and counts it.
    #[inline]
    pub fn push(&mut self, handshake: Handshake) {
        if self.records.push(handshake).is_err() {
            self.dropped[self.core].0.add(1);
        }
    }
}

/// The other end of all rings; lives on the control thread.
#[derive(Debug)]
pub struct Recorder {
    rings: Vec<Consumer<Handshake>>,
    recent: Recent,
    clients: Option<Clients>,
    batch: Vec<Handshake>,
}

impl Recorder {
    /// Feeds this client register, and saves it now and then and at the end.
    #[must_use]
    pub fn feeding(self, clients: Clients) -> Self {
        Self {
            clients: Some(clients),
            ..self
        }
    }

    /// What the API reads; clones see the same.
    pub fn recent(&self) -> Recent {
        self.recent.clone()
    }

    /// Empties the rings until `shutdown` is ready, then once more, and saves the register.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let (mut pause, mut saved) = (BUSY, clock::monotonic());
        let mut stop = false;
        while !stop {
            stop = tokio::select! {
                () = time::sleep(pause) => false,
                () = &mut shutdown => true,
            };
            pause = if self.drain() > 0 {
                BUSY
            } else {
                (pause * 2).min(IDLE)
            };
            if saved.elapsed() >= BETWEEN_SAVES {
                saved = clock::monotonic();
                self.clients
                    .iter()
                    .for_each(|clients| drop(clients.save_in_background()));
            }
        }
        if let Some(clients) = self.clients {
            // An error says that the runtime is being torn down, and then nobody is left to tell.
            let _ = clients.save_in_background().await;
        }
    }

    /// Empties the rings once, oldest record first; says how many records there were.
    pub fn drain(&mut self) -> usize {
        self.batch.clear();
        let filled = self
            .rings
            .iter_mut()
            .filter_map(|ring| take_all(ring, &mut self.batch))
            .count();
        if filled > 1 {
            self.batch
                .sort_by_key(|handshake| handshake.at_us.saturating_add(handshake.finished_us.into()));
        }
        if !self.batch.is_empty() {
            let named = self.recent.add(&self.batch);
            if let Some(clients) = &self.clients {
                clients.observe(&named);
            }
        }
        self.batch.len()
    }
}

/// Moves what is in the ring now to the end of `batch`; `None` if there was nothing.
fn take_all(ring: &mut Consumer<Handshake>, batch: &mut Vec<Handshake>) -> Option<()> {
    let count = ring.slots();
    let chunk = ring.read_chunk(count).ok().filter(|_| count > 0)?;
    batch.extend(chunk);
    Some(())
}
