//! Durations on the command line: `10s`, `500ms`, `1m 30s`.
//! A number without a unit is refused: nobody should have to guess which one is meant.

use std::time::Duration;

/// Reads a duration longer than zero.
///
/// # Errors
/// What is wrong, for the argument parser.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let signed: jiff::SignedDuration = text
        .parse()
        .map_err(|_malformed| "write a number with its unit, like 10s, 500ms or 2m".to_owned())?;
    match Duration::try_from(signed) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("must be longer than zero".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_with_units() {
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["10", "", "0s", "-1s", "ten"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
