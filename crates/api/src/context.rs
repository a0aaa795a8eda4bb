//! What handlers share: the data plane, the probe, and the few counters that bound the costly requests.
//!
//! A costly request that finds no room is refused at once, never queued: a queue would hide the load.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use hybridge_exchange::Suite;
use hybridge_keys::Keys;
use hybridge_keys::backup::Vault;

use crate::access::Access;
use crate::problem::{Code, Problem};
use crate::{Control, Deps, Prober};

/// Probes at once: each opens a score of connections to the target.
const PROBES_MAX: usize = 4;
/// Event streams at once: each holds a connection for as long as its reader likes.
const STREAMS_MAX: usize = 64;

/// Cheap to clone: one per request.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) access: Arc<Access>,
    pub(crate) control: Arc<dyn Control>,
    keys: Option<Keys>,
    vault: Option<Vault>,
    /// Suites of the key exchange that are allowed; hybrid ones alone.
    pub(crate) suites: Arc<[&'static Suite]>,
    pub(crate) prober: Arc<dyn Prober>,
    pub(crate) probes: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    /// Turns true when the service drains; streams end then.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Context {
    pub(crate) fn new(deps: Deps, stopping: watch::Receiver<bool>) -> Self {
        Self {
            access: deps.access,
            control: deps.control,
            keys: deps.keys,
            suites: deps.suites,
            vault: None,
            prober: deps.prober,
            probes: Arc::new(Semaphore::new(PROBES_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            stopping,
        }
    }

    /// With the backups of the key service.
    pub(crate) fn with_backups(mut self, vault: Option<Vault>) -> Self {
        self.vault = vault;
        self
    }

    /// The backups of the key service, where the process keeps some.
    pub(crate) fn vault(&self) -> Result<&Vault, Problem> {
        self.keys()?;
        let none = || Problem::new(Code::NoBackups, "this process keeps no backups");
        self.vault.as_ref().ok_or_else(none)
    }

    /// The key service, where the process has one.
    pub(crate) fn keys(&self) -> Result<&Keys, Problem> {
        self.keys.as_ref().ok_or_else(|| {
            Problem::new(
                Code::NoKeyService,
                "this process has no key service; hybridge up and hybridge serve have one",
            )
        })
    }
}
