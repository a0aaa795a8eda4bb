//! The only place that reads a clock or sleeps: deadlines, and waiting for what another process does.
//!
//! Peers say in their own time that they listen or have logged something, so waiting is a poll with a
//! short pause. Nothing waits beyond its deadline.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A moment after which waiting has no more use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self(now() + limit)
    }

    /// This one, or `limit` from now if that is sooner.
    pub(super) fn within(self, limit: Duration) -> Self {
        Self(self.0.min(now() + limit))
    }

    pub(super) fn passed(self) -> bool {
        now() >= self.0
    }

    /// Polls until there is an answer. `None` when the deadline came first.
    ///
    /// # Errors
    /// Those of `look`.
    pub(super) fn poll<T>(
        self,
        mut look: impl FnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<Option<T>> {
        loop {
            let late = self.passed();
            if let Some(found) = look()? {
                return Ok(Some(found));
            }
            if late {
                return Ok(None);
            }
            pause();
        }
    }
}

/// Measures how long something takes.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let done = work();
    (done, start.elapsed())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock module of the interop runs"
)]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "no runtime here, and other processes tell nobody when they are ready"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_ends_with_the_answer_or_the_deadline() {
        let mut looks = 0;
        let found = Deadline::after(Duration::from_secs(5)).poll(|| {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(found.unwrap(), Some(3));
        let never = Deadline::after(Duration::from_millis(20)).poll(|| Ok(None::<()>));
        assert_eq!(never.unwrap(), None);
    }

    #[test]
    fn a_passed_deadline_still_looks_once() {
        assert_eq!(
            Deadline::after(Duration::ZERO).poll(|| Ok(Some(1))).unwrap(),
            Some(1)
        );
    }
}
