//! The service as a whole, over TCP on loopback.
//!
//! What only a real listener shows: binding, streaming, stopping.

#[path = "sample/mod.rs"]
mod sample;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hybridge_api::dto::ProbeRequest;
use hybridge_api::{
    Access, Config, ConfigError, Deps, Error, ProbeError, Prober, Probing, Service, TokenSource,
};
use hybridge_keys::token::Secret;
use jiff::Timestamp;
use sample::Sample;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

struct Nobody;

impl Prober for Nobody {
    fn probe(&self, _: ProbeRequest) -> Probing<'_> {
        Box::pin(async {
            Err(ProbeError::Unreachable {
                reason: "nobody is there".to_owned(),
            })
        })
    }
}

struct Running {
    sample: Arc<Sample>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

static ADMIN: LazyLock<Secret> = LazyLock::new(|| Secret::generate().expect("random bytes"));

fn service(sample: Arc<Sample>) -> Service {
    let config = Config::default();
    let tokens = TokenSource::admin(ADMIN.digest(), config.rate.into());
    Service::new(
        config,
        Deps {
            keys: None,
            suites: Arc::from([]),
            access: Arc::new(Access::new(tokens)),
            control: sample,
            prober: Arc::new(Nobody),
        },
    )
}

async fn start() -> Running {
    let sample = Arc::new(Sample::busy(Timestamp::now()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(service(sample.clone()).run(listener, shutdown));
    Running {
        sample,
        address,
        stop,
        task,
    }
}

async fn ask(address: SocketAddr, path: &str, fields: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).await.expect("the service listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n{fields}\r\n",
        ADMIN.reveal()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the service reads");
    BufReader::new(stream)
}

async fn line_with(stream: &mut BufReader<TcpStream>, part: &str) -> String {
    loop {
        let mut line = String::new();
        let read = timeout(SOON, stream.read_line(&mut line))
            .await
            .expect("a line soon")
            .expect("no error");
        assert!(read > 0, "the stream ended before {part:?}");
        if line.contains(part) {
            return line;
        }
    }
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop() {
    let running = start().await;
    let mut stream = ask(running.address, "/health", "Connection: close\r\n").await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"ready\":true"),
        "{answer}"
    );
    running.stop.send(()).expect("still running");
    timeout(SOON, running.task)
        .await
        .expect("stops soon")
        .expect("no panic")
        .expect("no error");
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn an_open_stream_does_not_hold_up_the_stop() {
    let running = start().await;
    let mut stream = ask(running.address, "/v1/handshakes", "Accept: text/event-stream\r\n").await;
    line_with(&mut stream, "HTTP/1.1 200 OK").await;
    line_with(&mut stream, "text/event-stream").await;
    running.sample.happen(running.sample.next(1, Timestamp::now()));
    line_with(&mut stream, "event: handshake").await;
    running.stop.send(()).expect("still running");
    let started = tokio::time::Instant::now();
    timeout(SOON, running.task)
        .await
        .expect("stops soon")
        .expect("no panic")
        .expect("no error");
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "the drain limit ended it, not the stream"
    );
}

#[tokio::test]
async fn a_listener_that_others_can_reach_is_refused_whatever_the_configuration_says() {
    let listener = TcpListener::bind(("0.0.0.0", 0)).await.expect("a free port");
    let refused = service(Arc::new(Sample::empty()))
        .run(listener, std::future::pending())
        .await;
    assert!(
        matches!(refused, Err(Error::Config(ConfigError::NotLoopback { .. }))),
        "{refused:?}"
    );
}
