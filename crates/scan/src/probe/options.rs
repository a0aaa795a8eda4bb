//! How to probe: names, times, and how much at once.
//!
//! Not what to probe: that is the target. Every value has a default that suits a server on the Internet.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::StartTls;

/// Settings of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Server name to send when it is not the target's host.
    pub sni: Option<String>,
    /// Plaintext protocol to upgrade from; `None` speaks TLS from the first byte.
    pub starttls: Option<StartTls>,
    /// Longest time for one connection, from connecting to the end of the server's first flight.
    pub timeout: Duration,
    /// How many connections may be open at once.
    pub concurrency: NonZeroUsize,
    /// Pause between the two halves of a split hello, so that they travel in segments of their own.
    pub split_pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sni: None,
            starttls: None,
            timeout: Duration::from_secs(5),
            concurrency: NonZeroUsize::MIN.saturating_add(3),
            split_pause: Duration::from_millis(100),
        }
    }
}
