//! One core: a thread with a single-threaded runtime that accepts and serves connections.
//!
//! It is told what to serve by messages from the control plane and shares nothing with other cores
//! but what is inside `RouteSpec`. Draining means: stop accepting, let connections finish.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::LocalOptions;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, spawn_local};

use crate::config::Mode;
use crate::handshake::Handshake;
use crate::recorder::Recording;
use crate::route::{LiveRoute, RouteSpec};
use crate::{clock, connection, listener, observe};

/// Between two complaints about the same trouble.
const BETWEEN_COMPLAINTS: Duration = Duration::from_mins(1);

/// What the control plane tells a core.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve this route; a listener comes along when it is new or has moved.
    Install(Arc<RouteSpec>, Option<std::net::TcpListener>),
    /// Stop accepting for this route; its connections go on.
    Remove(String),
    /// Stop accepting; return when the last connection is gone.
    Drain,
    /// Return now; connections are closed.
    Stop,
}

/// What every connection of a core may use.
pub(crate) struct Worker {
    index: usize,
    cores: usize,
    recording: RefCell<Recording>,
    open: Cell<usize>,
    emptied: Notify,
    draining: watch::Sender<bool>,
    /// What is still open is about to be dropped.
    stopping: Cell<bool>,
}

impl Worker {
    /// Hands a record to the recorder; never waits.
    pub(crate) fn push(&self, record: Handshake) {
        self.recording.borrow_mut().push(record);
    }

    /// Becomes true when connections should come to an end.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Are connections being closed because the process ends?
    pub(crate) const fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    async fn wait_until_empty(&self) {
        while self.open.get() > 0 {
            self.emptied.notified().await;
        }
    }
}

/// Counts a connection of the core until it is dropped.
struct Open(Rc<Worker>);

impl Open {
    fn new(worker: &Rc<Worker>) -> Self {
        worker.open.set(worker.open.get() + 1);
        Self(Rc::clone(worker))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        if self.0.open.get() == 0 {
            self.0.emptied.notify_one();
        }
    }
}

/// Runs a core on this thread until it is drained or `commands` is closed.
pub(crate) fn run(
    index: usize,
    cores: usize,
    commands: mpsc::UnboundedReceiver<Command>,
    recording: Recording,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, core = index, "this core cannot run");
            return;
        }
    };
    let worker = Rc::new(Worker {
        index,
        cores,
        recording: RefCell::new(recording),
        open: Cell::new(0),
        emptied: Notify::new(),
        draining: watch::Sender::new(false),
        stopping: Cell::new(false),
    });
    runtime.block_on(obey(Rc::clone(&worker), commands));
    worker.stopping.set(true);
}

/// A route's slot: connections take what stands in it when they are accepted.
struct Slot {
    live: Rc<RefCell<Rc<LiveRoute>>>,
    /// Dropping it ends the accept loop, after who waits in the kernel's queue.
    stop: watch::Sender<()>,
    accepting: Option<JoinHandle<()>>,
}

async fn obey(worker: Rc<Worker>, mut commands: mpsc::UnboundedReceiver<Command>) {
    let mut slots: HashMap<String, Slot> = HashMap::new();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Install(spec, listener) => install(&worker, &mut slots, spec, listener),
            Command::Remove(name) => {
                slots.remove(&name);
            }
            Command::Drain => break,
            Command::Stop => return,
        }
    }
    tokio::select! {
        () = drain(&worker, slots) => {}
        () = stopped(&mut commands) => {}
    }
}

/// Waits for `Stop`, or for the control plane's end.
async fn stopped(commands: &mut mpsc::UnboundedReceiver<Command>) {
    while let Some(command) = commands.recv().await {
        if matches!(command, Command::Stop) {
            return;
        }
    }
}

async fn drain(worker: &Worker, slots: HashMap<String, Slot>) {
    for slot in slots.into_values() {
        drop(slot.stop);
        if let Some(accepting) = slot.accepting {
            let _ended = accepting.await;
        }
    }
    worker.draining.send_replace(true);
    worker.wait_until_empty().await;
}

