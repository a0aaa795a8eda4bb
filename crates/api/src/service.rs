//! The component: binds nothing, serves a listener until told to stop.
//!
//! Whatever the configuration said, a listener that is not on loopback is refused here once more.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hybridge_keys::backup::Vault;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{ConfigError, require_loopback};
use crate::connection;
use crate::context::Context;
use crate::router::router;
use crate::{Access, Config, Control, Prober};

/// How long requests in flight may take to finish after the order to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// What the API needs from the rest of the process.
#[derive(Clone)]
pub struct Deps {
    /// Who may come in.
    pub access: Arc<Access>,
    pub control: Arc<dyn Control>,
    /// The key service, where the process has one.
    pub keys: Option<hybridge_keys::Keys>,
    /// Suites of the key exchange that are allowed.
    pub suites: Arc<[&'static hybridge_exchange::Suite]>,
    pub prober: Arc<dyn Prober>,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// The API and the console.
#[derive(Debug)]
pub struct Service {
    config: Config,
    deps: Deps,
    vault: Option<Vault>,
}

impl Service {
    pub fn new(config: Config, deps: Deps) -> Self {
        Self {
            config,
            deps,
            vault: None,
        }
    }

    /// With the backups of the key service.
    #[must_use]
    pub fn with_backups(mut self, vault: Option<Vault>) -> Self {
        self.vault = vault;
        self
    }

    /// Serves `listener` until `shutdown` resolves, then finishes what is in flight.
    ///
    /// Fails at once when the listener is not on a loopback address, whatever the configuration said.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        self.config.validate()?;
        require_loopback(listener.local_addr().map_err(Error::Listener)?)?;
        let (stop, stopping) = watch::channel(false);
        let router = router(Context::new(self.deps, stopping.clone()).with_backups(self.vault));
        let stopped = async move {
            shutdown.await;
            stop.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = connection::serve(listener, router, stopping.clone()) => {}
            () = overdue(stopping) => {}
            () = stopped => {}
        }
        Ok(())
    }
}

/// Resolves when the drain has taken too long.
async fn overdue(mut stopping: watch::Receiver<bool>) {
    if stopping.wait_for(|stopping| *stopping).await.is_ok() {
        tokio::time::sleep(DRAIN_LIMIT).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Why the service stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the API's listener failed")]
    Listener(#[source] io::Error),
}
