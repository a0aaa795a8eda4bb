//! Why a server does not answer an Init, or does not take a confirmation.
//! Each has the stable code under which HTTP reports it.

use std::time::Duration;

use hybridge_crypto::kem;

use crate::{CryptoError, IdentityError, Malformed, ReplayError, Suite, Time};

/// Why an Init is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not an Init of this version.
    #[error("the Init is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The clocks are too far apart, or the Init is old.
    #[error("the Init was made {apart:?} away from the server's time")]
    Stale {
        /// How far apart.
        apart: Duration,
        /// The server's time. It is not signed: a hint for people, not for clocks.
        now: Time,
    },
    /// The nonce was used, or cannot be told from one that was.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Nothing that the client accepts is allowed.
    #[error("none of the offered suites is allowed here")]
    NoSuite {
        /// What would be.
        allowed: Vec<&'static Suite>,
    },
    /// The suite that the lists give has no share: the client starts again with one.
    #[error("a share for {suite} is needed")]
    ShareRequired {
        /// The suite.
        suite: &'static Suite,
    },
    /// The client asked for another identity key.
    #[error("the identity that was asked for is not this one")]
    Identity,
    /// The share is not a valid public key.
    #[error("the share is not a valid public key")]
    Share(#[source] kem::Error),
    /// What the server itself wanted to say breaks a limit.
    #[error("the answer cannot be written: {0}")]
    Said(#[source] Malformed),
    /// The server's own key cannot be an identity.
    #[error(transparent)]
    NoIdentity(#[from] IdentityError),
    /// The provider failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Refusal {
    /// The stable code of the HTTP mapping.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "exchange_malformed",
            Self::Stale { .. } | Self::Replay(ReplayError::Forgotten) => "exchange_stale",
            Self::Replay(ReplayError::Seen) => "exchange_replayed",
            Self::Replay(ReplayError::Full) => "exchange_busy",
            Self::NoSuite { .. } => "suite_not_allowed",
            Self::ShareRequired { .. } => "suite_required",
            Self::Identity => "identity_unknown",
            Self::Share(_) => "share_invalid",
            Self::Said(_) | Self::NoIdentity(_) | Self::Crypto(_) => "exchange_failed",
        }
    }
}

/// Why a confirmation is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Not a Confirm of this version.
    #[error("the Confirm is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// After the window.
    #[error("the confirmation came too late; start again")]
    Late,
    /// The client has other keys or heard something else.
    #[error("the confirmation is not of this session; start again")]
    Refused,
}

impl ConfirmError {
    /// The stable code of the HTTP mapping.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "exchange_malformed",
            Self::Late => "exchange_stale",
            Self::Refused => "confirmation_refused",
        }
    }
}
