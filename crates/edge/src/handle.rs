//! What the rest of the program may ask of a running edge, and tell it.
//! Cheap to clone; every method returns at once.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tokio::sync::broadcast;

use crate::arms::Arms;
use crate::certificate::Loaded;
use crate::config::{Config, Route};
use crate::counters::RouteTotals;
use crate::history::Sample;
use crate::metrics::{self, ProcessMetrics, RouteMetrics, Usage};
use crate::recorder::Named;
use crate::register::{Client, Filter};
use crate::route::RouteSpec;
use crate::server::{Control, Error};

/// A handle on a running edge.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Control>);

/// A route as it stands.
#[derive(Clone, Debug)]
pub struct RouteView {
    /// As configured.
    pub config: Route,
    /// The address really listened on.
    pub listen: SocketAddr,
    /// Rungs and weight in force.
    pub arms: Arms,
    /// Its certificates.
    pub certificates: Vec<CertificateView>,
    /// What has been counted.
    pub totals: RouteTotals,
}

/// A certificate as it stands.
#[derive(Clone, Debug)]
pub struct CertificateView {
    /// Names and addresses of the leaf.
    pub names: Vec<String>,
    /// The key's algorithm.
    pub key_algorithm: &'static str,
    /// End of validity, in seconds since the Unix epoch.
    pub not_after: i64,
}

/// Why arms were not changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SetArmsError {
    /// No such route.
    #[error("there is no route {0:?}")]
    NoRoute(String),
    /// The route has no rungs.
    #[error("route {0:?} observes and has no rung")]
    Observes(String),
    /// The rung is on the other ladder.
    #[error("{rung} is not on this route's ladder: {ladder}")]
    WrongLadder {
        /// The rung.
        rung: hybridge_policy::Rung,
        /// The rungs of the route's ladder.
        ladder: String,
    },
    /// The route's groups leave nothing to negotiate on this rung.
    #[error("the route's groups are all post-quantum; only the rung require can serve them")]
    NoClassicalGroup,
    /// More than all clients.
    #[error("weight is in parts per ten thousand: 0 to 10000")]
    Weight,
}

impl Handle {
    pub(crate) const fn new(control: Arc<Control>) -> Self {
        Self(control)
    }

    /// Every route.
    pub fn routes(&self) -> Vec<RouteView> {
        let state = self.0.lock();
        let views = state.routes.iter().zip(&state.listens);
        views.map(|(spec, listen)| view(spec, *listen)).collect()
    }

    /// Changes rungs and weight of a route for the next ClientHello on every core; connections stay.
    ///
    /// # Errors
    /// See `SetArmsError`; nothing was changed.
    pub fn set_arms(&self, name: &str, arms: Arms) -> Result<RouteView, SetArmsError> {
        let no_route = || SetArmsError::NoRoute(name.to_owned());
        let route = self
            .routes()
            .into_iter()
            .find(|route| route.config.name == name)
            .ok_or_else(no_route)?;
        check(&route.config, arms)?;
        self.0.set_arms(name, arms).ok_or_else(no_route)?;
        tracing::info!(route = name, control = %arms.control, canary = %arms.canary, weight = arms.weight, "arms changed");
        Ok(RouteView { arms, ..route })
    }

    /// Puts a new configuration in force without dropping a connection.
    ///
    /// # Errors
    /// See `Error`; the earlier configuration stays in force.
    pub fn reload(&self, config: Config) -> Result<(), Error> {
        self.0.load(config)
    }

    /// Has the edge stopped accepting connections, to end when the open ones have finished?
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// The latest handshakes, newest first.
    pub fn handshakes(&self, limit: usize) -> Vec<Named> {
        self.0.recent.list(limit)
    }

    /// Handshakes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Named>> {
        self.0.recent.subscribe()
    }

    /// The client register.
    pub fn clients(&self, filter: &Filter) -> Vec<Client> {
        self.0.clients.list(filter)
    }

    /// What each side and arm of a route did over the last hour, oldest first.
    pub fn history(&self, route: &str) -> Vec<Sample> {
        self.0
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .list(route)
    }

    /// Metrics as OpenMetrics text.
    pub fn metrics(&self) -> String {
        let routes = self.routes().into_iter().map(|route| RouteMetrics {
            name: route.config.name,
            mode: route.config.mode,
            arms: route.arms,
            totals: route.totals,
            certificates: expiries(&route.certificates),
        });
        let process = ProcessMetrics {
            version: env!("CARGO_PKG_VERSION"),
            started_us: self.0.started_us,
            usage: Usage::read(),
            dropped_records: self.0.recent.dropped(),
            clients: self.0.clients.counts(),
            clients_max: self.0.lock().config.process.register_size,
        };
        metrics::encode(routes.collect(), process)
    }
}

fn view(spec: &RouteSpec, listen: SocketAddr) -> RouteView {
    let certificates = spec
        .certificates()
        .into_iter()
        .flat_map(|certificates| certificates.iter().map(certificate));
    RouteView {
        config: spec.config.clone(),
        listen,
        arms: spec.arms.load(),
        certificates: certificates.collect(),
        totals: spec.counters.merged(),
    }
}

fn certificate(loaded: &Loaded) -> CertificateView {
    let Loaded {
        names,
        not_after,
        key_algorithm,
        ..
    } = loaded;
    CertificateView {
        names: names.clone(),
        key_algorithm,
        not_after: *not_after,
    }
}

/// Two certificates of one name differ by their keys.
fn expiries(certificates: &[CertificateView]) -> Vec<(String, i64)> {
    let name = |certificate: &CertificateView| {
        let first = certificate.names.first().map_or("", String::as_str);
        format!("{first} {}", certificate.key_algorithm)
    };
    certificates
        .iter()
        .map(|certificate| (name(certificate), certificate.not_after))
        .collect()
}

fn check(route: &Route, arms: Arms) -> Result<(), SetArmsError> {
    use crate::config::Mode;
    if route.mode == Mode::Observe {
        return Err(SetArmsError::Observes(route.name.clone()));
    }
    if arms.weight > 10_000 {
        return Err(SetArmsError::Weight);
    }
    let ladder = route.ladder();
    for rung in [arms.control, arms.canary] {
        if !ladder.has(rung) {
            let ladder = ladder.rungs().map(hybridge_policy::Rung::name).join(", ");
            return Err(SetArmsError::WrongLadder { rung, ladder });
        }
        let classical = route.group_order().iter().any(|group| !group.is_post_quantum());
        if rung != hybridge_policy::Rung::Require && !classical {
            return Err(SetArmsError::NoClassicalGroup);
        }
    }
    Ok(())
}
