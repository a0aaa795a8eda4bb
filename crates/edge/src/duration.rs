//! Durations in configuration: "10s", "500ms", "5 min" or ISO 8601 ("PT10S").
//! Negative ones are refused.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// For `#[serde(with = "duration")]`.
///
/// # Errors
/// The text is no duration, or a negative one.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let signed: jiff::SignedDuration = text.parse().map_err(|_unusable| {
        D::Error::custom(format!("{text:?} is no duration; write \"10s\" or \"500ms\""))
    })?;
    Duration::try_from(signed).map_err(|_unusable| D::Error::custom(format!("{text:?} is negative")))
}
