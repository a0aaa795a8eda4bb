//! One client of the register, and how far it is on the way to post-quantum key exchange.
//!
//! Its state follows from its hellos, which are the client's doing, and only then from what was
//! negotiated, which is also ours. A key may stand for several programs (JA4 does not cover the list
//! of groups), so the weakest hello of the last hour decides: a laggard stays on the list although
//! its neighbours are done. Times are microseconds since the Unix epoch.

use std::fmt;
use std::sync::Arc;

use hybridge_hello::{Ja4, NamedGroup, ProtocolVersion};

use crate::handshake::{Offered, Outcome};
use crate::prefix::Prefix;
use crate::recorder::Named;

const HOUR_US: i64 = 3_600_000_000;

/// A hello without post-quantum groups counts for this long, measured by the client's own sightings.
const RECENT_US: i64 = HOUR_US;

/// A client that came back after this long is established.
const ESTABLISHED_US: i64 = HOUR_US;

/// How far a client is; the order is that of the work list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// Offered a post-quantum group before, and a hello of the last hour did not: it was set back, or
    /// only some of the programs behind this key can.
    Regressed,
    /// No hello ever offered a post-quantum group.
    NeverOffers,
    /// Offers, and its latest hello brought no share: the rung `upgrade` reaches it by a retry.
    OffersWithoutShare,
    /// Offers with a share, and yet its last success was classical: look at the rung and the failures.
    Shares,
    /// Its last success was post-quantum, or one within the hour before it was last seen.
    Negotiates,
}

impl State {
    /// Every state, in the order of the work list.
    pub const ALL: [Self; 5] = [
        Self::Regressed,
        Self::NeverOffers,
        Self::OffersWithoutShare,
        Self::Shares,
        Self::Negotiates,
    ];

    /// The name in API and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::NeverOffers => "never_offers",
            Self::OffersWithoutShare => "offers_without_share",
            Self::Shares => "shares",
            Self::Negotiates => "negotiates",
        }
    }
}

/// A stable JA4 that may have come from disk; `Ja4` itself comes only from a hello.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 36]);

impl Fingerprint {
    /// Reads 36 characters of the form `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 36] = text.as_bytes().try_into().ok()?;
        let well_formed = bytes.iter().enumerate().all(|(at, byte)| match at {
            10 | 23 => *byte == b'_',
            _ => byte.is_ascii_alphanumeric(),
        });
        well_formed.then_some(Self(bytes))
    }

    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl From<Ja4> for Fingerprint {
    fn from(ja4: Ja4) -> Self {
        Self(*ja4.as_bytes())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// JA4 without what comes and goes with resumption.
    pub fingerprint: Fingerprint,
    /// Its network.
    pub network: Prefix,
    /// When its first known handshake began.
    pub first_seen_us: i64,
    /// When its latest handshake began.
    pub last_seen_us: i64,
    /// Handshakes, well or not.
    pub count: u64,
    /// Those that did not succeed.
    pub failures: u64,
    /// Those that succeeded with a post-quantum key exchange.
    pub post_quantum: u64,
    /// How the latest ended.
    pub last_outcome: Outcome,
    /// Group of the latest success; `None` without one, or where it had none.
    pub last_group: Option<NamedGroup>,
    /// Version of the latest success.
    pub last_version: Option<ProtocolVersion>,
    /// Route of the latest handshake.
    pub last_route: Arc<str>,
    /// The latest success with a post-quantum key exchange.
    pub last_post_quantum_us: Option<i64>,
    /// The latest hello that offered a post-quantum group.
    pub last_offer_us: Option<i64>,
    /// The latest hello that did not, although an earlier one did.
    pub last_lapse_us: Option<i64>,
    /// Whether the latest hello that offered brought a share.
    pub shares: bool,
}

impl Client {
    pub(super) fn first_seen(fingerprint: Fingerprint, offered: &Offered, named: &Named) -> Self {
        let handshake = &named.handshake;
        let mut client = Self {
            fingerprint,
            network: handshake.client,
            first_seen_us: handshake.at_us,
            last_seen_us: handshake.at_us,
            count: 0,
            failures: 0,
            post_quantum: 0,
            last_outcome: handshake.outcome,
            last_group: None,
            last_version: None,
            last_route: Arc::clone(&named.route),
            last_post_quantum_us: None,
            last_offer_us: None,
            last_lapse_us: None,
            shares: false,
        };
        client.observe(offered, named);
        client
    }

    pub(super) fn observe(&mut self, offered: &Offered, named: &Named) {
        let handshake = &named.handshake;
        self.last_seen_us = self.last_seen_us.max(handshake.at_us);
        self.count += 1;
        self.last_outcome = handshake.outcome;
        if !Arc::ptr_eq(&self.last_route, &named.route) {
            self.last_route = Arc::clone(&named.route);
        }
        self.observe_hello(offered);
        if handshake.outcome != Outcome::Success {
            self.failures += 1;
            return;
        }
        self.last_group = handshake.negotiated.group;
        self.last_version = handshake.negotiated.version;
        if handshake.is_post_quantum() {
            self.post_quantum += 1;
            self.last_post_quantum_us = Some(self.last_seen_us);
        }
    }

    fn observe_hello(&mut self, offered: &Offered) {
        if offered.can_post_quantum {
            self.last_offer_us = Some(self.last_seen_us);
            self.shares = offered.shares_post_quantum;
        } else if self.last_offer_us.is_some() {
            self.last_lapse_us = Some(self.last_seen_us);
        }
    }

    /// How far it is.
    pub fn state(&self) -> State {
        let recent = |at_us: Option<i64>| at_us.is_some_and(|at_us| self.last_seen_us - at_us < RECENT_US);
        if self.last_offer_us.is_none() {
            State::NeverOffers
        } else if recent(self.last_lapse_us) {
            State::Regressed
        } else if self.last_group.is_some_and(NamedGroup::is_post_quantum)
            || recent(self.last_post_quantum_us)
        {
            State::Negotiates
        } else if self.shares {
            State::Shares
        } else {
            State::OffersWithoutShare
        }
    }

    /// Did it come back long after it first came?
    pub(super) const fn is_established(&self) -> bool {
        self.last_seen_us - self.first_seen_us >= ESTABLISHED_US
    }
}
