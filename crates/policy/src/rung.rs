//! Rungs of the two ladders, and the choice of a group that a rung makes for one ClientHello.
//!
//! Downstream (we are the server) the ladder is classical, accept, upgrade, require; upstream (we
//! are the client) it is classical, advertise, share, require. A rung says how hard we try; it
//! never says which group is best: that is the order of the groups.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::group::{Group, GroupSet};

/// How hard a route tries for post-quantum key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
#[repr(u8)]
pub enum Rung {
    /// Never post-quantum. Either ladder.
    Classical,
    /// Downstream: take the post-quantum group when the client shares it.
    Accept,
    /// Downstream: choose it whenever the client lists it, by HelloRetryRequest if it is not shared.
    Upgrade,
    /// Upstream: list it, but share a classical one.
    Advertise,
    /// Upstream: share the post-quantum group first.
    Share,
    /// Nothing but post-quantum. Either ladder.
    Require,
}

/// Which of the two ladders a rung stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ladder {
    /// We are the TLS server.
    Downstream,
    /// We are the TLS client.
    Upstream,
}

impl Ladder {
    /// The rungs of this ladder, lowest first.
    pub const fn rungs(self) -> [Rung; 4] {
        match self {
            Self::Downstream => [Rung::Classical, Rung::Accept, Rung::Upgrade, Rung::Require],
            Self::Upstream => [Rung::Classical, Rung::Advertise, Rung::Share, Rung::Require],
        }
    }

    /// Does the rung stand on this ladder?
    pub fn has(self, rung: Rung) -> bool {
        self.rungs().contains(&rung)
    }
}

impl Rung {
    /// Every rung of both ladders.
    pub const ALL: [Self; 6] = [
        Self::Classical,
        Self::Accept,
        Self::Upgrade,
        Self::Advertise,
        Self::Share,
        Self::Require,
    ];

    /// The name in configuration, API and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classical => "classical",
            Self::Accept => "accept",
            Self::Upgrade => "upgrade",
            Self::Advertise => "advertise",
            Self::Share => "share",
            Self::Require => "require",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no rung.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown rung {0:?}; known: classical, accept, upgrade, require (downstream), classical, advertise, share, require (upstream)"
)]
pub struct UnknownRung(String);

impl TryFrom<String> for Rung {
    type Error = UnknownRung;

    fn try_from(name: String) -> Result<Self, UnknownRung> {
        name.parse()
    }
}

impl FromStr for Rung {
    type Err = UnknownRung;

    fn from_str(name: &str) -> Result<Self, UnknownRung> {
        Self::ALL
            .into_iter()
            .find(|rung| rung.name() == name)
            .ok_or_else(|| UnknownRung(name.to_owned()))
    }
}

/// What a ClientHello offers, reduced to the groups that we know (RFC 8446 §4.2.7, §4.2.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The client speaks TLS 1.3; without it there is no post-quantum key exchange.
    pub tls13: bool,
    /// Groups in `supported_groups`.
    pub listed: GroupSet,
    /// Groups with an entry in `key_share`.
    pub shared: GroupSet,
}

impl Offer {
    /// Could this client have a post-quantum key exchange with us at all?
    pub fn can_post_quantum(&self) -> bool {
        self.tls13 && self.listed.has_post_quantum()
    }
}

/// What to do with one ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Negotiate exactly this group with TLS 1.3, directly or by HelloRetryRequest.
    Group(Group),
    /// Negotiate as TLS 1.2 and classical servers do; there may be no common group.
    Legacy,
    /// Refuse, before any asymmetric work.
    Refuse(Refusal),
}

/// Why `require` refuses a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client does not speak TLS 1.3.
    NoTls13,
    /// The client lists no post-quantum group of ours.
    NotOffered,
}

