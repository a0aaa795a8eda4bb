//! Why a request had no good answer.
//! What is not known to have happened is said to be unknown: the caller decides whether to repeat it.

use std::time::Duration;

use crate::{Address, AddressError, Problem};

/// An error of the client. [`Error::Problem`] is the service's own refusal; the rest is the way to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not the address of a service.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Plain HTTP to another machine.
    #[error("{address} is another machine and plain HTTP would show it the token; use https://")]
    PlainHttp {
        /// The address.
        address: Address,
    },
    /// The trusted authorities or the client's certificate cannot be used.
    #[error("TLS cannot be set up: {why}")]
    TlsSetup {
        /// What is wrong.
        why: String,
    },
    /// The service cannot be reached, or TLS fails.
    #[error("cannot connect to {address}")]
    Connect {
        /// The address.
        address: Address,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No answer in time. Whether the request was carried out is not known.
    #[error("no answer within {after:?}; whether the request was carried out is not known")]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection broke. Whether the request was carried out is not known.
    #[error("the connection broke; whether the request was carried out is not known")]
    Broken(#[source] hyper::Error),
    /// A path or a header that cannot be sent.
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    /// The answer is larger than this client accepts.
    #[error("the answer is larger than {max} bytes")]
    TooLarge {
        /// The limit in bytes.
        max: usize,
    },
    /// A success that is not JSON.
    #[error("the answer is not JSON; is this the service?")]
    NotJson(#[source] serde_json::Error),
    /// The service refused.
    #[error("{0}")]
    Problem(Box<Problem>),
}

impl Error {
    /// The service's refusal, where it is one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }
}
