//! A route as the control plane makes it (`RouteSpec`, shared by all cores) and as one core holds it
//! (`LiveRoute`: prepared configurations, pools and limits that no other core touches).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use http::HeaderValue;
use hybridge_policy::Rung;
use rustls::ClientConfig;
use rustls::server::danger::ClientCertVerifier;

use crate::admission::{Buckets, Gauge};
use crate::arms::{Arm, Arms, LiveArms, Salt};
use crate::certificate::Certificates;
use crate::certificate_watch::Stamps;
use crate::client_config::{self, Sessions, Verifier};
use crate::config::{Mode, Protocol, Route};
use crate::counters::{PerCoreCounters, RouteCounters};
use crate::handshake::RouteId;
use crate::http::pool::Pool;
use crate::server_config::{Prepared, Tickets};
use crate::wire::Meter;

/// What the control plane made of a `[[route]]`; immutable but for the arms.
#[derive(Debug)]
pub(crate) struct RouteSpec {
    /// Its number in records.
    pub(crate) id: RouteId,
    /// As it was configured.
    pub(crate) config: Route,
    /// Rungs and weight in force.
    pub(crate) arms: Arc<LiveArms>,
    /// The key of the assignment.
    pub(crate) salt: Salt,
    /// Downstream certificates; `None` if connections come in as plaintext or pass untouched.
    pub(crate) downstream: Option<(Certificates, Tickets)>,
    /// Whose certificates we believe of clients; `None` if they are not asked.
    pub(crate) clients: Option<Arc<dyn ClientCertVerifier>>,
    /// Whose certificates we believe upstream; `None` for plaintext.
    pub(crate) verifier: Option<Verifier>,
    /// Counters of all cores.
    pub(crate) counters: Arc<RouteCounters>,
    /// The files that it was made from.
    pub(crate) files: Stamps,
}

impl RouteSpec {
    /// The certificates, if this route terminates TLS.
    pub(crate) fn certificates(&self) -> Option<&Certificates> {
        self.downstream.as_ref().map(|(certificates, _)| certificates)
    }
}

/// A route on one core.
pub(crate) struct LiveRoute {
    pub(crate) spec: Arc<RouteSpec>,
    /// Which core this is, and of how many.
    pub(crate) core: usize,
    pub(crate) cores: usize,
    pub(crate) prepared: Option<Prepared>,
    /// Upstream TLS by arm, then by rung of the upstream ladder.
    upstream: Option<[UpstreamConfigs; 2]>,
    /// For a route to somebody else's origin: the Host that it is addressed by (RFC 9110 §7.2).
    pub(crate) origin_host: Option<HeaderValue>,
    /// Keep-alive connections to the upstream, by arm.
    pub(crate) pools: [Rc<RefCell<Pool>>; 2],
    pub(crate) open: Rc<Gauge>,
    pub(crate) half_open: Rc<Gauge>,
    /// Connections to the upstream that carry HTTP.
    pub(crate) upstream_open: Rc<Gauge>,
    pub(crate) buckets: Option<Rc<Buckets>>,
}

/// Client configurations by rung; sessions are remembered per arm and rung.
struct UpstreamConfigs(Vec<(Rung, Arc<ClientConfig>)>);

