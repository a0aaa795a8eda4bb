//! The names of routes, for those who read records: a record carries a number only.
//! A number keeps its name for the life of the process, even after its route is gone.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::handshake::RouteId;

/// A table of names; clones see the same. Cores never touch it.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<RwLock<HashMap<RouteId, Arc<str>>>>);

impl Names {
    /// Gives a route its name, before its first connection is accepted.
    pub fn register(&self, route: RouteId, name: &str) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(route, name.into());
    }

    /// The name of a route; one that was never registered is shown by its number.
    pub fn resolve(&self, route: RouteId) -> Arc<str> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        names
            .get(&route)
            .map_or_else(|| format!("#{}", route.0).into(), Arc::clone)
    }
}
