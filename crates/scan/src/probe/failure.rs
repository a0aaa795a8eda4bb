//! How a connection can fail to give an answer, told apart as far as the wire tells.
//!
//! Who ended the conversation, and how, decides whether a question counts as refused or as unanswered.

use std::io;
use std::time::Duration;

use hybridge_hello::{AlertDescription, Malformed, NamedGroup};

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server refused, in its own words.
    #[error("alert {description}")]
    Alert {
        /// What the alert says (RFC 8446 §6).
        description: AlertDescription,
    },
    /// Nothing came in time.
    #[error("no answer within {} ms", after.as_millis())]
    Timeout {
        /// How long we waited.
        after: Duration,
    },
    /// The connection was reset (TCP RST).
    #[error("the connection was reset")]
    Reset,
    /// The connection was closed without an answer (TCP FIN).
    #[error("the connection was closed without an answer")]
    Closed,
    /// Nothing listens there.
    #[error("the connection was refused")]
    Refused,
    /// Another error of the network.
    #[error("{kind}: {message}")]
    Network {
        /// The kind of error.
        kind: io::ErrorKind,
        /// What the system says.
        message: String,
    },
    /// The peer speaks another protocol.
    #[error("the answer begins with {opening:?}")]
    OtherProtocol {
        /// Its first bytes as text, what is not printable replaced.
        opening: String,
    },
    /// The peer will not go on to TLS.
    #[error("declined: {reply}")]
    Declined {
        /// The peer's words, or ours about them.
        reply: String,
    },
    /// It failed after the server had asked for another share (RFC 8446 §4.1.4).
    #[error("after a HelloRetryRequest for {group}: {failure}")]
    AfterRetry {
        /// The group that the server asked for.
        group: NamedGroup,
        /// What went wrong then.
        failure: Box<Failure>,
    },
    /// An SSH peer ended the conversation and said why (RFC 4253 §11.1).
    #[error("disconnected ({reason}): {text}")]
    Disconnect {
        /// The reason code.
        reason: u32,
        /// The reason in words.
        text: String,
    },
    /// The answer breaks its own grammar.
    #[error("malformed answer: {0}")]
    Malformed(Malformed),
    /// The answer keeps the grammar and makes no sense.
    #[error("the answer makes no sense: {what}")]
    Nonsense {
        /// What is wrong with it.
        what: String,
    },
    /// The answer is longer than we read.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// Our limit in bytes.
        limit: usize,
    },
    /// The provider could not do its part.
    #[error("{0}")]
    Provider(String),
}

impl Failure {
    /// True when the peer itself ended the conversation, by an alert or by closing.
    #[must_use]
    pub fn is_by_peer(&self) -> bool {
        match self {
            Self::AfterRetry { failure, .. } => failure.is_by_peer(),
            Self::Alert { .. } | Self::Disconnect { .. } | Self::Reset | Self::Closed => true,
            _ => false,
        }
    }

    /// True when an alert says that the offer has nothing the server accepts (RFC 8446 §6.2).
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Alert {
                description: AlertDescription::HANDSHAKE_FAILURE
                    | AlertDescription::INSUFFICIENT_SECURITY
                    | AlertDescription::PROTOCOL_VERSION
                    | AlertDescription::ILLEGAL_PARAMETER
            }
        )
    }

    /// True for the alert that may be about suites, groups or signatures as well as about the version.
    pub(crate) fn is_handshake_failure(&self) -> bool {
        matches!(
            self,
            Self::Alert {
                description: AlertDescription::HANDSHAKE_FAILURE
            }
        )
    }

    pub(crate) fn nonsense(what: impl Into<String>) -> Self {
        Self::Nonsense { what: what.into() }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof,
        };
        match error.kind() {
            ConnectionReset | ConnectionAborted | BrokenPipe => Self::Reset,
            ConnectionRefused => Self::Refused,
            UnexpectedEof => Self::Closed,
            kind => Self::Network {
                kind,
                message: error.to_string(),
            },
        }
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
