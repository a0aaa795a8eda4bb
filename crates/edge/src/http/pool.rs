//! Keep-alive connections to an upstream, of one route, arm and core, or of one client.
//! The connection used last is used first, so that a quiet route lets the others go.

use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;

use super::body::Upload;
use crate::clock;

/// Idle connections kept at once.
const IDLE_MAX: usize = 512;
/// How long an idle connection is believed to be alive.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// A connection that takes one request at a time.
pub(crate) type Sender = SendRequest<Upload>;

/// Idle connections, the one used last on top.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Vec<(Sender, Instant)>,
}

impl Pool {
    /// An idle connection that is not known to be closed.
    pub(crate) fn take(&mut self) -> Option<Sender> {
        let now = clock::monotonic();
        while let Some((sender, since)) = self.idle.pop() {
            if now.duration_since(since) > IDLE_TIME {
                // What lies below has been idle even longer.
                self.idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    /// Takes back a connection whose response has been read.
    pub(crate) fn put(&mut self, sender: Sender) {
        if !sender.is_closed() && self.idle.len() < IDLE_MAX {
            self.idle.push((sender, clock::monotonic()));
        }
    }
}
