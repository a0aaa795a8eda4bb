//! Long spans of time on the command line: `90d`, `10y`, `12h`.
//! A day has 24 hours and a year 365 days. Months are refused, because they have no length.

use jiff::Span;

const DAY_S: i64 = 24 * 3600;

/// Reads a span longer than zero, in seconds.
///
/// # Errors
/// What is wrong, for the argument parser.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let span: Span = text
        .parse()
        .map_err(|_malformed| "write a number with its unit, like 90d, 12h or 10y".to_owned())?;
    if span.get_months() != 0 {
        return Err("a month has no fixed length; write days".to_owned());
    }
    let days =
        i64::from(span.get_years()) * 365 + i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let seconds =
        days * DAY_S + i64::from(span.get_hours()) * 3600 + span.get_minutes() * 60 + span.get_seconds();
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err("must be longer than zero".to_owned()),
    }
}

/// As [`parse`], or 0 for `never`.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_or_never(text: &str) -> Result<u64, String> {
    if text == "never" { Ok(0) } else { parse(text) }
}

/// As [`parse`], or 0 for `0`.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_or_zero(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { parse(text) }
}

/// A span as it would be written: the largest unit that divides it.
pub(crate) fn show(seconds: u64) -> String {
    let units = [(365 * 24 * 3600, "y"), (24 * 3600, "d"), (3600, "h"), (60, "min")];
    let whole = units
        .into_iter()
        .find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    match whole {
        Some((length, unit)) => format!("{} {unit}", seconds / length),
        None => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_and_years() {
        for (text, seconds) in [
            ("90d", 7_776_000),
            ("10y", 315_360_000),
            ("12h", 43_200),
            ("1w 1d", 691_200),
        ] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        assert_eq!(parse_or_never("never"), Ok(0));
        assert_eq!(parse_or_zero("0"), Ok(0));
        for wrong in ["", "90", "0s", "-1d", "2 months", "ten days"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shows_the_largest_unit_that_divides() {
        for (seconds, text) in [
            (7_776_000, "90 d"),
            (315_360_000, "10 y"),
            (90, "90 s"),
            (0, "0 s"),
            (3600, "1 h"),
        ] {
            assert_eq!(show(seconds), text);
        }
    }
}
