//! How a client connects: whom it trusts, and for how long it waits.
//! The defaults are safe; what is not has `danger` in its name.

use std::time::Duration;

/// Options of a [`crate::Client`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// For the connection, TLS included.
    pub connect_timeout: Duration,
    /// For a whole request, from the first byte sent to the last received.
    pub timeout: Duration,
    /// Sends tokens and keys in clear to another machine. For a test network at most.
    pub danger_allow_plain_http: bool,
}

/// Authorities for the server's certificate.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those of the operating system.
    System,
    /// Those in this PEM and no other.
    Pem(Vec<u8>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trust: Trust::System,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            danger_allow_plain_http: false,
        }
    }
}
