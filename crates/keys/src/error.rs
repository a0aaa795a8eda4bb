//! Why an operation on keys did not happen.
//!
//! Each kind has a stable code, which is also the reason in the audit log. Nothing here carries a secret.

use hybridge_crypto::state::Failed;
use jiff::Timestamp;

use crate::{Operation, State};

/// Why an operation on keys did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such key, token, exception or session.
    #[error("not found")]
    NotFound,
    /// The key has no such version.
    #[error("the key has no version {version}")]
    NoVersion {
        /// The version that was asked for.
        version: u32,
    },
    /// The name is taken, or was: names of destroyed keys are not given again.
    #[error("exists already, or did and was destroyed")]
    Exists,
    /// Others changed the same key again and again meanwhile.
    #[error("changed by others meanwhile; try again")]
    Conflict,
    /// The store is sealed.
    #[error("the key service is sealed")]
    Sealed,
    /// The key is disabled.
    #[error("the key is disabled")]
    Disabled,
    /// The version's state does not permit it.
    #[error("version {version} is {}", state.name())]
    State {
        /// The version.
        version: u32,
        /// Its state.
        state: State,
    },
    /// The version is quarantined after a compromise.
    #[error("version {version} is quarantined after a compromise")]
    Quarantined {
        /// The version.
        version: u32,
    },
    /// The destruction is on its way.
    #[error("will be destroyed after {after}")]
    Destroying {
        /// When it will be destroyed.
        after: Timestamp,
    },
    /// The version is older than the policy's minimum, or past its crypto-period.
    #[error("version {version} is retired: {why}")]
    Retired {
        /// The version.
        version: u32,
        /// What retired it.
        why: &'static str,
    },
    /// The purpose or the policy of the key does not allow the operation.
    #[error("the key does not allow {}: {why}", operation.name())]
    NotAllowed {
        /// What was asked for.
        operation: Operation,
        /// What forbids it.
        why: &'static str,
    },
    /// The policy or the rules of the service do not allow it.
    #[error("refused: {why}")]
    Refused {
        /// What forbids it.
        why: &'static str,
    },
    /// A limit was reached.
    #[error("limit reached: {limit}")]
    Limit {
        /// Which limit.
        limit: &'static str,
    },
    /// A ciphertext, wrapped key or shared value is not genuine, or not of this key.
    #[error("the {what} does not open under this key")]
    Rejected {
        /// What was not accepted.
        what: &'static str,
    },
    /// The caller's input cannot be right.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field of the request.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A record is damaged; the others are not affected.
    #[error("the record {record} is damaged and quarantined")]
    Damaged {
        /// Which record.
        record: String,
    },
    /// The provider failed.
    #[error("{algorithm} failed")]
    Crypto {
        /// The algorithm.
        algorithm: &'static str,
        /// What the provider said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A self-test failed; all cryptographic service is refused.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// The store cannot keep it; nothing was changed.
    #[error("the store cannot keep it")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The stable code: the reason in the audit log and in the API's answers.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::NoVersion { .. } => "no-version",
            Self::Exists => "exists",
            Self::Conflict => "conflict",
            Self::Sealed => "sealed",
            Self::Disabled => "disabled",
            Self::State { .. } => "state",
            Self::Quarantined { .. } => "quarantined",
            Self::Destroying { .. } => "destroying",
            Self::Retired { .. } => "retired",
            Self::NotAllowed { .. } => "not-allowed",
            Self::Refused { .. } => "refused",
            Self::Limit { .. } => "limit",
            Self::Rejected { .. } => "rejected",
            Self::Invalid { .. } => "invalid",
            Self::Damaged { .. } => "damaged",
            Self::Crypto { .. } => "crypto",
            Self::Failed(_) => "self-test",
            Self::Store(_) => "store",
        }
    }

    /// True where the service itself is at fault, false where the request or the key's state is.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. } | Self::Crypto { .. } | Self::Failed(_) | Self::Store(_)
        )
    }

    pub(crate) fn invalid(field: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Invalid {
            field,
            why: why.to_string(),
        }
    }

    pub(crate) fn store(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Store(source.into())
    }
}
