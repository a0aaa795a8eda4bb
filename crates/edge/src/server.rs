//! The edge as a service: binds every listener, starts one thread per core, reloads, drains.
//!
//! All that can be wrong is found before anything is served: `bind` reads certificates and opens the
//! sockets of every route, and a reload changes either everything or nothing.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::arms::Arms;
use crate::certificate_watch;
use crate::clock;
use crate::config::{Config, InvalidConfig, Route};
use crate::handle::Handle;
use crate::handshake::RouteId;
use crate::history::{self, History};
use crate::listener::{self, BindError, Tenant};
use crate::recorder::{self, Recent, Recorder, Recording};
use crate::register::Clients;
use crate::route::RouteSpec;
use crate::spec::{self, SpecError};
use crate::worker::{self, Command};

/// Records that a core may be ahead of the recorder.
const RING: usize = 8192;

/// What the edge needs beside its configuration.
#[derive(Debug, Default)]
pub struct Options {
    /// Directory where the client register is kept; without it, it lives in memory.
    pub state: Option<PathBuf>,
    /// Listening sockets that were inherited from the service manager.
    pub inherited: Vec<TcpListener>,
}

/// Why the edge does not start or does not take a new configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// A route cannot be prepared.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// An address is not available.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// What the control plane knows; shared with handles, never with cores.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) cores: usize,
    pub(crate) commands: Vec<mpsc::UnboundedSender<Command>>,
    pub(crate) state: Mutex<State>,
    pub(crate) recent: Recent,
    pub(crate) clients: Clients,
    pub(crate) history: Mutex<History>,
    pub(crate) started_us: i64,
    pub(crate) inherited: Vec<TcpListener>,
    /// Nothing new is accepted any more.
    pub(crate) draining: AtomicBool,
}

/// What a reload changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) routes: Vec<Arc<RouteSpec>>,
    /// Addresses really listened on, in the order of `routes`.
    pub(crate) listens: Vec<SocketAddr>,
    next_id: u16,
}

impl State {
    /// Where a route listens already, if it is to stay there.
    fn listening(&self, route: &Route) -> Option<SocketAddr> {
        let same = |spec: &RouteSpec| spec.config.name == route.name && spec.config.listen == route.listen;
        let place = self.routes.iter().position(|earlier| same(earlier))?;
        self.listens.get(place).copied()
    }

    /// Addresses that no route listens on any more once `config` is in force, unless one moves there.
    fn leaving(&self, config: &Config) -> Vec<SocketAddr> {
        let stays = |spec: &RouteSpec| {
            let (name, listen) = (&spec.config.name, spec.config.listen);
            let mut routes = config.routes.iter();
            routes.any(|route| route.name == *name && route.listen == listen)
        };
        let listens = self.routes.iter().zip(&self.listens);
        listens
            .filter(|(spec, _)| !stays(spec))
            .map(|(_, listen)| *listen)
            .collect()
    }
}

/// The edge, bound and ready to run.
#[derive(Debug)]
pub struct Service {
    control: Arc<Control>,
    recorder: Recorder,
    seats: Vec<(mpsc::UnboundedReceiver<Command>, Recording)>,
}

impl Service {
    /// Checks the configuration, reads certificates, opens every listener. Connections wait in the
    /// kernel until `run`.
    ///
    /// # Errors
    /// See `Error`; nothing is left listening.
    pub fn bind(config: Config, options: Options) -> Result<Self, Error> {
        config.validate()?;
        let cores = config.process.cores.unwrap_or_else(available_cores);
        let (recordings, recorder) = recorder::ring(cores, RING);
        let (capacity, started_us) = (config.process.register_size, clock::wall_us());
        let clients = match &options.state {
            Some(directory) => Clients::open(directory, capacity, started_us),
            None => Clients::in_memory(capacity),
        };
        let recorder = recorder.feeding(clients.clone());
        let (commands, receivers): (Vec<_>, Vec<_>) = (0..cores).map(|_| mpsc::unbounded_channel()).unzip();
        let control = Arc::new(Control {
            cores,
            commands,
            state: Mutex::new(State {
                config: Config::default(),
                routes: vec![],
                listens: vec![],
                next_id: 0,
            }),
            recent: recorder.recent(),
            clients,
            history: Mutex::default(),
            started_us,
            inherited: options.inherited,
            draining: AtomicBool::new(false),
        });
        control.load(config)?;
        Ok(Self {
            control,
            recorder,
            seats: receivers.into_iter().zip(recordings).collect(),
        })
    }

    /// What others may do with the edge while it runs.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.control))
    }

    /// Serves until `shutdown` is ready, then drains: accepts nothing new, lets connections finish
    /// within the configured time, and closes what is left.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let ended: Vec<_> = self
            .seats
            .into_iter()
            .enumerate()
            .map(|(index, seat)| start(&self.control, index, seat))
            .collect();
        let (stop_recording, stopped) = oneshot::channel::<()>();
        let recording = self.recorder.run(async {
            let _stopped = stopped.await;
        });
        let serving = async {
            tokio::select! {
                () = shutdown => {}
                () = sample(&self.control) => {}
                () = certificate_watch::run(&self.control) => {}
            }
            drain(&self.control, ended).await;
            drop(stop_recording);
        };
        tokio::join!(recording, serving);
    }
}

fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Starts a core's thread; the receiver ends when the thread does.
fn start(
    control: &Control,
    index: usize,
    (commands, recording): (mpsc::UnboundedReceiver<Command>, Recording),
) -> oneshot::Receiver<()> {
    let (running, ended) = oneshot::channel::<()>();
    let cores = control.cores;
    let spawned = std::thread::Builder::new()
        .name(format!("edge-{index}"))
        .spawn(move || {
            worker::run(index, cores, commands, recording);
            drop(running);
        });
    if let Err(error) = spawned {
        tracing::error!(%error, core = index, "this core cannot start");
    }
    ended
}

