//! Which sequence numbers were received: each once, in order or up to 63 behind the newest.
//!
//! The sliding window of RFC 4303 §3.4.3. It is asked before a message is opened and told after, so that a
//! forged message moves nothing.

/// How far behind the newest one a message may arrive.
pub(crate) const WINDOW: u64 = 64;

/// The newest number received and which of the 64 up to it were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// One more than the newest number; zero before the first.
    pub(crate) next: u64,
    /// Bit `i` stands for the number `next - 1 - i`.
    pub(crate) seen: u64,
}

impl Window {
    /// True where this number was not received yet and is not too old to know.
    pub(crate) const fn accepts(self, sequence: u64) -> bool {
        if sequence >= self.next {
            return true;
        }
        let behind = self.next - 1 - sequence;
        behind < WINDOW && self.seen & (1 << behind) == 0
    }

    /// Marks a number as received.
    pub(crate) const fn receive(&mut self, sequence: u64) {
        if sequence < self.next {
            self.seen |= 1 << (self.next - 1 - sequence);
            return;
        }
        let advance = sequence - self.next + 1;
        self.seen = if advance < WINDOW { self.seen << advance } else { 0 };
        self.seen |= 1;
        self.next = sequence + 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn check(order: &[u64]) -> Vec<u64> {
        let mut window = Window::default();
        let accepted = order.iter().copied().filter(|&sequence| {
            let accepted = window.accepts(sequence);
            if accepted {
                window.receive(sequence);
            }
            accepted
        });
        accepted.collect()
    }

    #[test]
    fn accepts_each_once_in_any_order_within_the_window() {
        assert_eq!(check(&[0, 2, 1, 2, 0, 3]), [0, 2, 1, 3]);
        assert_eq!(check(&[100, 37, 36, 37]), [100, 37]);
        assert_eq!(check(&[0, 63, 0, 64, 1, 0]), [0, 63, 64, 1]);
    }

    #[test]
    fn never_accepts_twice_whatever_the_order() {
        use proptest::prelude::*;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        runner
            .run(&proptest::collection::vec(0u64..200, 0..300), |order| {
                let accepted = check(&order);
                let distinct: BTreeSet<_> = accepted.iter().collect();
                prop_assert_eq!(distinct.len(), accepted.len());
                Ok(())
            })
            .unwrap();
    }
}
