//! The one place of this crate that reads clocks.
//! Everything else takes time as an argument or calls these two functions at its outer rim.

use std::time::Instant;

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// The wall clock, in microseconds since the Unix epoch.
pub(crate) fn wall_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// Microseconds from `since` to now, saturating at about 71 minutes.
pub(crate) fn elapsed_us(since: Instant) -> u32 {
    u32::try_from(monotonic().duration_since(since).as_micros()).unwrap_or(u32::MAX)
}
