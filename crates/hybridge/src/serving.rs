//! Runs the edge and the API in one process until a signal says stop.
//!
//! SIGTERM and Ctrl-C drain, a second one ends at once, SIGHUP reads the configuration again. The
//! service manager, where there is one, is told what is going on (sd_notify) and may pass sockets.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hybridge_api::{Access, Deps, EdgeProof, Prober};
use hybridge_edge::{Handle, Options, Service};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::api_address::ApiAddress;
use crate::api_route;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::descriptors;
use crate::edge_error;
use crate::key_service::KeyService;
use crate::source::Source;
use crate::wiring::EdgeControl;

/// What to serve.
pub(crate) struct Plan {
    /// Where the routes come from.
    pub(crate) source: Source,
    /// Where the client register is kept.
    pub(crate) state: Option<PathBuf>,
    /// Where the API and the console listen.
    pub(crate) api: Option<Api>,
}

/// The API and the console.
pub(crate) struct Api {
    /// Where they listen.
    pub(crate) config: hybridge_api::Config,
    /// Who may come in.
    pub(crate) access: Access,
    /// The key service, where there is one.
    pub(crate) keys: Option<KeyService>,
}

/// What is bound and about to be served.
pub(crate) struct Bound {
    service: Service,
    handle: Handle,
    api: Option<(Api, tokio::net::TcpListener)>,
    source: Source,
    signals: Signals,
    /// Tells local commands where the API is, until we end.
    _announced: Option<ApiAddress>,
}

impl Bound {
    /// Opens everything that a plan needs; inside a runtime.
    ///
    /// # Errors
    /// By kind: what is wrong with the configuration, a file, or an address.
    pub(crate) fn open(plan: Plan) -> Result<Self, CommandError> {
        descriptors::raise();
        // Before anybody is told that we are there: a signal must not end us without a drain.
        let signals = Signals::new()?;
        let mut source = plan.source;
        let api = plan.api.map(|api| listen_api(api, &mut source)).transpose()?;
        let announced = announce(plan.state.as_deref(), api.as_ref())?;
        let options = Options {
            state: plan.state,
            inherited: inherited(),
        };
        let (config, file) = source.read()?;
        let service = Service::bind(config, options).map_err(|error| source.explain(error, file.as_ref()))?;
        let handle = service.handle();
        Ok(Self {
            service,
            handle,
            api,
            source,
            signals,
            _announced: announced,
        })
    }

    /// The edge.
    pub(crate) const fn edge(&self) -> &Handle {
        &self.handle
    }

    /// The address that the API really listens on.
    pub(crate) fn api_address(&self) -> Option<SocketAddr> {
        self.api
            .as_ref()
            .and_then(|(_, listener)| listener.local_addr().ok())
    }

