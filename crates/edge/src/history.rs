//! What each arm did in the last hour, for the chart of the console: one sample every ten seconds.
//!
//! Pure: it is told the totals and the time, and keeps the differences. An interval without a
//! handshake is a sample of zeros; the time before a route existed has no samples.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::arms::Arm;
use crate::counters::{RouteTotals, Tally};
use crate::handshake::Side;

/// Time between two samples.
pub const INTERVAL: Duration = Duration::from_secs(10);
/// Samples that are kept of each arm: an hour.
pub const DEPTH: usize = 360;

/// What one arm of a route did on one side in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// End of the interval, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// The side.
    pub side: Side,
    /// The arm.
    pub arm: Arm,
    /// The handshakes that ended in it.
    pub counts: Deltas,
}

/// Handshakes of one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deltas {
    /// All, well or not.
    pub handshakes: u64,
    /// Successes with a post-quantum key exchange.
    pub post_quantum: u64,
    /// Those that did not succeed.
    pub failures: u64,
}

/// The last hour of every route.
#[derive(Debug, Default)]
pub struct History {
    routes: HashMap<Arc<str>, Route>,
}

#[derive(Debug, Default)]
struct Route {
    last: [[Deltas; Arm::ALL.len()]; Side::ALL.len()],
    samples: VecDeque<(i64, [[Deltas; Arm::ALL.len()]; Side::ALL.len()])>,
}

impl History {
    /// Takes a sample of every route at `at_us`; a route that is not named any more is forgotten.
    pub fn sample<'a>(
        &mut self,
        totals: impl IntoIterator<Item = (&'a Arc<str>, &'a RouteTotals)>,
        at_us: i64,
    ) {
        let mut routes = HashMap::new();
        for (name, totals) in totals {
            let mut route = self.routes.remove(name).unwrap_or_default();
            route.sample(totals, at_us);
            routes.insert(Arc::clone(name), route);
        }
        self.routes = routes;
    }

    /// The samples of a route, oldest first; none for a name that is not known.
    pub fn list(&self, route: &str) -> Vec<Sample> {
        let samples = self
            .routes
            .get(route)
            .into_iter()
            .flat_map(|route| &route.samples);
        samples
            .flat_map(|(at_us, counts)| expand(*at_us, counts))
            .collect()
    }
}

impl Route {
    fn sample(&mut self, totals: &RouteTotals, at_us: i64) {
        let now = Side::ALL.map(|side| Arm::ALL.map(|arm| Deltas::of(totals.tally(side, arm))));
        let mut deltas = now;
        for (delta, last) in deltas.as_flattened_mut().iter_mut().zip(self.last.as_flattened()) {
            *delta = delta.since(last);
        }
        self.last = now;
        if self.samples.len() >= DEPTH {
            self.samples.pop_front();
        }
        self.samples.push_back((at_us, deltas));
    }
}

impl Deltas {
    fn of(tally: &Tally<u64>) -> Self {
        // The two counts were read one after the other while the core went on.
        let post_quantum = tally.post_quantum.min(tally.successes());
        Self {
            handshakes: tally.handshakes(),
            post_quantum,
            failures: tally.failures(),
        }
    }

    /// What was added to `last`. Totals that shrank began anew (the route was made again under its
    /// old name), and then all of it is new.
    const fn since(self, last: &Self) -> Self {
        if self.handshakes < last.handshakes {
            return self;
        }
        Self {
            handshakes: self.handshakes - last.handshakes,
            post_quantum: self.post_quantum.saturating_sub(last.post_quantum),
            failures: self.failures.saturating_sub(last.failures),
        }
    }
}

fn expand(
    at_us: i64,
    counts: &[[Deltas; Arm::ALL.len()]; Side::ALL.len()],
) -> impl Iterator<Item = Sample> + '_ {
    Side::ALL.into_iter().flat_map(move |side| {
        let sample = move |arm: Arm| Sample {
            at_us,
            side,
            arm,
            counts: counts[side as usize][arm as usize],
        };
        Arm::ALL.into_iter().map(sample)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::RouteCounters;
    use crate::handshake::Outcome;
    use crate::recorder::specimen::{classical, failed, hybrid};

    fn sample(history: &mut History, name: &str, counters: &RouteCounters, at_us: i64) {
        history.sample([(&Arc::from(name), &counters.merged())], at_us);
    }

    fn counts(history: &History, route: &str, side: Side, arm: Arm) -> Vec<(i64, u64, u64, u64)> {
        let samples = history
            .list(route)
            .into_iter()
            .filter(|each| each.side == side && each.arm == arm);
        samples
            .map(|Sample { at_us, counts, .. }| {
                (at_us, counts.handshakes, counts.post_quantum, counts.failures)
            })
            .collect()
    }

    #[test]
    fn a_sample_is_what_came_since_the_one_before() {
        let (mut history, counters) = (History::default(), RouteCounters::new(1));
        counters.on_core(0).record(&hybrid());
        sample(&mut history, "shop", &counters, 10);
        sample(&mut history, "shop", &counters, 20);
        counters.on_core(0).record(&classical());
        counters.on_core(0).record(&failed(hybrid(), Outcome::Timeout));
        sample(&mut history, "shop", &counters, 30);
        let control = counts(&history, "shop", Side::Downstream, Arm::Control);
        assert_eq!(control, [(10, 1, 1, 0), (20, 0, 0, 0), (30, 2, 0, 1)]);
        let canary = counts(&history, "shop", Side::Downstream, Arm::Canary);
        assert_eq!(canary, [(10, 0, 0, 0), (20, 0, 0, 0), (30, 0, 0, 0)]);
        assert_eq!(history.list("till"), []);
    }

    #[test]
    fn the_last_hour_is_kept_oldest_first() {
        let (mut history, counters) = (History::default(), RouteCounters::new(1));
        (0..500).for_each(|at_us| sample(&mut history, "shop", &counters, at_us));
        let times: Vec<i64> = counts(&history, "shop", Side::Upstream, Arm::Control)
            .iter()
            .map(|each| each.0)
            .collect();
        assert_eq!(times, (140..500).collect::<Vec<_>>());
    }

    #[test]
    fn a_route_that_is_made_again_begins_anew_and_one_that_is_gone_is_forgotten() {
        let (mut history, counters) = (History::default(), RouteCounters::new(1));
        (0..3).for_each(|_| counters.on_core(0).record(&hybrid()));
        sample(&mut history, "shop", &counters, 10);
        let again = RouteCounters::new(1);
        again.on_core(0).record(&hybrid());
        sample(&mut history, "shop", &again, 20);
        let control = counts(&history, "shop", Side::Downstream, Arm::Control);
        assert_eq!(control, [(10, 3, 3, 0), (20, 1, 1, 0)]);
        sample(&mut history, "till", &again, 30);
        assert_eq!(history.list("shop"), []);
    }
}
