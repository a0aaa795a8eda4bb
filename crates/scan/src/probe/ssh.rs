//! The questions to an SSH endpoint: its lists, and whether its post-quantum exchanges complete.
//!
//! Few connections, one after another: OpenSSH counts those that log nobody in against their source. Each
//! ends before new keys are taken into use; nobody is logged in.

mod exchange;
mod host_key;
mod plan;
mod session;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use hybridge_hello::ssh::{KexKind, KexMethod};

use super::dial::{Dialer, within};
use super::report::Support;
use super::{Deps, Failure, ProbeError, Step};
use plan::Plan;
use session::{Server, Session};

pub use host_key::HostKeyFinding;
pub use session::Algorithms;

/// What was found at an SSH endpoint.
#[derive(Clone, Debug)]
pub struct SshReport {
    /// The address that was asked.
    pub address: SocketAddr,
    /// The server's identification, such as `SSH-2.0-OpenSSH_10.0`.
    pub identification: String,
    /// Everything it advertises.
    pub algorithms: Algorithms,
    /// Its key exchange methods, in its order, without the signals that travel among them.
    pub key_exchanges: Vec<KexFinding>,
    /// The host keys that signed an exchange, or that were asked for and did not.
    pub host_keys: Vec<HostKeyFinding>,
}

/// One key exchange method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KexFinding {
    /// Its name.
    pub method: String,
    /// What it protects against.
    pub kind: KexKind,
    /// Whether it completes: an answer that makes sense, signed by the host key.
    pub completes: Support,
}

pub(super) async fn probe(deps: Deps<'_>, dialer: &Dialer) -> Result<Box<SshReport>, ProbeError> {
    (deps.progress)(Step::Lists);
    let other = |failure| ProbeError::OtherProtocol {
        address: dialer.address,
        expected: "SSH",
        failure,
    };
    let first = open(dialer).await.map_err(other)?;
    let server = first.server.clone();
    let mut report = SshReport::begin(dialer.address, &server);
    let mut unused = Some(first);
    for plan in plan::plan(&server.algorithms) {
        (deps.progress)(Step::KeyExchange);
        let session = match unused.take() {
            Some(session) => Ok(session),
            None => open(dialer).await,
        };
        let outcome = match session {
            Ok(session) => within(dialer.timeout, exchange::run(session, &plan)).await,
            Err(failure) => Err(failure),
        };
        report.note(&plan, outcome);
    }
    Ok(Box::new(report))
}

async fn open(dialer: &Dialer) -> Result<Session<tokio::net::TcpStream>, Failure> {
    let (stream, _permit) = dialer.open().await?.into_parts();
    within(dialer.timeout, Session::open(stream)).await
}

impl SshReport {
    fn begin(address: SocketAddr, server: &Server) -> Self {
        let methods = server.algorithms.key_exchange.iter().map(|name| KexMethod(name));
        let key_exchanges = methods
            .filter(|method| method.kind() != KexKind::Signal)
            .map(|method| KexFinding {
                method: method.0.to_owned(),
                kind: method.kind(),
                completes: plan::before_asking(method, &server.algorithms),
            });
        Self {
            address,
            identification: server.identification.clone(),
            key_exchanges: key_exchanges.collect(),
            algorithms: server.algorithms.clone(),
            host_keys: Vec::new(),
        }
    }

    /// A method that completed once is not taken back because another host key failed.
    fn note(&mut self, plan: &Plan, outcome: Result<HostKeyFinding, Failure>) {
        let (completes, host_key) = match outcome {
            Ok(host_key) => (host_key.verified.clone(), host_key),
            Err(failure) => {
                let support = support(&failure);
                (support.clone(), HostKeyFinding::unseen(&plan.host_key, support))
            }
        };
        let method = self
            .key_exchanges
            .iter_mut()
            .find(|finding| finding.method == plan.method.name);
        if let Some(finding) = method.filter(|finding| !finding.completes.is_yes()) {
            finding.completes = completes;
        }
        let known = |seen: &HostKeyFinding| seen.algorithm == host_key.algorithm && seen.verified.is_yes();
        if !self.host_keys.iter().any(known) {
            self.host_keys.retain(|seen| seen.algorithm != host_key.algorithm);
            self.host_keys.push(host_key);
        }
    }
}

/// A server that advertises a method and then hangs up or answers nonsense does not have it.
fn support(failure: &Failure) -> Support {
    match failure {
        Failure::Malformed(_) | Failure::Nonsense { .. } => Support::no(failure),
        failure if failure.is_by_peer() => Support::no(failure),
        failure => Support::unknown(failure),
    }
}
