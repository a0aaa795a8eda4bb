//! On which terms a server agrees to sessions, and which suite that gives.
//!
//! Hybrid before classical, whatever the client prefers; among hybrid ones the client's order counts. A
//! classical suite needs an exception that is open at that moment, and names it in the transcript.

use std::time::Duration;

use super::Refusal;
use crate::{Code, HYBRID, Suite, Time};

/// The caller's policy for one answer.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// Hybrid suites that are allowed. A classical one in here changes nothing.
    pub allowed: &'a [&'static Suite],
    /// What allows classical suites for the time being.
    pub exception: Option<Exception<'a>>,
    /// How long a session lives, at most.
    pub lifetime: Duration,
    /// How far the client's clock may be off, either way, and how long the client has to confirm.
    pub window: Duration,
}

/// An open door to classical suites, with an end.
#[derive(Clone, Copy, Debug)]
pub struct Exception<'a> {
    /// Its name, which the client gets to see; 1 to 255 bytes.
    pub name: &'a str,
    /// The classical suites that it allows.
    pub suites: &'a [&'static Suite],
    /// From here on it allows nothing, and no session that it allowed lives longer.
    pub expires: Time,
}

/// How long a session lives where nobody says otherwise.
pub const LIFETIME: Duration = Duration::from_secs(3600);
/// How far clocks may be apart where nobody says otherwise.
pub const WINDOW: Duration = Duration::from_secs(60);

impl Terms<'_> {
    /// Every hybrid suite, no exception, one hour, one minute.
    #[must_use]
    pub fn hybrid<'a>(allowed: &'a [&'static Suite]) -> Terms<'a> {
        Terms {
            allowed,
            exception: None,
            lifetime: LIFETIME,
            window: WINDOW,
        }
    }

    /// The suite for a client that accepts `offered`, with the exception that a classical one needs.
    pub(crate) fn choose(
        &self,
        offered: &[Code],
        now: Time,
    ) -> Result<(&'static Suite, Option<&Exception<'_>>), Refusal> {
        let known = || offered.iter().filter_map(|code| Suite::by_code(*code));
        let hybrid = known().find(|suite| suite.is_hybrid() && self.allowed.contains(suite));
        if let Some(suite) = hybrid {
            return Ok((suite, None));
        }
        let open = self.exception.as_ref().filter(|exception| exception.is_open(now));
        let classical = open.and_then(|exception| {
            let suite = known().find(|suite| !suite.is_hybrid() && exception.suites.contains(suite))?;
            Some((suite, Some(exception)))
        });
        classical.ok_or_else(|| Refusal::NoSuite {
            allowed: self.allowed_hybrid(),
        })
    }

    fn allowed_hybrid(&self) -> Vec<&'static Suite> {
        HYBRID
            .iter()
            .filter(|suite| self.allowed.contains(suite))
            .collect()
    }
}

impl Exception<'_> {
    /// An exception without a name could not be told from none.
    fn is_open(&self, now: Time) -> bool {
        now < self.expires && !self.name.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_000);

    fn named(names: &[&str]) -> Vec<&'static Suite> {
        let found = names
            .iter()
            .map(|name| Suite::by_name(name).expect("the test names suites"));
        found.collect()
    }

    /// `allowed` and `excepted` against `offered`; the exception ends at `expires`.
    fn check(allowed: &[&str], excepted: &[&str], expires: u64, offered: &[&str]) -> Option<&'static str> {
        let (allowed, excepted) = (named(allowed), named(excepted));
        let terms = Terms {
            exception: Some(Exception {
                name: "legacy-scanner",
                suites: &excepted,
                expires: Time(expires),
            }),
            ..Terms::hybrid(&allowed)
        };
        let offered: Vec<Code> = named(offered).iter().map(|suite| suite.code).collect();
        let (suite, exception) = terms.choose(&offered, NOW).ok()?;
        assert_eq!(exception.is_some(), !suite.is_hybrid());
        Some(suite.kem().name)
    }

    #[test]
    fn the_clients_order_counts_among_hybrid_suites() {
        let both = ["X-Wing", "MLKEM1024-P384"];
        assert_eq!(
            check(&both, &[], 0, &["MLKEM1024-P384", "X-Wing"]),
            Some("MLKEM1024-P384")
        );
        assert_eq!(
            check(&both, &[], 0, &["X-Wing", "MLKEM1024-P384"]),
            Some("X-Wing")
        );
        assert_eq!(
            check(&["X-Wing"], &[], 0, &["MLKEM1024-P384", "X-Wing"]),
            Some("X-Wing")
        );
    }

    #[test]
    fn a_classical_suite_is_never_chosen_where_a_hybrid_one_is_possible() {
        let chosen = check(&["X-Wing"], &["X25519"], 2_000, &["X25519", "X-Wing"]);
        assert_eq!(chosen, Some("X-Wing"));
    }

    #[test]
    fn a_classical_suite_needs_an_exception_that_names_it_and_is_open() {
        assert_eq!(
            check(&["X-Wing"], &["X25519"], 1_001, &["X25519"]),
            Some("X25519")
        );
        assert_eq!(check(&["X-Wing"], &["X25519"], 1_000, &["X25519"]), None);
        assert_eq!(check(&["X-Wing"], &["P-256"], 2_000, &["X25519"]), None);
        assert_eq!(check(&["X25519"], &[], 2_000, &["X25519"]), None);
    }

    #[test]
    fn an_exception_does_not_allow_hybrid_suites_that_the_policy_forbids() {
        assert_eq!(check(&["MLKEM1024-P384"], &["X-Wing"], 2_000, &["X-Wing"]), None);
    }

    #[test]
    fn an_exception_without_a_name_allows_nothing() {
        let terms = Terms {
            exception: Some(Exception {
                name: "",
                suites: &named(&["X25519"]),
                expires: Time(2_000),
            }),
            ..Terms::hybrid(&[])
        };
        let offered = [named(&["X25519"])[0].code];
        assert!(matches!(
            terms.choose(&offered, NOW),
            Err(Refusal::NoSuite { .. })
        ));
    }
}
