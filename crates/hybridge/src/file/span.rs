//! Spans of time in the file: `1h`, `7d`, `90s`. A day has 24 hours; a month has no length and is refused.
//! A number without a unit is refused, as everywhere in the file.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::service::period;

/// Reads a span; `0s` is none.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_zero = text.trim_end_matches(char::is_alphabetic).trim() == "0";
    if is_zero && text.len() > 1 {
        return Ok(Duration::ZERO);
    }
    let seconds = period::parse(&text).map_err(D::Error::custom)?;
    Ok(Duration::from_secs(seconds))
}

/// Reads a span that need not be there.
pub(super) fn read_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    read(deserializer).map(Some)
}
