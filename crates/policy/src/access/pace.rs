//! Pace: how many requests one identity may make, as a token bucket in a single atomic word.
//!
//! The generic cell rate algorithm (ITU-T I.371): the word is when the next request would be due if all
//! came evenly. Time is an argument; no lock, no queue, nothing to clean up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A rate with a burst, and where the identity stands in it.
#[derive(Debug)]
pub struct Pace {
    interval_ns: u64,
    burst_ns: u64,
    due_ns: AtomicU64,
}

impl Pace {
    /// So many a second, so many at once. A rate of 0 is unlimited.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval_ns = 1_000_000_000_u64.checked_div(u64::from(per_second)).unwrap_or(0);
        Self {
            interval_ns,
            burst_ns: interval_ns.saturating_mul(u64::from(burst.max(1))),
            due_ns: AtomicU64::new(0),
        }
    }

    /// Takes one, or says how long until there is one. `now` is the time since any fixed start.
    ///
    /// # Errors
    /// The wait, when too many were taken.
    pub fn take(&self, now: Duration) -> Result<(), Duration> {
        let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let next = |due_ns: u64| {
            let after = due_ns.max(now_ns).saturating_add(self.interval_ns);
            (after - now_ns <= self.burst_ns).then_some(after)
        };
        if self.interval_ns == 0 {
            return Ok(());
        }
        let taken = self
            .due_ns
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(|_before| ()).map_err(|due_ns| {
            let after = due_ns.max(now_ns).saturating_add(self.interval_ns);
            Duration::from_nanos(after - now_ns - self.burst_ns)
        })
    }

    /// Whether one could be taken; takes none.
    pub fn is_within(&self, now: Duration) -> bool {
        let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let due_ns = self.due_ns.load(Ordering::Relaxed).max(now_ns);
        self.interval_ns == 0 || due_ns.saturating_add(self.interval_ns) - now_ns <= self.burst_ns
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let pace = Pace::new(10, 3);
        let start = Duration::from_secs(5);
        for _ in 0..3 {
            assert_eq!(pace.take(start), Ok(()));
        }
        assert!(!pace.is_within(start));
        assert_eq!(pace.take(start), Err(Duration::from_millis(100)));
        assert_eq!(
            pace.take(start + Duration::from_millis(99)),
            Err(Duration::from_millis(1))
        );
        assert_eq!(pace.take(start + Duration::from_millis(100)), Ok(()));
        assert!(pace.take(start + Duration::from_millis(100)).is_err());
    }

    #[test]
    fn rest_does_not_save_up_more_than_the_burst() {
        let pace = Pace::new(10, 3);
        let later = Duration::from_secs(3600);
        let taken = (0..10).filter(|_| pace.take(later).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn a_rate_of_zero_is_unlimited() {
        let pace = Pace::new(0, 1);
        assert!((0..1000).all(|_| pace.take(Duration::ZERO).is_ok()));
    }
}
