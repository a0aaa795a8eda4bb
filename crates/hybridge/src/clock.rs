//! The one place of the binary that reads clocks.
//! Everything else takes time as an argument or calls these functions at its outer rim.

use std::time::Instant;

/// The wall clock.
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
