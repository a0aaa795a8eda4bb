//! HTTP/1.1 requests over connections that stay open: what `http` and `bulk` have in common.
//! All connections are open before time is taken; one that the server closes is opened anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Empty};
use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_policy::Group;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::task::JoinSet;

use super::connection::Dialer;
use super::failure::{Failure, Failures};
use super::server::Server;
use super::slice::{Slice, Stop};
use crate::command_error::{CommandError, Kind};
use crate::descriptors;
use crate::{clock, duration, terminal};

/// Pause after a failure, so that a server that is down is not hammered.
const PAUSE: Duration = Duration::from_millis(10);
/// Longest time that is told apart, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// What to ask for, and how much.
#[derive(Args, Debug)]
pub(super) struct Load {
    #[command(flatten)]
    pub(super) server: Server,

    /// Path to GET
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = parse_path)]
    path: Uri,

    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(super) concurrency: u16,

    /// How long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    duration: Duration,
}

fn parse_path(text: &str) -> Result<Uri, String> {
    let path: Uri = text
        .parse()
        .map_err(|_malformed| "no path; it begins with /".to_owned())?;
    if path.path().starts_with('/') && path.authority().is_none() {
        Ok(path)
    } else {
        Err("begin with /".to_owned())
    }
}

/// What was counted. Times are those of the closed loop: they say how a busy client fares, and are no
/// measure of latency under a given load.
#[derive(Debug)]
pub(super) struct Requests {
    /// Answers that came in whole.
    pub(super) completed: u64,
    /// Bytes of bodies, those of unfinished answers included.
    pub(super) body_bytes: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Connections that were opened; more than the concurrency when the server closes some.
    pub(super) connections: u64,
    pub(super) failures: Failures,
    pub(super) time_us: Histogram<u64>,
    pub(super) elapsed: Duration,
}

impl Requests {
    fn new() -> Self {
        Self {
            completed: 0,
            body_bytes: 0,
            statuses: BTreeMap::new(),
            connections: 0,
            failures: Failures::default(),
            time_us: Histogram::new_with_bounds(1, LONGEST_US, 3)
                .expect("constant bounds that the library takes"),
            elapsed: Duration::ZERO,
        }
    }

    fn merge(&mut self, other: Self) {
        self.completed += other.completed;
        self.body_bytes += other.body_bytes;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.connections += other.connections;
        self.failures.merge(other.failures);
        self.time_us
            .add(&other.time_us)
            .expect("all parts have the same bounds");
    }
}

/// One client: a connection, and what it asks for again and again.
struct Client {
    dialer: Dialer,
    config: Arc<ClientConfig>,
    path: Uri,
    host: String,
    connection: Option<SendRequest<Empty<Bytes>>>,
    requests: Requests,
}

impl Load {
    /// Opens every connection, then asks until the time is over.
    ///
    /// # Errors
    /// `Peer`: no connection succeeds; `File` or `Address`: this machine ran out of something.
    pub(super) async fn run(&self) -> Result<Requests, CommandError> {
        descriptors::provide(usize::from(self.concurrency))?;
        let stop = Stop::on_interrupt();
        let mut clients = self.clients().await?;
        for (number, client) in clients.iter_mut().enumerate() {
            terminal::progress(&format!("opening connection {}", number + 1));
            client
                .open()
                .await
                .map_err(|failure| client.unreachable(&failure))?;
        }
        terminal::progress(&format!("asking {} for {}", self.server.target, self.path));
        let slice = Slice::begin(self.duration, &stop);
        let mut working: JoinSet<_> = clients
            .into_iter()
            .map(|client| client.work(slice.clone()))
            .collect();
        let mut requests = Requests::new();
        while let Some(worked) = working.join_next().await {
            requests.merge(worked.map_err(|error| CommandError::new(Kind::Internal, error))??);
        }
        requests.elapsed = slice.elapsed();
        terminal::progress("");
        Ok(requests)
    }

    async fn clients(&self) -> Result<Vec<Client>, CommandError> {
        let dialer = self.server.resolve().await?;
        let config = config().map_err(|error| CommandError::new(Kind::Internal, error))?;
        let client = |_| Client {
            dialer: dialer.clone(),
            config: Arc::clone(&config),
            path: self.path.clone(),
            host: self.server.target.to_string(),
            connection: None,
            requests: Requests::new(),
        };
        Ok((0..self.concurrency).map(client).collect())
    }

    /// The path as it was given.
    pub(super) fn path(&self) -> String {
        self.path.to_string()
    }
}

fn config() -> anyhow::Result<Arc<ClientConfig>> {
    let verifier = Trust::DangerAnyone.verifier()?;
    Ok(client_config::build(
        &Group::ALL,
        &verifier,
        &[b"http/1.1"],
        Sessions::Remember,
    )?)
}

impl Client {
    async fn open(&mut self) -> Result<(), Failure> {
        let shaken = self.dialer.shake(&self.config).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(shaken.stream))
            .await
            .map_err(|error| explain(&error))?;
        tokio::spawn(connection);
        self.requests.connections += 1;
        self.connection = Some(sender);
        Ok(())
    }

    fn unreachable(&self, failure: &Failure) -> CommandError {
        let counted = Failures::default().count(failure);
        counted.err().unwrap_or_else(|| {
            let message = format!("no connection to {}: {}", self.dialer.address, failure.text());
            CommandError::message(Kind::Peer, message)
        })
    }

    async fn work(mut self, slice: Slice) -> Result<Requests, CommandError> {
        while !slice.is_over() {
            let asked = tokio::select! {
                asked = self.ask(&slice) => asked,
                () = slice.over() => break,
            };
            if let Err(failure) = asked {
                self.connection = None;
                self.requests.failures.count(&failure)?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(self.requests)
    }

    /// One request and its whole answer, over the open connection or a new one.
    async fn ask(&mut self, slice: &Slice) -> Result<(), Failure> {
        let ready = match &mut self.connection {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            self.open().await?;
        }
        let timeout = self.dialer.timeout;
        tokio::time::timeout(timeout, self.exchange(slice))
            .await
            .unwrap_or_else(|_| Err(Failure::timeout()))
    }

    async fn exchange(&mut self, slice: &Slice) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let request = Request::get(self.path.clone())
            .header(HOST, &self.host)
            .body(Empty::new());
        let request =
            request.map_err(|_unusual| Failure::Connection("the request cannot be made".to_owned()))?;
        let began = clock::monotonic();
        let response = connection
            .send_request(request)
            .await
            .map_err(|error| explain(&error))?;
        let (status, mut body) = (response.status().as_u16(), response.into_body());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| explain(&error))?;
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.requests.body_bytes += u64::try_from(length).unwrap_or(u64::MAX);
        }
        if !slice.is_over() {
            self.requests.completed += 1;
            *self.requests.statuses.entry(status).or_default() += 1;
            let time = clock::monotonic().duration_since(began).as_micros();
            self.requests
                .time_us
                .saturating_record(u64::try_from(time).unwrap_or(LONGEST_US));
        }
        Ok(())
    }
}

/// Sorts an error of HTTP; below it may lie one of TLS or TCP.
pub(super) fn explain(error: &hyper::Error) -> Failure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause {
        Some(cause) => Failure::of(cause),
        None if error.is_incomplete_message() => {
            Failure::Connection("closed in the middle of an answer".to_owned())
        }
        None if error.is_canceled() || error.is_closed() => Failure::Connection("closed".to_owned()),
        None => Failure::Connection("no HTTP/1.1".to_owned()),
    }
}
