//! Asks a TLS or SSH server what it can do, by hellos of our own making.
//!
//! Every question is one short connection that ends after the server's first flight, so nothing is logged
//! in and no application data is sent. The certificate of a TLS 1.3 server is encrypted: a [`ChainSource`]
//! that can finish a handshake fetches it. Names are resolved once; all connections go to one address.

pub mod chain;
mod dial;
mod failure;
mod options;
pub mod report;
pub mod ssh;
pub mod starttls;
mod target;
pub mod tls;
mod verdict;

use std::net::SocketAddr;

pub use chain::{Chain, ChainError, ChainSource};
pub use failure::Failure;
pub use options::Options;
pub use report::Report;
pub use starttls::StartTls;
pub use target::{Protocol, Target, TargetError};

use dial::Dialer;

/// What the probe borrows from its caller.
#[derive(Clone, Copy)]
pub struct Deps<'a> {
    /// Finishes one handshake to see the certificate; without it only TLS 1.2 servers show theirs.
    pub chain: Option<&'a dyn ChainSource>,
    /// Told before each step, for a progress display. Must not block.
    pub progress: &'a (dyn Fn(Step) + Sync),
}

impl std::fmt::Debug for Deps<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Deps")
            .field("chain", &self.chain.is_some())
            .finish_non_exhaustive()
    }
}

/// What the probe is about to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Resolving the name and connecting.
    Connect,
    /// The hello of an ordinary modern client.
    Greeting,
    /// One key exchange group.
    Group(hybridge_hello::NamedGroup),
    /// The server's order of groups, and missed upgrades.
    Preference,
    /// Protocol versions.
    Versions,
    /// Cipher suites, one connection for each that is accepted.
    Suites,
    /// The hello in pieces.
    Split,
    /// The certificate chain.
    Chain,
    /// SSH: the server's lists of algorithms.
    Lists,
    /// SSH: one key exchange, run to its end.
    KeyExchange,
}

/// Probes one endpoint.
///
/// # Errors
/// [`ProbeError`] when no connection can be made, when the upgrade to TLS is refused, or when the peer
/// speaks another protocol. Everything after that is a finding, not an error.
pub async fn probe(target: &Target, options: &Options, deps: Deps<'_>) -> Result<Report, ProbeError> {
    if let Some(name) = &options.sni {
        target::check_host(name).map_err(ProbeError::ServerName)?;
    }
    (deps.progress)(Step::Connect);
    let dialer = Dialer::resolve(target, options).await?;
    match target.protocol {
        Protocol::Tls => tls::probe(target, options, deps, &dialer).await.map(Report::Tls),
        Protocol::Ssh => ssh::probe(deps, &dialer).await.map(Report::Ssh),
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The server name to ask for is no host name.
    #[error("the server name cannot be sent")]
    ServerName(#[source] TargetError),
    /// The name has no address, or none that answers.
    #[error("cannot resolve {host}")]
    Resolve {
        /// The host that was asked for.
        host: String,
        /// What the resolver said; `None` when it knows the name without an address.
        source: Option<std::io::Error>,
    },
    /// No connection.
    #[error("cannot connect to {address}: {failure}")]
    Connect {
        /// The last address that was tried.
        address: SocketAddr,
        /// What went wrong.
        failure: Failure,
    },
    /// The plaintext protocol did not lead to TLS.
    #[error("cannot upgrade to TLS by {protocol}: {failure}")]
    StartTls {
        /// The plaintext protocol.
        protocol: StartTls,
        /// What went wrong.
        failure: Failure,
    },
    /// Something answers, but not in the protocol that was asked for.
    #[error("{address} does not speak {expected}: {failure}")]
    OtherProtocol {
        /// Where it was asked.
        address: SocketAddr,
        /// `TLS` or `SSH`.
        expected: &'static str,
        /// What came instead.
        failure: Failure,
    },
}
