//! Numbers and times as a person reads them.
//!
//! What is unknown is a dash: a share of nothing is not zero.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::dto::Outcome;

pub(super) const UNKNOWN: &str = "–";

/// `1234567` as `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole, `62.1 %`; only nothing is 0 % and only all of it is 100 %.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let permille = u128::from(part) * 1000 / u128::from(whole.max(1));
    match (part, whole) {
        (_, 0) => UNKNOWN.to_owned(),
        (0, _) => "0 %".to_owned(),
        _ if part >= whole => "100 %".to_owned(),
        _ if permille == 0 => "<0.1 %".to_owned(),
        _ => format!("{}.{} %", permille / 10, permille % 10),
    }
}

/// Parts per ten thousand as a percentage without needless zeros: `1250` is `12.5`.
pub(super) fn weight(parts: u16) -> String {
    let text = format!("{}.{:02}", parts / 100, parts % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads what [`weight`] writes; `None` for anything that is not 0 to 100 with at most two decimals.
pub(super) fn parse_weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || fraction.len() > 2 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let parts = whole.parse::<u16>().ok()? * 100 + format!("{fraction:0<2}").parse::<u16>().ok()?;
    (parts <= 10_000).then_some(parts)
}

/// Microseconds with three digits or so: `840 µs`, `1.3 ms`, `2.1 s`.
pub(super) fn elapsed(us: Option<u64>) -> String {
    match us {
        None => UNKNOWN.to_owned(),
        Some(us @ ..1_000) => format!("{us} µs"),
        Some(us @ ..1_000_000) => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        Some(us) => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// Time of day in UTC.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string()
}

/// Day and time in UTC; the day is left out when it is the day of `now`.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_zoned(TimeZone::UTC), now.to_zoned(TimeZone::UTC));
    let format = if at.date() == now.date() {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M"
    };
    at.strftime(format).to_string()
}

/// Day in UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// How long until a certificate expires.
pub(super) fn days_left(expires_at: Timestamp, now: Timestamp) -> i64 {
    (expires_at.as_second() - now.as_second()).div_euclid(86_400)
}

/// The stage of a failure in words.
pub(super) fn stage(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::HelloIncomplete => "hello incomplete",
        Outcome::HelloMalformed => "hello malformed",
        Outcome::AfterServerHello => "client left after ServerHello",
        Outcome::AfterRetry => "client left after retry",
        Outcome::AlertIn => "alert from client",
        Outcome::AlertOut => "alert to client",
        Outcome::Policy => "refused by policy",
        Outcome::Timeout => "timed out",
        Outcome::Upstream => "upstream failed",
    }
}

#[cfg(test)]
mod tests {
    use super::{UNKNOWN, count, days_left, elapsed, moment, parse_weight, percent, weight};

    #[test]
    fn counts_are_grouped_by_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn a_share_of_nothing_is_unknown_and_only_all_of_it_is_whole() {
        assert_eq!(percent(0, 0), UNKNOWN);
        assert_eq!(percent(0, 7), "0 %");
        assert_eq!(percent(1, 100_000), "<0.1 %");
        assert_eq!(percent(99_999, 100_000), "99.9 %");
        assert_eq!(percent(7, 7), "100 %");
        assert_eq!(percent(u64::MAX - 1, u64::MAX), "99.9 %");
    }

    #[test]
    fn every_weight_survives_the_form() {
        for parts in 0..=10_000 {
            assert_eq!(parse_weight(&weight(parts)), Some(parts));
        }
        assert_eq!(
            (weight(1_250), weight(5), weight(10_000)),
            ("12.5".into(), "0.05".into(), "100".into())
        );
    }

    #[test]
    fn a_weight_out_of_range_or_too_fine_is_refused() {
        for text in [
            "",
            ".",
            "-1",
            "100.01",
            "101",
            "1.234",
            "1e2",
            "+5",
            "5 %",
            "99999999999999999999",
        ] {
            assert_eq!(parse_weight(text), None, "{text}");
        }
        assert_eq!(parse_weight(" 5. "), Some(500));
    }

    #[test]
    fn durations_pick_their_unit() {
        let cases = [
            (Some(840), "840 µs"),
            (Some(1_340), "1.3 ms"),
            (Some(2_150_000), "2.1 s"),
            (None, UNKNOWN),
        ];
        for (us, text) in cases {
            assert_eq!(elapsed(us), text);
        }
    }

    #[test]
    fn moments_of_today_leave_out_the_day() {
        let now = "2026-11-21T23:30:00Z".parse().expect("test time");
        let earlier = "2026-11-21T01:02:03Z".parse().expect("test time");
        let yesterday = "2026-11-20T23:59:59Z".parse().expect("test time");
        assert_eq!(moment(earlier, now), "01:02:03");
        assert_eq!(moment(yesterday, now), "2026-11-20 23:59");
        assert_eq!(days_left(yesterday, now), -1);
        assert_eq!(days_left(now, now), 0);
    }
}
