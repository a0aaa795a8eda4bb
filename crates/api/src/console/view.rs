//! What one rendering of the console shows, gathered once so that its parts agree.
//!
//! The data plane is asked once for each kind of fact; rendering it asks nothing more.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use crate::dto::{Client, ClientState, Handshake, Health, Route, ShareSample};
use crate::v1::clients::work_list;
use crate::{ClientFilter, Control};

/// Rows of the client register on the page; the API has all of them.
pub(super) const CLIENTS_MAX: usize = 25;
/// Rows of recent handshakes on the page.
pub(super) const HANDSHAKES_MAX: usize = 30;

/// What the reader chose to see, from the query; what is unknown is ignored.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Choice {
    /// Name of the route to look at closely.
    pub(super) route: Option<String>,
    /// Name of the client state to narrow the register to.
    pub(super) state: Option<String>,
    /// Present after a change took effect.
    pub(super) applied: Option<String>,
}

impl Choice {
    pub(super) fn client_state(&self) -> Option<ClientState> {
        ClientState::ALL
            .into_iter()
            .find(|state| self.state.as_deref() == Some(state.name()))
    }
}

/// What stands in the form of the selected route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Notice {
    #[default]
    Nothing,
    Applied,
    /// The change was refused; the reader's entries are kept.
    Refused {
        reason: String,
        entered: Entered,
    },
}

/// The form as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entered {
    #[serde(default)]
    pub(super) rung: String,
    /// Empty for no canary.
    #[serde(default)]
    pub(super) canary_rung: String,
    /// In per cent.
    #[serde(default)]
    pub(super) weight: String,
}

pub(super) struct View {
    pub(super) now: Timestamp,
    pub(super) health: Health,
    pub(super) routes: Vec<Route>,
    /// Index of the route to look at closely.
    pub(super) selected: Option<usize>,
    pub(super) samples: Vec<ShareSample>,
    pub(super) register: Register,
    pub(super) handshakes: Vec<Arc<Handshake>>,
    pub(super) notice: Notice,
}

/// The client register as the page shows it.
pub(super) struct Register {
    pub(super) state: Option<ClientState>,
    /// Clients in each state of [`ClientState::ALL`], whatever is shown.
    pub(super) counts: [usize; 5],
    /// The first of those that match, in work-list order.
    pub(super) rows: Vec<Client>,
    pub(super) matching: usize,
}

impl View {
    pub(super) fn gather(control: &dyn Control, choice: &Choice, notice: Notice, now: Timestamp) -> Self {
        let routes = control.routes();
        let named = routes
            .iter()
            .position(|route| choice.route.as_deref() == Some(&route.name));
        let selected = named.or((!routes.is_empty()).then_some(0));
        let samples = selected
            .map(|index| control.share_history(&routes[index].name))
            .unwrap_or_default();
        let register = Register::new(control.clients(ClientFilter::default()), choice.client_state());
        let (health, handshakes) = (control.health(), control.handshakes(HANDSHAKES_MAX));
        Self {
            now,
            health,
            routes,
            selected,
            samples,
            register,
            handshakes,
            notice,
        }
    }

    pub(super) fn route(&self) -> Option<&Route> {
        self.selected.map(|index| &self.routes[index])
    }
}

impl Register {
    fn new(clients: Vec<Client>, state: Option<ClientState>) -> Self {
        let counts = ClientState::ALL.map(|state| clients.iter().filter(|c| c.post_quantum == state).count());
        let matching = clients
            .into_iter()
            .filter(|client| state.is_none_or(|state| client.post_quantum == state));
        let mut rows = work_list(matching.collect());
        let matching = rows.len();
        rows.truncate(CLIENTS_MAX);
        Self {
            state,
            counts,
            rows,
            matching,
        }
    }
}
