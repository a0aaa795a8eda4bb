//! Is the edge well? Ready means that traffic should come here; reasons also name what needs
//! attention soon while traffic is still served.

use hybridge_api::dto::Health;
use hybridge_edge::handle::{CertificateView, RouteView};
use jiff::Timestamp;

/// Seconds before its end at which a certificate is worth a word: a week.
const SOON: i64 = 7 * 24 * 3600;

/// Judges the routes at `now`.
pub(super) fn assess(routes: &[RouteView], is_draining: bool, now: Timestamp) -> Health {
    let mut reasons = Vec::new();
    if is_draining {
        reasons.push("draining: no new connections are accepted".to_owned());
    }
    let mut any_expired = false;
    for route in routes {
        for certificate in &route.certificates {
            let left = certificate.not_after - now.as_second();
            any_expired |= left <= 0;
            reasons.extend(word(&route.config.name, certificate, left));
        }
    }
    Health {
        live: true,
        ready: !is_draining && !any_expired,
        reasons,
        ..Health::default()
    }
}

fn word(route: &str, certificate: &CertificateView, left: i64) -> Option<String> {
    let name = certificate.names.first().map_or("without a name", String::as_str);
    let what = format!(
        "route {route}: the {} certificate {name}",
        certificate.key_algorithm
    );
    match left {
        ..=0 => Some(format!("{what} has expired")),
        1..=SOON => Some(format!("{what} expires in {} hours", left / 3600)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: i64, expect: Option<&str>) {
        let certificate = CertificateView {
            names: vec!["shop.example".to_owned()],
            key_algorithm: "ECDSA",
            not_after: 0,
        };
        let said = word("shop", &certificate, left);
        assert_eq!(said.as_deref(), expect, "{left}");
    }

    #[test]
    fn a_certificate_near_its_end_is_named_with_the_time_that_is_left() {
        check(8 * 24 * 3600, None);
        check(
            7200,
            Some("route shop: the ECDSA certificate shop.example expires in 2 hours"),
        );
        check(
            0,
            Some("route shop: the ECDSA certificate shop.example has expired"),
        );
        check(
            -5,
            Some("route shop: the ECDSA certificate shop.example has expired"),
        );
    }

    #[test]
    fn a_draining_edge_is_not_ready_and_says_so() {
        assert!(assess(&[], false, Timestamp::UNIX_EPOCH).ready);
        let draining = assess(&[], true, Timestamp::UNIX_EPOCH);
        assert!(draining.live && !draining.ready && draining.reasons[0].starts_with("draining"));
    }
}