fn install(
    worker: &Rc<Worker>,
    slots: &mut HashMap<String, Slot>,
    spec: Arc<RouteSpec>,
    listener: Option<std::net::TcpListener>,
) {
    let name = spec.config.name.clone();
    let earlier = slots.get(&name).map(|slot| Rc::clone(&slot.live.borrow()));
    let is_same = |route: &Rc<LiveRoute>| Arc::ptr_eq(&route.spec, &spec);
    if listener.is_none() && earlier.as_ref().is_some_and(is_same) {
        return;
    }
    let live = match LiveRoute::new(spec, worker.index, worker.cores, earlier.as_deref()) {
        Ok(live) => Rc::new(live),
        Err(error) => {
            tracing::error!(route = name, %error, "this route cannot be served");
            return;
        }
    };
    match (slots.get(&name), listener) {
        (Some(slot), None) => {
            slot.live.replace(live);
        }
        (_, Some(listener)) => {
            slots.insert(name, serve(worker, live, listener));
        }
        (None, None) => tracing::error!(route = name, "a new route came without a listener"),
    }
}

fn serve(worker: &Rc<Worker>, live: Rc<LiveRoute>, listener: std::net::TcpListener) -> Slot {
    let (stop, stopped) = watch::channel(());
    let live = Rc::new(RefCell::new(live));
    let accepting = match TcpListener::from_std(listener) {
        Ok(listener) => Some(spawn_local(accept(
            Rc::clone(worker),
            Rc::clone(&live),
            listener,
            stopped,
        ))),
        Err(error) => {
            tracing::error!(%error, "a listener cannot be used");
            None
        }
    };
    Slot {
        live,
        stop,
        accepting,
    }
}

async fn accept(
    worker: Rc<Worker>,
    slot: Rc<RefCell<Rc<LiveRoute>>>,
    listener: TcpListener,
    mut stopped: watch::Receiver<()>,
) {
    let mut complained = None;
    let mut stopping = std::pin::pin!(async move { while stopped.changed().await.is_ok() {} });
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stopping => return sweep(&worker, &slot, listener),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => spawn(&worker, &slot, stream, peer),
            Err(error) => refused(&mut complained, &error).await,
        }
    }
}

/// Takes who waits in the kernel's queue when a listener is closed: they would be reset. There are no
/// more of them than the queue holds, even if others keep coming.
fn sweep(worker: &Rc<Worker>, slot: &RefCell<Rc<LiveRoute>>, listener: TcpListener) {
    let Ok(listener) = listener.into_std() else { return };
    for _ in 0..listener::BACKLOG {
        let Ok((stream, peer)) = listener.accept() else {
            return;
        };
        let stream = stream
            .set_nonblocking(true)
            .and_then(|()| TcpStream::from_std(stream));
        match stream {
            Ok(stream) => spawn(worker, slot, stream, peer),
            Err(error) => tracing::debug!(%error, "a connection was lost while its listener closed"),
        }
    }
}

fn spawn(worker: &Rc<Worker>, slot: &RefCell<Rc<LiveRoute>>, stream: TcpStream, peer: std::net::SocketAddr) {
    let (open, route) = (Open::new(worker), Rc::clone(&slot.borrow()));
    let observes = route.spec.config.mode == Mode::Observe;
    spawn_local(async move {
        if observes {
            observe::serve(&open.0, &route, stream, peer).await;
        } else {
            connection::serve(&open.0, &route, stream, peer).await;
        }
    });
}

/// Out of descriptors or memory: the queue in the kernel waits while connections end. Said when it
/// begins, and then at most once a minute.
async fn refused(complained: &mut Option<Instant>, error: &std::io::Error) {
    let now = clock::monotonic();
    if complained.is_none_or(|at| now.saturating_duration_since(at) >= BETWEEN_COMPLAINTS) {
        tracing::warn!(%error, "cannot accept connections");
        *complained = Some(now);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
}