impl LiveRoute {
    /// Prepares a route for one core; limits carry over from the route's earlier form.
    ///
    /// # Errors
    /// rustls refuses the combination.
    pub(crate) fn new(
        spec: Arc<RouteSpec>,
        core: usize,
        cores: usize,
        earlier: Option<&Self>,
    ) -> Result<Self, rustls::Error> {
        let downstream = spec.downstream.as_ref();
        let prepared = downstream.map(|(certificates, tickets)| {
            Prepared::new(&spec.config, certificates, tickets, spec.clients.as_ref())
        });
        let upstream = spec.verifier.as_ref().map(|verifier| {
            Ok::<_, rustls::Error>([
                upstream_configs(&spec.config, verifier)?,
                upstream_configs(&spec.config, verifier)?,
            ])
        });
        let limits = &spec.config.limits;
        Ok(Self {
            prepared: prepared.transpose()?,
            upstream: upstream.transpose()?,
            origin_host: origin_host(&spec.config),
            pools: Default::default(),
            open: earlier.map_or_else(Rc::default, |route| Rc::clone(&route.open)),
            upstream_open: earlier.map_or_else(Rc::default, |route| Rc::clone(&route.upstream_open)),
            half_open: earlier.map_or_else(Rc::default, |route| Rc::clone(&route.half_open)),
            buckets: match earlier {
                Some(earlier) if earlier.spec.config.limits == *limits => earlier.buckets.clone(),
                _ => Buckets::new(limits, cores).map(Rc::new),
            },
            spec,
            core,
            cores,
        })
    }

    /// Where this core counts passing bytes.
    pub(crate) fn meter(&self) -> Meter {
        Meter {
            counters: Arc::clone(&self.spec.counters),
            core: self.core,
        }
    }

    /// This core's counters.
    pub(crate) fn counters(&self) -> &PerCoreCounters {
        self.spec.counters.on_core(self.core)
    }

    /// The rung towards clients for an arm.
    pub(crate) fn downstream_rung(&self, arms: &Arms, arm: Arm) -> Rung {
        match self.spec.config.mode {
            Mode::Originate => Rung::Upgrade,
            Mode::Terminate | Mode::Observe => arms.rung(arm),
        }
    }

    /// The rung towards the upstream for an arm.
    pub(crate) fn upstream_rung(&self, arm: Arm) -> Rung {
        if self.spec.config.mode == Mode::Originate {
            return self.spec.arms.load().rung(arm);
        }
        self.spec
            .config
            .upstream
            .tls
            .as_ref()
            .and_then(|tls| tls.rung)
            .unwrap_or(Rung::Share)
    }

    /// The TLS client configuration for an arm on a rung; `None` if the upstream is plaintext. A rung that
    /// the route's groups leave empty (arms from before a reload) is served as `require`, never less.
    pub(crate) fn client_config(&self, arm: Arm, rung: Rung) -> Option<&Arc<ClientConfig>> {
        let configs = &self.upstream.as_ref()?[arm as usize];
        let on = |rung| configs.0.iter().find(|(prepared, _)| *prepared == rung);
        on(rung).or_else(|| on(Rung::Require)).map(|(_, config)| config)
    }
}

/// The name of the origin, with its port unless that is the one of https.
fn origin_host(route: &Route) -> Option<HeaderValue> {
    let address = &route.upstream.address;
    let (host, port) = address.rsplit_once(':')?;
    let named = route
        .upstream
        .tls
        .as_ref()
        .and_then(|tls| tls.name.as_deref())
        .unwrap_or(host);
    let authority = if port == "443" {
        named.to_owned()
    } else {
        format!("{named}:{port}")
    };
    (route.mode == Mode::Originate)
        .then(|| HeaderValue::from_str(&authority).ok())
        .flatten()
}

fn upstream_configs(route: &Route, verifier: &Verifier) -> Result<UpstreamConfigs, rustls::Error> {
    let alpn: &[&[u8]] = if route.protocol == Protocol::Http {
        &[b"http/1.1"]
    } else {
        &[]
    };
    let build = |rung: Rung| {
        let groups = client_config::rung_groups(rung, route.group_order());
        // A list of post-quantum groups alone leaves nothing for the classical rung, which validation forbids.
        (!groups.is_empty()).then(|| {
            Ok((
                rung,
                client_config::build(&groups, verifier, alpn, Sessions::Remember)?,
            ))
        })
    };
    let rungs = hybridge_policy::Ladder::Upstream.rungs();
    rungs
        .into_iter()
        .filter_map(build)
        .collect::<Result<_, _>>()
        .map(UpstreamConfigs)
}
