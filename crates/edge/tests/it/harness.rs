//! Starts an edge in this process with certificates made on the spot; its parts bring clients and
//! upstreams. Everything listens on a free port of 127.0.0.1 and ends with the test.

pub(crate) mod certificate;
pub(crate) mod client;
pub(crate) mod hello;
pub(crate) mod http;
pub(crate) mod origin;
pub(crate) mod proxy;
pub(crate) mod stream;
pub(crate) mod upstream;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use hybridge_edge::arms::Arms;
use hybridge_edge::config::Config;
use hybridge_edge::counters::RouteTotals;
use hybridge_edge::handshake::Handshake;
use hybridge_edge::recorder::Named;
use hybridge_edge::{Handle, Options, Service};
use hybridge_policy::Rung;
use tokio::sync::oneshot;

pub(crate) use certificate::make_certificate;
pub(crate) use client::{connect, connect_with, round_trip};
pub(crate) use upstream::echo;

/// How long a test waits for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A running edge.
pub(crate) struct Edge {
    pub(crate) handle: Handle,
    pub(crate) directory: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Edge {
    /// Starts an edge from TOML; `{DIR}` becomes its directory, where `leaf.pem` and `leaf.key` are.
    pub(crate) fn start(toml: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        make_certificate(
            directory.path(),
            "leaf",
            &["localhost", "127.0.0.1"],
            &rcgen::PKCS_ECDSA_P256_SHA256,
        );
        Self::start_in(directory, toml)
    }

    pub(crate) fn start_in(directory: tempfile::TempDir, toml: &str) -> Self {
        Self::start_with(directory, toml, Options::default())
    }

    pub(crate) fn start_with(directory: tempfile::TempDir, toml: &str, options: Options) -> Self {
        let config = parse(directory.path(), toml);
        let service = Service::bind(config, options).unwrap();
        let handle = service.handle();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(service.run(async {
                let _stopped = stopped.await;
            }));
        });
        Self {
            handle,
            directory,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn config(&self, toml: &str) -> Config {
        parse(self.directory.path(), toml)
    }

    /// The address of a route.
    pub(crate) fn address(&self, route: &str) -> SocketAddr {
        let routes = self.handle.routes();
        routes
            .iter()
            .find(|view| view.config.name == route)
            .unwrap()
            .listen
    }

    /// What was counted on route `r`.
    pub(crate) fn totals(&self) -> RouteTotals {
        let routes = self.handle.routes();
        let route = routes.into_iter().find(|view| view.config.name == "r");
        route.unwrap().totals
    }

    /// Puts every client of route `r` on this rung.
    pub(crate) fn set_rung(&self, rung: Rung) {
        self.handle.set_arms("r", Arms::uniform(rung)).unwrap();
    }

    /// Waits until `count` handshakes were recorded, and returns the newest, newest first.
    pub(crate) async fn handshakes(&self, count: usize) -> Vec<Named> {
        eventually("handshakes are recorded", || {
            let newest = self.handle.handshakes(1);
            newest.first().map_or(0, |record| record.sequence) >= count as u64
        })
        .await;
        self.handle.handshakes(count)
    }

    /// The one record that there is.
    pub(crate) async fn record(&self) -> Handshake {
        let records = self.handshakes(1).await;
        assert_eq!(records[0].sequence, 1, "more than one record: {records:?}");
        records[0].handshake
    }

    /// Waits until no connection is open on route `r`.
    pub(crate) async fn idle(&self) {
        eventually("every connection is closed", || {
            self.totals().connections.open() == 0
        })
        .await;
    }

    /// Begins to drain; the edge goes on in the background.
    pub(crate) fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Has the service returned?
    pub(crate) fn has_stopped(&self) -> bool {
        self.thread
            .as_ref()
            .is_none_or(std::thread::JoinHandle::is_finished)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.begin_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn parse(directory: &Path, toml: &str) -> Config {
    toml::from_str(&toml.replace("{DIR}", directory.to_str().unwrap())).unwrap()
}

/// Waits until something holds; it must within `PATIENCE`.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// A future that must be ready within `PATIENCE`.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// A terminating route `r` with one core; `extra` is added to the route's table.
pub(crate) fn terminating(upstream: SocketAddr, extra: &str) -> String {
    format!(
        "process.cores = 1\nprocess.drain = '200ms'\n{}",
        route("r", upstream, &format!("{CERTIFICATE}\n{extra}"))
    )
}

/// The certificate that `Edge::start` makes.
pub(crate) const CERTIFICATE: &str = "certificate = [{ chain = '{DIR}/leaf.pem', key = '{DIR}/leaf.key' }]";

/// The table of a route on a free port.
pub(crate) fn route(name: &str, upstream: SocketAddr, extra: &str) -> String {
    format!("[[route]]\nname = '{name}'\nlisten = '127.0.0.1:0'\nupstream.address = '{upstream}'\n{extra}\n")
}
