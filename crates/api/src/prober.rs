//! What the API asks of the probe, declared here by its consumer; the binary connects it to `scan`.
//!
//! A probe is asked for by a person who waits for it; how many run at once is the caller's business.

use std::future::Future;
use std::pin::Pin;

use crate::dto::{ProbeReport, ProbeRequest};

/// A probe on its way; dropping it abandons the probe.
pub type Probing<'a> = Pin<Box<dyn Future<Output = Result<ProbeReport, ProbeError>> + Send + 'a>>;

/// Asks a server what it can do.
pub trait Prober: Send + Sync {
    fn probe(&self, request: ProbeRequest) -> Probing<'_>;
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// `field` is a member of the request, for example `target`.
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    /// The target did not answer, or not in the protocol that was asked for.
    #[error("the target cannot be probed: {reason}")]
    Unreachable { reason: String },
}
