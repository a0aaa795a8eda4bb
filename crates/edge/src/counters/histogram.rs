//! Histograms with fixed upper bounds: one count per bucket and the sum of all values.
//!
//! Bounds are whole numbers in the unit of what is recorded (microseconds, bytes, segments); the
//! last bucket takes what exceeds them all. The number of values is the sum of the buckets, so the
//! two never disagree, whatever moment a reader chooses.

use super::counter::Counter;

/// Time, in microseconds: 0.5 ms to 10 s.
pub const TIME_BOUNDS_US: [u64; 14] = [
    500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// Size of a ClientHello in bytes; 1400 and 1500 are about what one TCP segment carries.
pub const HELLO_BOUNDS_BYTES: [u64; 8] = [256, 512, 1024, 1400, 1500, 2000, 4000, 16_384];

/// Segments that a ClientHello came in.
pub const SEGMENT_BOUNDS: [u64; 3] = [1, 2, 3];

/// Counts of values by upper bound. `N` is the number of bounds plus one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<C, const N: usize> {
    /// Values in each bucket (not cumulative); the last is for what exceeds every bound.
    pub buckets: [C; N],
    /// Sum of the values.
    pub sum: C,
}

impl<C: Default, const N: usize> Default for Histogram<C, N> {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| C::default()),
            sum: C::default(),
        }
    }
}

impl<const N: usize> Histogram<Counter, N> {
    /// Counts `value` in the first bucket whose bound is not below it.
    pub(super) fn record(&self, bounds: &[u64], value: u64) {
        let bucket = bounds.iter().position(|bound| value <= *bound).unwrap_or(N - 1);
        self.buckets[bucket].add(1);
        self.sum.add(value);
    }

    pub(super) fn add_to(&self, totals: &mut Histogram<u64, N>) {
        Counter::add_all(&self.buckets, &mut totals.buckets);
        totals.sum += self.sum.load();
    }
}

impl<const N: usize> Histogram<u64, N> {
    /// Number of values.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}
