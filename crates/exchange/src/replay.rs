//! Which Inits were seen already: bounded, and closed rather than forgetful when it is full.
//!
//! A nonce is remembered until its Init would be refused as stale anyhow. The floor is the newest client time
//! that was ever forgotten: nothing as old as that is accepted again, so a clock that goes back reopens
//! nothing, and neither does a restart when the floor begins at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::time::Time;

/// The nonces of one server, with a limit on how many.
#[derive(Debug)]
pub struct ReplayCache {
    seen: BTreeMap<[u8; 32], Time>,
    by_time: BTreeSet<(Time, [u8; 32])>,
    floor: Time,
    capacity: usize,
}

/// Why an Init was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The nonce was used before.
    #[error("the nonce was used before")]
    Seen,
    /// The Init may have been seen before a restart or a clock that went back.
    #[error("the message is from before what this server remembers")]
    Forgotten,
    /// As many Inits as can be remembered are still fresh.
    #[error("no room to remember another exchange; try again when the window has passed")]
    Full,
}

impl ReplayCache {
    /// Remembers up to `capacity` nonces (about 150 bytes each) and admits nothing said before `since`.
    #[must_use]
    pub const fn new(capacity: usize, since: Time) -> Self {
        Self {
            seen: BTreeMap::new(),
            by_time: BTreeSet::new(),
            floor: since,
            capacity,
        }
    }

    /// How many nonces are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// True where none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Admits an Init made at `made` once. That it is fresh was checked before; `window` is what fresh means.
    ///
    /// # Errors
    /// [`ReplayError`]; nothing is remembered then.
    pub fn admit(
        &mut self,
        nonce: [u8; 32],
        made: Time,
        window: Duration,
        now: Time,
    ) -> Result<(), ReplayError> {
        self.forget(now.before(window));
        if self.seen.contains_key(&nonce) {
            return Err(ReplayError::Seen);
        }
        if made < self.floor {
            return Err(ReplayError::Forgotten);
        }
        if self.seen.len() >= self.capacity {
            return Err(ReplayError::Full);
        }
        self.seen.insert(nonce, made);
        self.by_time.insert((made, nonce));
        Ok(())
    }

    /// Forgets what was made before `limit`, and raises the floor above it.
    fn forget(&mut self, limit: Time) {
        while let Some((made, nonce)) = self.by_time.first().copied()
            && made < limit
        {
            self.by_time.pop_first();
            self.seen.remove(&nonce);
            self.floor = self.floor.max(Time(made.0.saturating_add(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(100);

    fn check(cache: &mut ReplayCache, nonce: u8, made: u64, now: u64) -> Result<(), ReplayError> {
        cache.admit([nonce; 32], Time(made), WINDOW, Time(now))
    }

    #[test]
    fn a_nonce_is_admitted_once_whatever_time_it_comes_with() {
        let mut cache = ReplayCache::new(10, Time(0));
        assert_eq!(check(&mut cache, 1, 1000, 1000), Ok(()));
        assert_eq!(check(&mut cache, 1, 1000, 1001), Err(ReplayError::Seen));
        assert_eq!(check(&mut cache, 1, 1050, 1060), Err(ReplayError::Seen));
        assert_eq!(check(&mut cache, 2, 1000, 1060), Ok(()));
    }

    #[test]
    fn a_full_cache_refuses_until_the_window_has_passed() {
        let mut cache = ReplayCache::new(2, Time(0));
        assert_eq!(check(&mut cache, 1, 1000, 1000), Ok(()));
        assert_eq!(check(&mut cache, 2, 1000, 1000), Ok(()));
        assert_eq!(check(&mut cache, 3, 1000, 1100), Err(ReplayError::Full));
        assert_eq!(check(&mut cache, 3, 1101, 1101), Ok(()));
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_reopen_what_was_forgotten() {
        let mut cache = ReplayCache::new(10, Time(0));
        assert_eq!(check(&mut cache, 1, 1000, 1000), Ok(()));
        assert_eq!(check(&mut cache, 2, 5000, 5000), Ok(()));
        assert_eq!(check(&mut cache, 1, 1000, 1000), Err(ReplayError::Forgotten));
    }

    #[test]
    fn nothing_from_before_the_start_is_admitted() {
        let mut cache = ReplayCache::new(10, Time(1000));
        assert_eq!(check(&mut cache, 1, 999, 1010), Err(ReplayError::Forgotten));
        assert_eq!(check(&mut cache, 1, 1000, 1010), Ok(()));
    }

    #[test]
    fn no_order_of_clocks_and_calls_admits_a_message_twice() {
        use proptest::prelude::*;
        let calls = proptest::collection::vec((0u8..6, 0u64..20, 0u64..400), 1..60);
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        runner
            .run(&calls, |calls| {
                let mut cache = ReplayCache::new(4, Time(0));
                let mut admitted = BTreeSet::new();
                for (nonce, made, now) in calls {
                    let refused = check(&mut cache, nonce, made * 20, now).is_err();
                    prop_assert!(refused || admitted.insert((nonce, made)), "admitted twice");
                    prop_assert!(cache.len() <= 4);
                }
                Ok(())
            })
            .unwrap();
    }
}
