//! The one place of this crate that reads clocks.
//! Everything else takes time as an argument or calls this function at its outer rim.

use std::time::{SystemTime, UNIX_EPOCH};

use hybridge_exchange::Time;

/// The wall clock. Before 1970 it stands still.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
