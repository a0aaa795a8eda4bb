//! Why an exchange or a session did not go on.
//!
//! Each kind has the stable code that the protocol or the key service gives it.

use hybridge_exchange::server::{ConfirmError, Refusal};
use hybridge_exchange::{RekeyError, SessionError};

use crate::Error;

/// Why an exchange or a session did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The Init is not answered.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The confirmation does not count.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The session cannot do that.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The session was not re-keyed.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
    /// No such session of this caller, or it has expired.
    #[error("no such session")]
    NoSession,
    /// As many sessions as can be kept are open.
    #[error("too many sessions are open")]
    Full,
    /// The service's own keys or store.
    #[error(transparent)]
    Keys(#[from] Error),
}

impl ExchangeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refusal(refusal) => refusal.code(),
            Self::Confirm(error) => error.code(),
            Self::Session(error) => error.code(),
            Self::Rekey(error) => error.code(),
            Self::NoSession => "session_unknown",
            Self::Full => "exchange_busy",
            Self::Keys(error) => error.code(),
        }
    }
}
