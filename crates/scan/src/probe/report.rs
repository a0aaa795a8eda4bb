//! What a probe found. Plain facts; [`Report::assess`] asks the policy what they are worth.
//!
//! Every question has an answer here, and "not found out" is one, with its reason. Nothing is serialised.

use std::net::SocketAddr;

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::chain::{CertificateFinding, Negotiated};
use super::ssh::SshReport;
use super::{Failure, StartTls};

/// What a probe found.
#[derive(Clone, Debug)]
pub enum Report {
    /// At a TLS endpoint.
    Tls(Box<TlsReport>),
    /// At an SSH endpoint.
    Ssh(Box<SshReport>),
}

/// Whether an endpoint does what it was asked. The text says how it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// It did.
    Yes,
    /// It refused, in a way that can be read as a refusal.
    No {
        /// How the refusal looked, such as `alert handshake_failure`.
        because: String,
    },
    /// The question was asked and got no usable answer.
    Unknown {
        /// What came instead.
        because: String,
    },
    /// The question was not asked.
    NotTried {
        /// Why not.
        because: String,
    },
}

impl Support {
    /// True for [`Support::Yes`].
    #[must_use]
    pub fn is_yes(&self) -> bool {
        *self == Self::Yes
    }

    /// The reason behind every answer but yes.
    #[must_use]
    pub fn because(&self) -> Option<&str> {
        match self {
            Self::Yes => None,
            Self::No { because } | Self::Unknown { because } | Self::NotTried { because } => Some(because),
        }
    }

    pub(crate) fn no(because: impl ToString) -> Self {
        Self::No {
            because: because.to_string(),
        }
    }

    pub(crate) fn unknown(because: impl ToString) -> Self {
        Self::Unknown {
            because: because.to_string(),
        }
    }

    pub(crate) fn not_tried(because: impl ToString) -> Self {
        Self::NotTried {
            because: because.to_string(),
        }
    }
}

/// What was found at a TLS endpoint.
#[derive(Clone, Debug)]
pub struct TlsReport {
    /// The address that was asked.
    pub address: SocketAddr,
    /// The server name in our hellos, if any.
    pub server_name: Option<String>,
    /// The plaintext protocol before TLS, if any.
    pub starttls: Option<StartTls>,
    /// What the hello of an ordinary modern client got.
    pub greeting: Result<Greeting, Failure>,
    /// Every group that was asked for, post-quantum ones first.
    pub groups: Vec<GroupFinding>,
    /// Whose order of groups decides, and the server's order if it has one.
    pub preference: Preference,
    /// What typical clients end up with; empty when the server lacks one kind of group.
    pub upgrades: Vec<UpgradeFinding>,
    /// TLS 1.0 to 1.3.
    pub versions: Vec<VersionFinding>,
    /// TLS 1.3 suites, in the order the server chose them.
    pub suites_tls13: Listing,
    /// Suites of TLS 1.2, in the order the server chose them.
    pub suites_tls12: Listing,
    /// The group and the signature scheme of a TLS 1.2 handshake, where it showed them.
    pub tls12: Option<Tls12Choice>,
    /// The certificate chain, or why it was not seen.
    pub chain: Result<ChainFinding, String>,
    /// Whether a hello in pieces survives.
    pub split: SplitFinding,
}

/// The server's answer to an ordinary hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The version it chose.
    pub version: ProtocolVersion,
    /// The suite it chose.
    pub suite: CipherSuite,
    /// The group it chose (TLS 1.3; in TLS 1.2 from the ServerKeyExchange).
    pub group: Option<NamedGroup>,
    /// Whether it asked for another share first.
    pub by_retry: bool,
}

/// One group and how it can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFinding {
    /// The group.
    pub group: NamedGroup,
    /// A hello that lists and shares only this group gets a ServerHello with it, and the exchange completes.
    pub by_share: Support,
    /// A hello that lists it without a share gets a HelloRetryRequest for it, and the second hello succeeds.
    pub by_retry: Support,
}

/// The two findings in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupSupport {
    /// Taken from a share; HelloRetryRequest may work as well.
    ByShare,
    /// Only by HelloRetryRequest.
    ByRetry,
    /// The server has no such group.
    NotOffered,
    /// Not found out.
    Unknown,
}

