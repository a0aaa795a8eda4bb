//! Prepared TLS server configurations: one per certificate set and group, made once, so that a
//! ClientHello is answered by choosing among them: no allocation, no lock.
//!
//! Each core prepares its own set, so that nothing inside is shared between cores; what resumes a
//! session is the exception, because a client that comes back may land on another core.

use std::sync::Arc;

use hybridge_policy::Group;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ProducesTickets, ResolvesServerCert, StoresServerSessions};
use rustls::version::{TLS12, TLS13};

use crate::certificate::{Certificates, Tls13};
use crate::config::{Protocol, Route};
use crate::kx;
use crate::sessions::Sessions;

/// What resumes the sessions of a route, in memory only: ticket keys, rotated every six hours and accepted
/// for twelve (RFC 8446 §4.6.1, RFC 5077 §4), and the sessions of clients without tickets.
#[derive(Clone)]
pub(crate) struct Tickets {
    keys: Arc<dyn ProducesTickets>,
    sessions: Arc<Sessions>,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(<redacted>)")
    }
}

impl Tickets {
    /// Fresh keys, and no session yet.
    ///
    /// # Errors
    /// The system's random source failed.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        Ok(Self {
            keys: Ticketer::new()?,
            sessions: Arc::new(Sessions::new()),
        })
    }
}

/// The configurations of one route on one core.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Indexed by `Group as usize`: TLS 1.3 with exactly this group.
    single: [Option<Arc<ServerConfig>>; Group::ALL.len()],
    /// TLS 1.2 and 1.3 with the classical groups; `None` if the route has none.
    legacy: Option<Arc<ServerConfig>>,
}

impl Prepared {
    /// Prepares every configuration that the route's groups allow.
    ///
    /// # Errors
    /// rustls refuses the combination.
    pub(crate) fn new(
        route: &Route,
        certificates: &Certificates,
        tickets: &Tickets,
        clients: Option<&Arc<dyn ClientCertVerifier>>,
    ) -> Result<Self, rustls::Error> {
        let order = route.group_order();
        let build = |groups: &[Group], versions: &[&'static rustls::SupportedProtocolVersion]| {
            let mut config = build(groups, versions, certificates, clients)?;
            resume(&mut config, versions == [&TLS13], tickets, clients.is_none());
            if route.protocol == Protocol::Http {
                config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            }
            Ok::<_, rustls::Error>(Arc::new(config))
        };
        let mut single = [const { None }; Group::ALL.len()];
        for group in order {
            single[*group as usize] = Some(build(&[*group], &[&TLS13])?);
        }
        let classical: Vec<_> = order
            .iter()
            .copied()
            .filter(|group| !group.is_post_quantum())
            .collect();
        let legacy = (!classical.is_empty()).then(|| build(&classical, &[&TLS13, &TLS12]));
        Ok(Self {
            single,
            legacy: legacy.transpose()?,
        })
    }

    /// The configuration that negotiates exactly this group; `None` if the route does not have it.
    pub(crate) const fn group(&self, group: Group) -> Option<&Arc<ServerConfig>> {
        self.single[group as usize].as_ref()
    }

    /// The configuration for TLS 1.2 clients and for those with no group in common; `None` on a route
    /// without a classical group, whatever its rungs are: such a client is refused.
    pub(crate) const fn legacy(&self) -> Option<&Arc<ServerConfig>> {
        self.legacy.as_ref()
    }
}

fn build(
    groups: &[Group],
    versions: &[&'static rustls::SupportedProtocolVersion],
    certificates: &Certificates,
    clients: Option<&Arc<dyn ClientCertVerifier>>,
) -> Result<ServerConfig, rustls::Error> {
    let resolver: Arc<dyn ResolvesServerCert> = if versions == [&TLS13] {
        Arc::new(Tls13(certificates.clone()))
    } else {
        Arc::new(certificates.clone())
    };
    let builder =
        ServerConfig::builder_with_provider(kx::provider(groups)).with_protocol_versions(versions)?;
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    Ok(builder.with_cert_resolver(resolver))
}

/// How connections are resumed; `is_allowed` is false where each must show its certificate anew.
fn resume(config: &mut ServerConfig, tls13_alone: bool, tickets: &Tickets, is_allowed: bool) {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if !is_allowed {
        return;
    }
    config.ticketer = Arc::clone(&tickets.keys);
    // One ticket is what a client uses; RFC 8446 §4.6.1 leaves the number to us.
    config.send_tls13_tickets = 1;
    if !tls13_alone {
        config.session_storage = Arc::clone(&tickets.sessions) as Arc<dyn StoresServerSessions>;
    }
}
