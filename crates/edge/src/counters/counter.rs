//! A number that one thread counts up and any thread may read.
//!
//! Adding is a plain load, addition and store, several times cheaper than a locked addition. That is
//! right only because no second thread ever adds: two would lose counts, though never memory safety.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count with a single writer.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `count`; for the one thread that owns this counter.
    #[inline]
    pub fn add(&self, count: u64) {
        self.0.store(self.load().wrapping_add(count), Ordering::Relaxed);
    }

    /// The count as it was a moment ago; for any thread.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds each of `from` to its counterpart.
    pub(super) fn add_all(from: &[Self], to: &mut [u64]) {
        from.iter().zip(to).for_each(|(from, to)| *to += from.load());
    }
}
