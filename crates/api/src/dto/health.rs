//! Health: whether the process lives, and whether it can do its work.
//!
//! Not an error: the same shape answers well and ill, and the status tells which.

use serde::Serialize;
use utoipa::ToSchema;

/// The state of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// The process runs and answers; a supervisor restarts it when this is false.
    pub live: bool,
    /// Every listener is bound and every route can serve; traffic should go elsewhere when false.
    pub ready: bool,
    /// Why it is not live or not ready, or what needs attention; one sentence each.
    pub reasons: Vec<String>,
}
