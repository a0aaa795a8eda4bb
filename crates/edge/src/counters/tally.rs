//! What is counted of the handshakes of one side and one arm.
//!
//! The same shape holds atomics while it is written and plain numbers once it is summed. What was
//! negotiated is counted for successes alone, so that each list adds up to the successes; what was
//! offered is counted for every hello that was read whole, however the handshake ended.

use hybridge_hello::{NamedGroup, ProtocolVersion};
use hybridge_policy::Rung;

use super::counter::Counter;
use super::histogram::{HELLO_BOUNDS_BYTES, Histogram, SEGMENT_BOUNDS, TIME_BOUNDS_US};
use super::label;
use crate::handshake::{Handshake, Negotiated, Offered, Outcome, SniClass};

/// Counts of handshakes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally<C> {
    /// All, by outcome (`Outcome::ALL`).
    pub outcomes: [C; Outcome::ALL.len()],
    /// Successes by negotiated group (`label::GROUPS`).
    pub groups: [C; label::GROUPS.len()],
    /// Successes by version (`label::VERSIONS`).
    pub versions: [C; label::VERSIONS.len()],
    /// Successes by cipher suite (`label::SUITES`).
    pub suites: [C; label::SUITES.len()],
    /// Successes by the scheme that the server signed with (`label::SCHEMES`).
    pub schemes: [C; label::SCHEMES.len()],
    /// Successes with a post-quantum key exchange.
    pub post_quantum: C,
    /// Successes that resumed a session.
    pub resumed: C,
    /// Successes without post-quantum key exchange although the client could, by rung (`Rung::ALL`).
    pub not_upgraded: [C; Rung::ALL.len()],
    /// Handshakes with a HelloRetryRequest, however they ended.
    pub retries: C,
    /// Whole hellos by class of server name (`SniClass::ALL`).
    pub hellos: [C; SniClass::ALL.len()],
    /// Hellos that offer a post-quantum group of ours.
    pub can_post_quantum: C,
    /// Hellos that bring a share for one.
    pub shares_post_quantum: C,
    /// Hellos that the rung `require` would refuse.
    pub would_reject: C,
    /// Handshakes below TLS 1.2: nothing newer offered, or negotiated below it (RFC 8996).
    pub deprecated: C,
    /// From accept to the end of a successful handshake, in microseconds.
    pub finished_us: Histogram<C, { TIME_BOUNDS_US.len() + 1 }>,
    /// From accept to the whole hello, in microseconds.
    pub hello_us: Histogram<C, { TIME_BOUNDS_US.len() + 1 }>,
    /// Size of the hello in bytes.
    pub hello_bytes: Histogram<C, { HELLO_BOUNDS_BYTES.len() + 1 }>,
    /// Segments that the hello came in.
    pub segments: Histogram<C, { SEGMENT_BOUNDS.len() + 1 }>,
}

impl Tally<Counter> {
    pub(super) fn record(&self, handshake: &Handshake) {
        let negotiated = &handshake.negotiated;
        self.outcomes[handshake.outcome as usize].add(1);
        if let Some(offered) = &handshake.offered {
            self.record_hello(offered, handshake.hello_us);
        }
        if handshake.outcome == Outcome::Success {
            self.record_success(negotiated, handshake.finished_us);
        }
        if handshake.is_missed_upgrade() {
            // What we only watch is left as it is, which is what the lowest rung does.
            let rung = handshake.rung.unwrap_or(Rung::Classical);
            self.not_upgraded[rung as usize].add(1);
        }
        self.retries.add(u64::from(negotiated.retry));
        self.deprecated.add(u64::from(is_deprecated(handshake)));
    }

    fn record_hello(&self, offered: &Offered, hello_us: u32) {
        self.hellos[offered.sni as usize].add(1);
        self.can_post_quantum.add(u64::from(offered.can_post_quantum));
        self.shares_post_quantum
            .add(u64::from(offered.shares_post_quantum));
        self.would_reject.add(u64::from(!offered.can_post_quantum));
        self.hello_us.record(&TIME_BOUNDS_US, hello_us.into());
        self.hello_bytes
            .record(&HELLO_BOUNDS_BYTES, offered.hello_bytes.into());
        self.segments.record(&SEGMENT_BOUNDS, offered.segments.into());
    }

    fn record_success(&self, negotiated: &Negotiated, finished_us: u32) {
        self.groups[label::group(negotiated.group)].add(1);
        self.versions[label::version(negotiated.version)].add(1);
        self.suites[label::suite(negotiated.suite)].add(1);
        self.schemes[label::scheme(negotiated.scheme)].add(1);
        let post_quantum = negotiated.group.is_some_and(NamedGroup::is_post_quantum);
        self.post_quantum.add(u64::from(post_quantum));
        self.resumed.add(u64::from(negotiated.resumed));
        self.finished_us.record(&TIME_BOUNDS_US, finished_us.into());
    }

    /// Names every field, so that a new one cannot be forgotten.
    pub(super) fn add_to(&self, totals: &mut Tally<u64>) {
        let Self {
            outcomes,
            groups,
            versions,
            suites,
            schemes,
            post_quantum,
            resumed,
            not_upgraded,
            retries,
            hellos,
            can_post_quantum,
            shares_post_quantum,
            would_reject,
            deprecated,
            finished_us,
            hello_us,
            hello_bytes,
            segments,
        } = self;
        Counter::add_all(outcomes, &mut totals.outcomes);
        Counter::add_all(groups, &mut totals.groups);
        Counter::add_all(versions, &mut totals.versions);
        Counter::add_all(suites, &mut totals.suites);
        Counter::add_all(schemes, &mut totals.schemes);
        Counter::add_all(not_upgraded, &mut totals.not_upgraded);
        Counter::add_all(hellos, &mut totals.hellos);
        finished_us.add_to(&mut totals.finished_us);
        hello_us.add_to(&mut totals.hello_us);
        hello_bytes.add_to(&mut totals.hello_bytes);
        segments.add_to(&mut totals.segments);
        totals.post_quantum += post_quantum.load();
        totals.resumed += resumed.load();
        totals.retries += retries.load();
        totals.can_post_quantum += can_post_quantum.load();
        totals.shares_post_quantum += shares_post_quantum.load();
        totals.would_reject += would_reject.load();
        totals.deprecated += deprecated.load();
    }
}

impl Tally<u64> {
    /// All handshakes that ended.
    pub fn handshakes(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Those that succeeded.
    pub const fn successes(&self) -> u64 {
        self.outcomes[Outcome::Success as usize]
    }

    /// Those that did not.
    pub fn failures(&self) -> u64 {
        self.handshakes() - self.successes()
    }

    /// Handshakes that the rungs `upgrade` and `require` promised to make post-quantum and that are
    /// not: a defect of ours, so this must stay zero.
    pub const fn missed_upgrades(&self) -> u64 {
        self.not_upgraded[Rung::Upgrade as usize] + self.not_upgraded[Rung::Require as usize]
    }
}

/// TLS 1.0, TLS 1.1 and everything older are deprecated (RFC 8996, RFC 7568).
fn is_deprecated(handshake: &Handshake) -> bool {
    let below = |version: ProtocolVersion| version < ProtocolVersion::TLS_1_2;
    handshake.negotiated.version.is_some_and(below)
        || handshake.offered.is_some_and(|offered| below(offered.version))
}
