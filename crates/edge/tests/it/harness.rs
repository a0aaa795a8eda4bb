//! Starts an edge in this process with certificates made on the spot, and upstreams to put behind it.
//! Everything listens on a free port of 127.0.0.1 and ends with the test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_edge::config::Config;
use hybridge_edge::recorder::Named;
use hybridge_edge::{Handle, Options, Service};
use hybridge_policy::Group;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

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
        let config = parse(directory.path(), toml);
        let service = Service::bind(config, Options::default()).unwrap();
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

    /// Waits until `count` handshakes were recorded, and returns the newest, newest first.
    pub(crate) async fn handshakes(&self, count: usize) -> Vec<Named> {
        for _ in 0..500 {
            let list = self.handle.handshakes(count);
            if list.len() >= count {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "{count} handshakes were not recorded: {:?}",
            self.handle.handshakes(count)
        );
    }

    /// Drains and waits for the end.
    pub(crate) fn stop(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.finish();
    }
}

fn parse(directory: &Path, toml: &str) -> Config {
    toml::from_str(&toml.replace("{DIR}", directory.to_str().unwrap())).unwrap()
}

/// Writes `NAME.pem` and `NAME.key`, self-signed.
pub(crate) fn make_certificate(
    directory: &Path,
    name: &str,
    names: &[&str],
    algorithm: &'static rcgen::SignatureAlgorithm,
) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = rcgen::CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    write(&directory.join(format!("{name}.pem")), &certificate.pem());
    write(&directory.join(format!("{name}.key")), &key.serialize_pem());
}

pub(crate) fn write(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::File::create(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

/// A terminating route with one core; `extra` is added to the route's table.
pub(crate) fn terminating(upstream: SocketAddr, extra: &str) -> String {
    format!(
        "process.cores = 1\nprocess.drain = '2s'\n[[route]]\nname = 'r'\nlisten = '127.0.0.1:0'\n\
         upstream = {{ address = '{upstream}' }}\n\
         certificate = [{{ chain = '{{DIR}}/leaf.pem', key = '{{DIR}}/leaf.key' }}]\n{extra}\n"
    )
}

/// An upstream that sends back what it gets.
pub(crate) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ended = tokio::io::copy(&mut read, &mut write).await;
                let _closed = write.shutdown().await;
            });
        }
    });
    address
}

/// Connects with TLS, listing these groups and sharing the first.
pub(crate) async fn connect(address: SocketAddr, groups: &[Group]) -> std::io::Result<TlsStream<TcpStream>> {
    let verifier = Trust::DangerAnyone.verifier().unwrap();
    let config = client_config::build(groups, &verifier, &[], Sessions::Forget).unwrap();
    connect_with(address, config).await
}

pub(crate) async fn connect_with(
    address: SocketAddr,
    config: Arc<rustls::ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(config)
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
}

/// Sends a word through and waits for its return.
pub(crate) async fn round_trip(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
}