    /// Serves until a signal says stop, then drains.
    ///
    /// # Errors
    /// None today: what can fail was done by `open`.
    pub(crate) async fn serve(mut self, prober: Arc<dyn Prober>) -> Result<Ending, CommandError> {
        let (stop, stopping) = watch::channel(false);
        let watch = self
            .api
            .as_ref()
            .and_then(|(api, _)| api.keys.as_ref())
            .map(KeyService::watch);
        let watching = watch.clone().map(|watch| tokio::spawn(watch.run()));
        let control = EdgeControl::new(self.handle.clone()).with_keys(watch);
        let translating = tokio::spawn(control.clone().translate());
        let api = tokio::spawn(serve_api(self.api, Arc::new(control), prober, stopping.clone()));
        let edge = self.service.run(stopped(stopping));
        tell(&[NotifyState::Ready]);
        let obeying = async {
            self.signals.stop_asked(&self.handle, &self.source).await;
            tracing::info!("draining; a second signal ends at once");
            tell(&[NotifyState::Stopping]);
            stop.send_replace(true);
            self.signals.stop_asked(&self.handle, &self.source).await;
        };
        tokio::select! {
            () = edge => {}
            () = obeying => tracing::warn!("ended before the drain was over"),
        }
        translating.abort();
        if let Some(watching) = watching {
            watching.abort();
        }
        // The API ends with the edge; what it is still sending is told in its log.
        let _served = api.await;
        Ok(Ending::Done)
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _stopping = stopping.wait_for(|stopping| *stopping).await;
}

async fn serve_api(
    api: Option<(Api, tokio::net::TcpListener)>,
    control: Arc<EdgeControl>,
    prober: Arc<dyn Prober>,
    stopping: watch::Receiver<bool>,
) {
    let Some((Api { config, access, keys }, listener)) = api else {
        return;
    };
    let vault = keys.as_ref().and_then(KeyService::vault);
    let schedule = keys.clone().map(|keys| tokio::spawn(keys.run(stopping.clone())));
    let deps = Deps {
        access: Arc::new(access),
        control,
        keys: keys.as_ref().map(|service| service.keys().clone()),
        suites: config.suites(),
        prober,
    };
    if let Err(error) = hybridge_api::Service::new(config, deps)
        .with_backups(vault)
        .run(listener, stopped(stopping))
        .await
    {
        tracing::error!(%error, "the API ended");
    }
    // What is acknowledged is durable already; this signs the log and closes the store in order.
    if let Some(schedule) = schedule {
        let _ended = schedule.await;
    }
    if let Some(keys) = keys {
        keys.close().await;
    }
}

/// Opens the API's socket. With TLS that is a free port of loopback, and a route of the edge goes to where
/// the configuration says.
fn listen_api(mut api: Api, source: &mut Source) -> Result<(Api, tokio::net::TcpListener), CommandError> {
    let listener = bind_api(&api.config)?;
    if let Some(oidc) = api.config.oidc.clone() {
        api.access = api.access.with_issuer(oidc, api.config.rate.into());
    }
    if let Some(tls) = api.config.tls.clone() {
        let proof = EdgeProof::generate().map_err(|error| CommandError::new(Kind::Internal, error))?;
        let address = listener
            .local_addr()
            .cannot(Kind::Internal, "find the API's address")?;
        source.api = Some(api_route::route(&api.config, &tls, address, &proof));
        let config = &api.config;
        api.access = api
            .access
            .with_edge(proof, &config.identities, config.rate.into());
    }
    Ok((api, listener))
}

fn bind_api(config: &hybridge_api::Config) -> Result<tokio::net::TcpListener, CommandError> {
    config
        .validate()
        .map_err(|error| CommandError::new(Kind::Configuration, error))?;
    let listen = match config.tls {
        Some(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        None => config.listen,
    };
    let bound = TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    });
    bound.map_err(|error| {
        let kind = error.kind();
        let error = CommandError::new(Kind::Address, error)
            .context(format!("cannot listen on {} for the API", config.listen));
        edge_error::hints(kind, config.listen, "--api ADDRESS:PORT")
            .into_iter()
            .fold(error, CommandError::hint)
    })
}

fn announce(
    folder: Option<&Path>,
    api: Option<&(Api, tokio::net::TcpListener)>,
) -> Result<Option<ApiAddress>, CommandError> {
    let address = api.and_then(|(_, listener)| listener.local_addr().ok());
    folder
        .zip(address)
        .map(|(folder, address)| ApiAddress::announce(folder, address))
        .transpose()
}

/// Sockets from systemd (sd_listen_fds(3)).
fn inherited() -> Vec<TcpListener> {
    let mut passed = listenfd::ListenFd::from_env();
    (0..passed.len())
        .filter_map(|index| passed.take_tcp_listener(index).ok().flatten())
        .collect()
}

/// Tells the service manager, if there is one.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager was not told");
    }
}

/// The signals that we obey.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, CommandError> {
        let receive = |kind| signal(kind).cannot(Kind::Internal, "receive signals");
        Ok(Self {
            terminate: receive(SignalKind::terminate())?,
            interrupt: receive(SignalKind::interrupt())?,
            hangup: receive(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT, and reloads at each SIGHUP meanwhile.
    async fn stop_asked(&mut self, edge: &Handle, source: &Source) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => reload(edge, source),
            }
        }
    }
}

fn reload(edge: &Handle, source: &Source) {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
    let reloaded = source.read().and_then(|(config, file)| {
        let explained = |error| source.explain(error, file.as_ref());
        edge.reload(config).map_err(explained)
    });
    match reloaded {
        Ok(()) => tracing::info!("the configuration was reloaded"),
        Err(error) => tracing::error!(
            "the configuration was not reloaded, the old one stays: {}",
            error.line()
        ),
    }
    tell(&[NotifyState::Ready]);
}