/// Chooses the group for a client under a downstream rung; `order` is the route's preference.
///
/// Upstream rungs do not choose for a client; they are taken as `upgrade`.
pub fn choose(rung: Rung, offer: &Offer, order: &[Group]) -> Choice {
    if !offer.tls13 {
        return if rung == Rung::Require {
            Choice::Refuse(Refusal::NoTls13)
        } else {
            Choice::Legacy
        };
    }
    let found = match rung {
        Rung::Classical => best(offer, order, Family::Classical),
        Rung::Accept => without_retry(offer, order, Family::PostQuantum)
            .or_else(|| best(offer, order, Family::Classical))
            .or_else(|| best(offer, order, Family::PostQuantum)),
        Rung::Upgrade | Rung::Advertise | Rung::Share => {
            best(offer, order, Family::PostQuantum).or_else(|| best(offer, order, Family::Classical))
        }
        Rung::Require => best(offer, order, Family::PostQuantum),
    };
    match (found, rung) {
        (Some(group), _) => Choice::Group(group),
        (None, Rung::Require) => Choice::Refuse(Refusal::NotOffered),
        (None, _) => Choice::Legacy,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Family {
    Classical,
    PostQuantum,
}

impl Family {
    fn has(self, group: Group) -> bool {
        group.is_post_quantum() == (self == Self::PostQuantum)
    }
}

/// The preferred group that costs no round trip, else the preferred one that costs a retry.
fn best(offer: &Offer, order: &[Group], family: Family) -> Option<Group> {
    without_retry(offer, order, family)
        .or_else(|| first(order, |g| family.has(g) && offer.listed.contains(g)))
}

fn without_retry(offer: &Offer, order: &[Group], family: Family) -> Option<Group> {
    first(order, |g| {
        family.has(g) && offer.shared.contains(g) && offer.listed.contains(g)
    })
}

fn first(order: &[Group], wanted: impl Fn(Group) -> bool) -> Option<Group> {
    order.iter().copied().find(|group| wanted(*group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(listed: &[Group], shared: &[Group]) -> Offer {
        Offer {
            tls13: true,
            listed: listed.iter().copied().collect(),
            shared: shared.iter().copied().collect(),
        }
    }

    fn check(rung: Rung, listed: &[Group], shared: &[Group], expect: Choice) {
        assert_eq!(
            choose(rung, &offer(listed, shared), &Group::ALL),
            expect,
            "{rung} {listed:?} {shared:?}"
        );
    }

    const HYBRID: Group = Group::X25519MlKem768;
    const P256_HYBRID: Group = Group::SecP256r1MlKem768;
    const X: Group = Group::X25519;
    const P256: Group = Group::SecP256r1;

    #[test]
    fn each_rung_chooses_as_its_name_says() {
        let listed = [X, HYBRID];
        for (rung, with_share, without_share) in [
            (Rung::Classical, X, X),
            (Rung::Accept, HYBRID, X),
            (Rung::Upgrade, HYBRID, HYBRID),
            (Rung::Require, HYBRID, HYBRID),
        ] {
            check(rung, &listed, &[X, HYBRID], Choice::Group(with_share));
            check(rung, &listed, &[X], Choice::Group(without_share));
        }
    }

    #[test]
    fn a_shared_group_beats_a_preferred_one_that_costs_a_retry() {
        check(
            Rung::Upgrade,
            &[HYBRID, P256_HYBRID],
            &[P256_HYBRID],
            Choice::Group(P256_HYBRID),
        );
        check(Rung::Classical, &[X, P256], &[P256], Choice::Group(P256));
    }

    #[test]
    fn require_refuses_and_says_why() {
        check(Rung::Require, &[X], &[X], Choice::Refuse(Refusal::NotOffered));
        let old = Offer {
            tls13: false,
            ..offer(&[HYBRID], &[HYBRID])
        };
        assert_eq!(
            choose(Rung::Require, &old, &Group::ALL),
            Choice::Refuse(Refusal::NoTls13)
        );
        assert_eq!(choose(Rung::Upgrade, &old, &Group::ALL), Choice::Legacy);
    }

    #[test]
    fn a_client_with_nothing_in_common_is_left_to_the_library_to_refuse() {
        check(Rung::Classical, &[HYBRID], &[HYBRID], Choice::Legacy);
        check(Rung::Upgrade, &[], &[], Choice::Legacy);
    }

    #[test]
    fn upgrade_never_misses_and_classical_never_upgrades() {
        for bits in 0..=u16::MAX {
            let [listed, shared] = bits.to_be_bytes();
            let pick = |set: u8| {
                Group::ALL
                    .into_iter()
                    .filter(move |g| set & (1 << *g as u8) != 0)
                    .collect()
            };
            let offer = Offer {
                tls13: true,
                listed: pick(listed),
                shared: pick(shared & listed),
            };
            let chosen = choose(Rung::Upgrade, &offer, &Group::ALL);
            assert_eq!(
                matches!(chosen, Choice::Group(g) if g.is_post_quantum()),
                offer.can_post_quantum()
            );
            let classical = choose(Rung::Classical, &offer, &Group::ALL);
            assert!(!matches!(classical, Choice::Group(g) if g.is_post_quantum()));
        }
    }
}
