//! Connects what the API asks for with what the edge and the probe offer.
//!
//! This is the one place that knows both sides' nouns; it translates and decides nothing.

mod change;
mod client;
mod handshake;
mod health;
mod key_health;
mod key_metrics;
mod route;

use std::sync::Arc;

use hybridge_api::dto;
use hybridge_api::{ClientFilter, Control, ControlError};
use hybridge_edge::Handle;
use hybridge_edge::register::Filter;
use tokio::sync::broadcast;

use crate::clock;
use crate::key_watch::KeyWatch;

/// Handshakes that a subscriber may fall behind before it misses some.
const BACKLOG: usize = 256;

/// A running edge, as the API sees it.
#[derive(Clone, Debug)]
pub(crate) struct EdgeControl {
    edge: Handle,
    stream: broadcast::Sender<Arc<dto::Handshake>>,
    keys: Option<Arc<KeyWatch>>,
}

impl EdgeControl {
    pub(crate) fn new(edge: Handle) -> Self {
        Self {
            edge,
            stream: broadcast::Sender::new(BACKLOG),
            keys: None,
        }
    }

    /// With the key service beside it.
    pub(crate) fn with_keys(self, keys: Option<Arc<KeyWatch>>) -> Self {
        Self { keys, ..self }
    }

    /// Translates handshakes for the API's subscribers until the edge ends.
    pub(crate) async fn translate(self) {
        let mut records = self.edge.subscribe();
        loop {
            match records.recv().await {
                Ok(named) if self.stream.receiver_count() > 0 => {
                    // Nobody left to tell is no error.
                    let _receivers = self.stream.send(Arc::new(handshake::translate(&named)));
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }
}

impl Control for EdgeControl {
    fn routes(&self) -> Vec<dto::Route> {
        self.edge.routes().into_iter().map(route::translate).collect()
    }

    fn route_set(&self, name: &str, change: dto::RouteChange) -> Result<dto::Route, ControlError> {
        let route = self
            .edge
            .routes()
            .into_iter()
            .find(|route| route.config.name == name);
        let route = route.ok_or(ControlError::NotFound)?;
        let arms = change::apply(route.arms, &change);
        let changed = self
            .edge
            .set_arms(name, arms)
            .map_err(|error| change::explain(&change, &error))?;
        Ok(route::translate(changed))
    }

    fn handshakes(&self, limit: usize) -> Vec<Arc<dto::Handshake>> {
        self.edge
            .handshakes(limit)
            .iter()
            .map(|named| Arc::new(handshake::translate(named)))
            .collect()
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<dto::Handshake>> {
        self.stream.subscribe()
    }

    fn clients(&self, filter: ClientFilter) -> Vec<dto::Client> {
        let state = filter.state.map(client::state_wanted);
        self.edge
            .clients(&Filter {
                state,
                ..Filter::default()
            })
            .iter()
            .map(client::translate)
            .collect()
    }

    fn share_history(&self, route: &str) -> Vec<dto::ShareSample> {
        let Some(view) = self
            .edge
            .routes()
            .into_iter()
            .find(|view| view.config.name == route)
        else {
            return Vec::new();
        };
        let side = route::primary_side(view.config.mode);
        let samples = self
            .edge
            .history(route)
            .into_iter()
            .filter(|sample| sample.side == side);
        samples.map(|sample| route::sample(route, &sample)).collect()
    }

    fn metrics(&self) -> String {
        let edge = self.edge.metrics();
        match &self.keys {
            Some(keys) => {
                let now = clock::now();
                key_metrics::append(edge, keys.look(now), keys.counts(), now)
            }
            None => edge,
        }
    }

    fn health(&self) -> dto::Health {
        let now = clock::now();
        let health = health::assess(&self.edge.routes(), self.edge.is_draining(), now);
        match &self.keys {
            Some(keys) => key_health::join(health, &keys.look(now), now),
            None => health,
        }
    }
}
