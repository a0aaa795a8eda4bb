//! What the API asks of the data plane, declared here by its consumer; the binary connects it.
//!
//! Every method answers from memory and returns at once: handlers call them on the async runtime.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::dto::{Client, ClientState, Handshake, Health, Route, RouteChange, ShareSample};

/// The running data plane, as far as an operator sees it.
pub trait Control: Send + Sync {
    /// Every route, in the configuration's order.
    fn routes(&self) -> Vec<Route>;

    /// Changes the rung or the canary of a route, without dropping a connection, and says what it
    /// is afterwards. Either all of the change takes effect or nothing.
    fn route_set(&self, name: &str, change: RouteChange) -> Result<Route, ControlError>;

    /// At most `limit` recent handshakes, newest first.
    fn handshakes(&self, limit: usize) -> Vec<Arc<Handshake>>;

    /// Handshakes from now on; a slow receiver misses some and is told how many.
    fn subscribe(&self) -> broadcast::Receiver<Arc<Handshake>>;

    /// Every client that matches, in any order: the API sorts and limits.
    fn clients(&self, filter: ClientFilter) -> Vec<Client>;

    /// The history of a route's arms, oldest first; empty for an unknown name.
    fn share_history(&self, route: &str) -> Vec<ShareSample>;

    /// The metrics as OpenMetrics 1.0 text, `# EOF` included.
    fn metrics(&self) -> String;

    fn health(&self) -> Health;
}

/// Which clients to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Only those in this state.
    pub state: Option<ClientState>,
}

/// Why a change did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    #[error("there is no such route")]
    NotFound,
    /// `field` is a path in the request body, for example `canary.weight`.
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    #[error("the data plane does not take changes now: {reason}")]
    Unavailable { reason: String },
}
