//! The record of one handshake: fixed size, copied into a ring, never allocated.
//!
//! It says what was offered, what was negotiated, how long it took and how it ended. It holds no
//! address, no server name and no secret: a network prefix, a class of name, a fingerprint.

use hybridge_hello::{CipherSuite, Ja4, NamedGroup, ProtocolVersion, SignatureScheme};
use hybridge_policy::Rung;

use crate::arms::Arm;
use crate::prefix::Prefix;

/// Which side of the route the handshake was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Side {
    /// A client connected to us.
    Downstream,
    /// We connected to an upstream.
    Upstream,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Downstream, Self::Upstream];

    /// The name in API, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Downstream => "downstream",
            Self::Upstream => "upstream",
        }
    }
}

/// How a handshake ended. The names are those of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// Both Finished messages were exchanged.
    Success,
    /// The connection closed before the whole ClientHello was there.
    HelloIncomplete,
    /// What came is no ClientHello: another protocol, garbage, or more than the limit.
    HelloMalformed,
    /// The client closed after our ServerHello, without an alert.
    AfterServerHello,
    /// The client closed after our HelloRetryRequest, without an alert.
    AfterRetry,
    /// The peer sent a fatal alert.
    AlertIn,
    /// We sent a fatal alert.
    AlertOut,
    /// Refused by policy: the rung `require`, or a rate limit.
    Policy,
    /// A deadline passed.
    Timeout,
    /// The upstream could not be reached.
    Upstream,
}

impl Outcome {
    /// Every outcome, in the order of the metrics.
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::HelloIncomplete,
        Self::HelloMalformed,
        Self::AfterServerHello,
        Self::AfterRetry,
        Self::AlertIn,
        Self::AlertOut,
        Self::Policy,
        Self::Timeout,
        Self::Upstream,
    ];

    /// The name in API, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::HelloIncomplete => "hello_incomplete",
            Self::HelloMalformed => "hello_malformed",
            Self::AfterServerHello => "after_server_hello",
            Self::AfterRetry => "after_retry",
            Self::AlertIn => "alert_in",
            Self::AlertOut => "alert_out",
            Self::Policy => "policy",
            Self::Timeout => "timeout",
            Self::Upstream => "upstream",
        }
    }
}

/// Whether the client named a server that we have a certificate for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SniClass {
    /// No server name.
    Absent,
    /// A name that a certificate of the route covers.
    Known,
    /// Another name.
    Unknown,
}

impl SniClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Absent, Self::Known, Self::Unknown];

    /// The name in API, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Known => "known",
            Self::Unknown => "unknown",
        }
    }
}

/// A short list of groups in wire order; GREASE is left out, what exceeds the room is cut.
#[derive(Clone, Copy, Debug)]
pub struct Groups<const N: usize> {
    length: u8,
    items: [u16; N],
}

impl<const N: usize> Groups<N> {
    /// Takes the first `N` that are not GREASE (RFC 8701).
    pub fn collect(groups: impl Iterator<Item = NamedGroup>) -> Self {
        let mut list = Self {
            length: 0,
            items: [0; N],
        };
        for group in groups.filter(|group| !group.is_grease()).take(N) {
            list.items[usize::from(list.length)] = group.0;
            list.length += 1;
        }
        list
    }

    /// The groups.
    pub fn iter(&self) -> impl Iterator<Item = NamedGroup> + '_ {
        self.items[..usize::from(self.length)]
            .iter()
            .copied()
            .map(NamedGroup)
    }
}

/// What a ClientHello told us, or what we told in our own (upstream).
#[derive(Clone, Copy, Debug)]
pub struct Offered {
    /// Groups in `supported_groups`.
    pub groups: Groups<16>,
    /// Groups in `key_share`.
    pub shares: Groups<6>,
    /// The highest version offered.
    pub version: ProtocolVersion,
    /// The class of the server name.
    pub sni: SniClass,
    /// JA4 of the hello and the one that is stable under resumption; `None` for our own hellos.
    pub fingerprints: Option<(Ja4, Ja4)>,
    /// Could this client have a post-quantum key exchange with us?
    pub can_post_quantum: bool,
    /// Did it also send a share for it?
    pub shares_post_quantum: bool,
    /// Size of the ClientHello in bytes, without record headers.
    pub hello_bytes: u16,
    /// Reads that delivered it (the kernel merges segments that arrive together).
    pub segments: u8,
    /// TLS records that it came in.
    pub records: u8,
}

/// What was agreed; empty as far as a handshake did not get there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Negotiated {
    /// The key exchange group.
    pub group: Option<NamedGroup>,
    /// The protocol version.
    pub version: Option<ProtocolVersion>,
    /// The cipher suite.
    pub suite: Option<CipherSuite>,
    /// The scheme the server signed with; `None` on resumption and where it is not visible.
    pub scheme: Option<SignatureScheme>,
    /// A HelloRetryRequest was sent (RFC 8446 §4.1.4).
    pub retry: bool,
    /// A session was resumed.
    pub resumed: bool,
}

/// One handshake.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// When it began, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// Index of the route, for its life (see `RouteId`).
    pub route: RouteId,
    /// Which side it was on.
    pub side: Side,
    /// The arm; `None` until the client has one, which takes a whole hello on a side that has hellos.
    pub arm: Option<Arm>,
    /// The rung in force; `None` as long as the arm is.
    pub rung: Option<Rung>,
    /// The client's network.
    pub client: Prefix,
    /// What was offered, once a whole hello was read.
    pub offered: Option<Offered>,
    /// What was agreed.
    pub negotiated: Negotiated,
    /// How it ended.
    pub outcome: Outcome,
    /// The alert that was received or sent (RFC 8446 §6), if one was.
    pub alert: Option<u8>,
    /// From accept to the whole ClientHello, in microseconds.
    pub hello_us: u32,
    /// From accept to the end of the handshake or its failure, in microseconds.
    pub finished_us: u32,
}

/// Names a route within one process, for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteId(pub u16);

impl Handshake {
    /// Did it end with a post-quantum key exchange?
    pub fn is_post_quantum(&self) -> bool {
        self.outcome == Outcome::Success && self.negotiated.group.is_some_and(NamedGroup::is_post_quantum)
    }

    /// Both sides could have been post-quantum, and the connection is not.
    pub fn is_missed_upgrade(&self) -> bool {
        let possible = self.offered.is_some_and(|offered| offered.can_post_quantum);
        possible && self.outcome == Outcome::Success && !self.is_post_quantum()
    }

    /// Would the rung `require` refuse this client?
    pub fn would_reject(&self) -> bool {
        self.offered.is_some_and(|offered| !offered.can_post_quantum)
    }
}
