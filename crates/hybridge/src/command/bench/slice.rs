//! A stretch of time in which load is made, and the order to stop before its end (Ctrl-C).
//! What ends after the stretch does not count, and the stretch lasts no longer than it did.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::clock;

/// The order to stop; clones hear the same.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for Ctrl-C from now on; inside a runtime.
    pub(super) fn on_interrupt() -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                sender.send_replace(true);
            }
            // The channel stays open: a closed one would read as an order.
            sender.closed().await;
        });
        Self(receiver)
    }

    /// Was it given?
    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for it.
    pub(super) async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A stretch of time that has begun.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) began: Instant,
    pub(super) ends: Instant,
    pub(super) stop: Stop,
}

impl Slice {
    /// Begins now.
    pub(super) fn begin(length: Duration, stop: &Stop) -> Self {
        let began = clock::monotonic();
        Self {
            began,
            ends: began + length,
            stop: stop.clone(),
        }
    }

    /// Is its end reached, or the order to stop given?
    pub(super) fn is_over(&self) -> bool {
        clock::monotonic() >= self.ends || self.stop.is_set()
    }

    /// Waits for its end or for the order to stop.
    pub(super) async fn over(&self) {
        tokio::select! {
            () = tokio::time::sleep_until(self.ends.into()) => {}
            () = self.stop.wait() => {}
        }
    }

    /// How long it has lasted; no longer than it should.
    pub(super) fn elapsed(&self) -> Duration {
        clock::monotonic().min(self.ends).duration_since(self.began)
    }
    /// Sends each moment at which something should begin, when it has come; `rate` of them per second. Blocks:
    /// a thread keeps the pace, because the runtime's timer is no finer than a millisecond.
    pub(super) fn pace(&self, rate: f64, due: &mpsc::Sender<Instant>) {
        for number in 0_u64.. {
            let intended = self.began + Duration::from_secs_f64(number as f64 / rate);
            if intended >= self.ends || self.stop.is_set() {
                return;
            }
            while let Some(left) = intended
                .checked_duration_since(clock::monotonic())
                .filter(|left| !left.is_zero())
            {
                std::thread::park_timeout(left);
            }
            if due.blocking_send(intended).is_err() {
                return;
            }
        }
    }
}