impl GroupSupport {
    /// The words a person reads.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByShare => "supported by share",
            Self::ByRetry => "supported by HelloRetryRequest",
            Self::NotOffered => "not offered",
            Self::Unknown => "unknown",
        }
    }
}

impl GroupFinding {
    /// Sums up: one yes is support; two refusals, or one where only one could be tried, are none.
    #[must_use]
    pub fn summary(&self) -> GroupSupport {
        use Support::{No, NotTried, Unknown, Yes};
        match (&self.by_share, &self.by_retry) {
            (Yes, _) => GroupSupport::ByShare,
            (_, Yes) => GroupSupport::ByRetry,
            (Unknown { .. }, _) | (_, Unknown { .. }) | (NotTried { .. }, NotTried { .. }) => {
                GroupSupport::Unknown
            }
            (No { .. }, _) | (_, No { .. }) => GroupSupport::NotOffered,
        }
    }
}

/// Whose order of groups decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The server's own; its supported groups, best first, and in our order where the server leaves it
    /// to the client. The list ends where the server stopped answering.
    Server(Vec<NamedGroup>),
    /// The client's.
    Client,
    /// Neither order explains the choices: what it chose from our order, and from the reverse.
    Mixed {
        /// From our order.
        forward: NamedGroup,
        /// From the reverse of it.
        reverse: NamedGroup,
    },
    /// Not found out; with fewer than two groups there is nothing to choose.
    Undetermined {
        /// Why not.
        because: String,
    },
}

/// How a typical client offers its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientHabit {
    /// Classical group first and shared, post-quantum group listed without a share.
    ClassicalFirst,
    /// Post-quantum group first, but only the classical one shared.
    PostQuantumFirstUnshared,
    /// Classical group first, both shared.
    BothShared,
}

impl ClientHabit {
    /// Continues the sentence "a client that …".
    #[must_use]
    pub fn describe(self, classical: NamedGroup, post_quantum: NamedGroup) -> String {
        match self {
            Self::ClassicalFirst => format!("lists {classical} first"),
            Self::PostQuantumFirstUnshared => {
                format!("lists {post_quantum} first and shares only {classical}")
            }
            Self::BothShared => format!("lists {classical} first and shares {post_quantum} too"),
        }
    }
}

/// What a typical client ends up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeFinding {
    /// How it offers its groups.
    pub habit: ClientHabit,
    /// The classical group it lists.
    pub classical: NamedGroup,
    /// The post-quantum group it lists.
    pub post_quantum: NamedGroup,
    /// The group it gets, and whether by HelloRetryRequest.
    pub outcome: Result<Selection, Failure>,
}

/// A group that the server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Selection {
    /// The group.
    pub group: NamedGroup,
    /// Whether it was asked for by HelloRetryRequest.
    pub by_retry: bool,
}

/// One protocol version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFinding {
    /// The version.
    pub version: ProtocolVersion,
    /// Whether a hello that offers nothing newer or older gets it.
    pub support: Support,
}

/// A list found by asking until the server refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// What was accepted, in the order of the server's choices.
    pub suites: Vec<CipherSuite>,
    /// Why the list may lack something; `None` when the server refused all the rest.
    pub missing: Option<String>,
}

/// What a TLS 1.2 handshake showed in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls12Choice {
    /// The suite.
    pub suite: CipherSuite,
    /// The group of the ServerKeyExchange.
    pub group: Option<NamedGroup>,
    /// The scheme that signed it.
    pub scheme: Option<SignatureScheme>,
}

/// The certificates of the endpoint. Trust is not judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFinding {
    /// Leaf first.
    pub certificates: Vec<CertificateFinding>,
    /// The handshake in which they were seen.
    pub negotiated: Negotiated,
    /// Whether the leaf is valid for the server name; `None` when none was asked for.
    pub name_matches: Option<bool>,
}

/// Whether a hello in pieces gets the answer that a whole one gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitFinding {
    /// Size of the hello in bytes, record header included.
    pub hello_len: usize,
    /// In two TCP segments with a pause between them.
    pub segments: Support,
    /// In three TLS records within one segment or more.
    pub records: Support,
}
