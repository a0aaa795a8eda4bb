//! A data plane made of plain data: what the tests and the example put behind the API.
//!
//! It keeps what it is given and checks changes as a real one does; it speaks no TLS.

#![allow(dead_code, unreachable_pub, reason = "each of its users takes a part")]

mod traffic;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hybridge_api::dto::{
    Canary, CanaryChange, Certificate, Client, Handshake, Health, Mode, Protocol, Route, RouteChange, Rung,
    ShareSample, Totals,
};
use hybridge_api::{ClientFilter, Control, ControlError};
use jiff::{Timestamp, ToSpan};
use tokio::sync::broadcast;

pub struct Sample {
    pub world: Mutex<World>,
    sender: broadcast::Sender<Arc<Handshake>>,
}

/// Everything that the API can ask for.
pub struct World {
    pub routes: Vec<Route>,
    pub handshakes: Vec<Arc<Handshake>>,
    pub clients: Vec<Client>,
    pub samples: Vec<ShareSample>,
    pub health: Health,
    /// What a change fails with, if it must.
    pub refusal: Option<ControlError>,
}

impl Sample {
    /// Nothing configured, nothing seen.
    pub fn empty() -> Self {
        let health = Health {
            live: true,
            ready: true,
            reasons: Vec::new(),
            ..Health::default()
        };
        let (routes, handshakes, clients, samples) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let world = World {
            routes,
            handshakes,
            clients,
            samples,
            health,
            refusal: None,
        };
        Self {
            world: Mutex::new(world),
            sender: broadcast::channel(16).0,
        }
    }

    /// One route that nobody has used yet, as right after the first start.
    pub fn fresh(now: Timestamp) -> Self {
        let sample = Self::empty();
        sample.world().routes = vec![route("web", Mode::Terminate, Some(Rung::Upgrade), now)];
        sample
    }

    /// Four routes with two hours of traffic.
    pub fn busy(now: Timestamp) -> Self {
        let sample = Self::empty();
        *sample.world() = traffic::busy(now);
        sample
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handshake happens now.
    pub fn happen(&self, handshake: Handshake) {
        let handshake = Arc::new(handshake);
        self.world().handshakes.insert(0, handshake.clone());
        let _ = self.sender.send(handshake);
    }

    pub fn next(&self, seed: u64, now: Timestamp) -> Handshake {
        traffic::handshake(seed, now)
    }
}

pub fn route(name: &str, mode: Mode, rung: Option<Rung>, now: Timestamp) -> Route {
    let certificate = Certificate {
        names: vec![format!("{name}.example"), "localhost".to_owned()],
        key_algorithm: "ECDSA P-256".to_owned(),
        expires_at: now
            .saturating_add((24 * 83).hours())
            .expect("hours have no calendar"),
    };
    Route {
        name: name.to_owned(),
        listen: "127.0.0.1:8443".to_owned(),
        mode,
        protocol: Protocol::Http,
        upstream: "127.0.0.1:8080".to_owned(),
        rung,
        canary: None,
        certificates: if mode == Mode::Terminate {
            vec![certificate]
        } else {
            Vec::new()
        },
        totals: Totals::default(),
    }
}

impl Control for Sample {
    fn routes(&self) -> Vec<Route> {
        self.world().routes.clone()
    }

    fn route_set(&self, name: &str, change: RouteChange) -> Result<Route, ControlError> {
        let mut world = self.world();
        if let Some(refusal) = &world.refusal {
            return Err(refusal.clone());
        }
        let route = world
            .routes
            .iter_mut()
            .find(|route| route.name == name)
            .ok_or(ControlError::NotFound)?;
        let changed = apply(route.clone(), change)?;
        *route = changed.clone();
        Ok(changed)
    }

    fn handshakes(&self, limit: usize) -> Vec<Arc<Handshake>> {
        self.world().handshakes.iter().take(limit).cloned().collect()
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<Handshake>> {
        self.sender.subscribe()
    }

    fn clients(&self, filter: ClientFilter) -> Vec<Client> {
        let world = self.world();
        let matching = world
            .clients
            .iter()
            .filter(|client| filter.state.is_none_or(|s| client.post_quantum == s));
        matching.cloned().collect()
    }

    fn share_history(&self, route: &str) -> Vec<ShareSample> {
        self.world()
            .samples
            .iter()
            .filter(|sample| sample.route == route)
            .cloned()
            .collect()
    }

    fn metrics(&self) -> String {
        let mut text = "# TYPE hybridge_handshakes counter\n".to_owned();
        for route in &self.world().routes {
            let line = format!(
                "hybridge_handshakes_total{{route=\"{}\"}} {}\n",
                route.name, route.totals.handshakes
            );
            text.push_str(&line);
        }
        text + "# EOF\n"
    }

    fn health(&self) -> Health {
        self.world().health.clone()
    }
}

fn apply(mut route: Route, change: RouteChange) -> Result<Route, ControlError> {
    if let Some(rung) = change.rung {
        check(&route, "rung", rung)?;
        route.rung = Some(rung);
    }
    match change.canary {
        CanaryChange::Keep => {}
        CanaryChange::Remove => route.canary = None,
        CanaryChange::Set(canary) => route.canary = Some(checked(&route, canary)?),
    }
    Ok(route)
}

fn checked(route: &Route, canary: Canary) -> Result<Canary, ControlError> {
    check(route, "canary.rung", canary.rung)?;
    if canary.weight > 10_000 {
        let reason = format!("{} is more than 10000 parts per ten thousand", canary.weight);
        return Err(ControlError::Invalid {
            field: "canary.weight".to_owned(),
            reason,
        });
    }
    Ok(canary)
}

fn check(route: &Route, field: &str, rung: Rung) -> Result<(), ControlError> {
    if route.mode.rungs().contains(&rung) {
        return Ok(());
    }
    let reason = format!("a route of this mode cannot stand on the rung {}", rung.name());
    Err(ControlError::Invalid {
        field: field.to_owned(),
        reason,
    })
}
