//! The client register: which clients exist, and which of them lag.
//!
//! A client is a key (JA4, network), not a person; addresses are cut to their network before they come
//! here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Outcome;

/// A kind of client (stable JA4) in one network (prefix).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Client {
    /// JA4 without what changes on resumption.
    pub ja4: String,
    /// Client network: /24 for IPv4, /56 for IPv6.
    pub prefix: String,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Handshakes, well or not.
    pub count: u64,
    /// How far it is.
    pub post_quantum: ClientState,
    /// Those of the handshakes that did not succeed.
    pub failures: u64,
    /// Group of the last handshake that succeeded.
    pub last_group: Option<String>,
    /// How the last handshake ended.
    pub last_outcome: Option<Outcome>,
    /// Route of the last handshake.
    pub last_route: Option<String>,
}

/// How far a client is on the way to post-quantum key exchange, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// Offered a post-quantum group before, and a hello of the last hour did not.
    Regressed,
    /// Never listed a post-quantum group.
    NeverOffers,
    /// Its latest hello listed one without a share; rung `upgrade` reaches it by HelloRetryRequest.
    OffersWithoutShare,
    /// Sends a share, and yet its last success was classical: look at the rung and the failures.
    Shares,
    /// Its last success was post-quantum, or one within the hour before it was last seen.
    Negotiates,
}

impl ClientState {
    pub const ALL: [Self; 5] = [
        Self::Regressed,
        Self::NeverOffers,
        Self::OffersWithoutShare,
        Self::Shares,
        Self::Negotiates,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::NeverOffers => "never_offers",
            Self::OffersWithoutShare => "offers_without_share",
            Self::Shares => "shares",
            Self::Negotiates => "negotiates",
        }
    }
}