async fn drain(control: &Control, ended: Vec<oneshot::Receiver<()>>) {
    control.draining.store(true, Ordering::Relaxed);
    control.tell(|| Command::Drain);
    let limit = control.lock().config.process.drain;
    let all = async {
        for core in ended {
            let _ended = core.await;
        }
    };
    if tokio::time::timeout(limit, all).await.is_err() {
        tracing::warn!(
            ?limit,
            "connections were still open after the drain limit; they are closed"
        );
        control.tell(|| Command::Stop);
    }
}

async fn sample(control: &Control) {
    let mut ticks = tokio::time::interval(history::INTERVAL);
    loop {
        ticks.tick().await;
        let routes = control.lock().routes.clone();
        let totals: Vec<(Arc<str>, _)> = routes
            .iter()
            .map(|route| (route.config.name.as_str().into(), route.counters.merged()))
            .collect();
        let mut history = control.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.sample(
            totals.iter().map(|(name, totals)| (name, totals)),
            clock::wall_us(),
        );
    }
}

impl Control {
    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, command: impl Fn() -> Command) {
        for core in &self.commands {
            // A core that has ended needs no commands.
            let _sent = core.send(command());
        }
    }

    /// Puts a configuration in force: everything that can fail comes first.
    pub(crate) fn load(&self, config: Config) -> Result<(), Error> {
        if config.process.cores.is_some_and(|cores| cores != self.cores) {
            tracing::warn!(
                running = self.cores,
                "process.cores has changed: that takes a restart"
            );
        }
        self.replace(&mut self.lock(), config)
    }

    /// Puts the configuration in force into force again, with its files as they are now. Which one that is
    /// is asked under the same lock, so that it cannot undo a reload.
    pub(crate) fn reload_files(&self) -> Result<(), Error> {
        let mut state = self.lock();
        let config = state.config.clone();
        self.replace(&mut state, config)
    }

    /// Every route is made before the first socket is opened: one that was opened and closed again would
    /// have reset who had connected meanwhile.
    fn replace(&self, state: &mut State, config: Config) -> Result<(), Error> {
        config.validate()?;
        if !state.routes.is_empty() {
            config.require_routes()?;
        }
        let (specs, next_id) = self.specs(state, &config)?;
        let leaving = state.leaving(&config);
        let mut prepared = Vec::with_capacity(specs.len());
        for spec in specs {
            let (listen, sockets) = match state.listening(&spec.config) {
                Some(listen) => (listen, Vec::new()),
                None => self.listen(&spec.config, &leaving)?,
            };
            prepared.push((spec, listen, sockets));
        }
        state.next_id = next_id;
        self.commit(state, config, prepared);
        Ok(())
    }

    /// The routes of a configuration, those that did not change as they are, and the next number.
    fn specs(&self, state: &State, config: &Config) -> Result<(Vec<Arc<RouteSpec>>, u16), SpecError> {
        let same_salt = state.config.process.salt == config.process.salt;
        let mut next_id = state.next_id;
        let mut specs = Vec::with_capacity(config.routes.len());
        for route in &config.routes {
            let earlier = state
                .routes
                .iter()
                .find(|earlier| earlier.config.name == route.name);
            let spec = match earlier {
                Some(earlier) if same_salt && spec::is_unchanged(route, earlier) => Arc::clone(earlier),
                _ => {
                    let earlier = earlier.map(AsRef::as_ref);
                    let id = RouteId(next_id);
                    Arc::new(spec::build(route, &config.process, self.cores, id, earlier)?)
                }
            };
            next_id += u16::from(earlier.is_none());
            specs.push(spec);
        }
        Ok((specs, next_id))
    }

    fn listen(
        &self,
        route: &Route,
        leaving: &[SocketAddr],
    ) -> Result<(SocketAddr, Vec<TcpListener>), BindError> {
        let tenant = if leaving.iter().any(|left| left.port() == route.listen.port()) {
            Tenant::Leaving
        } else {
            Tenant::Nobody
        };
        let bound = listener::bind(route.listen, self.cores, &self.inherited, tenant).and_then(|sockets| {
            let address = sockets
                .first()
                .map_or(Ok(route.listen), TcpListener::local_addr)?;
            Ok((address, sockets))
        });
        bound.map_err(|source| BindError {
            route: route.name.clone(),
            address: route.listen,
            source,
        })
    }

    fn commit(
        &self,
        state: &mut State,
        config: Config,
        prepared: Vec<(Arc<RouteSpec>, SocketAddr, Vec<TcpListener>)>,
    ) {
        let kept = |name: &str| config.routes.iter().any(|route| route.name == name);
        for gone in state.routes.iter().filter(|route| !kept(&route.config.name)) {
            self.tell(|| Command::Remove(gone.config.name.clone()));
        }
        (state.routes, state.listens) = (Vec::new(), Vec::new());
        for (spec, listen, sockets) in prepared {
            self.recent.names().register(spec.id, &spec.config.name);
            let mut sockets = sockets.into_iter();
            for core in &self.commands {
                let _sent = core.send(Command::Install(Arc::clone(&spec), sockets.next()));
            }
            state.routes.push(spec);
            state.listens.push(listen);
        }
        state.config = config;
    }

    /// Changes a route's arms at run time; `None` if there is no such route.
    pub(crate) fn set_arms(&self, name: &str, arms: Arms) -> Option<()> {
        let state = self.lock();
        let route = state.routes.iter().find(|route| route.config.name == name)?;
        route.arms.store(arms);
        Some(())
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
