//! A remote origin: a TLS server on rustls that notes what it was offered and what it agreed to, and
//! then sends back what it gets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use hybridge_edge::kx;
use hybridge_hello::{ClientHello, Progress, locate_client_hello};
use hybridge_policy::Group;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::upstream::serving;
use super::{make_certificate, soon};

/// What the origin saw of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) groups: Vec<u16>,
    pub(crate) shares: Vec<u16>,
    pub(crate) server_name: Option<String>,
    pub(crate) alpn: Vec<Vec<u8>>,
    /// The group agreed on; `None` if the handshake failed.
    pub(crate) group: Option<u16>,
    pub(crate) retry: bool,
    pub(crate) resumed: bool,
}

/// A running origin.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    directory: tempfile::TempDir,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Origin {
    /// Speaks these groups, follows the client's order, and echoes.
    pub(crate) async fn start(groups: &[Group]) -> Self {
        Self::named(groups, &["localhost", "127.0.0.1"]).await
    }

    /// The same under other names.
    pub(crate) async fn named(groups: &[Group], names: &[&str]) -> Self {
        Self::serving(groups, names, |mut stream| async move {
            let (mut read, mut write) = tokio::io::split(&mut stream);
            let _ended = tokio::io::copy(&mut read, &mut write).await;
            let _closed = stream.shutdown().await;
        })
        .await
    }

    /// Serves what is inside with this.
    pub(crate) async fn serving<F>(
        groups: &[Group],
        names: &[&str],
        serve: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let directory = tempfile::tempdir().unwrap();
        make_certificate(directory.path(), "origin", names, &rcgen::PKCS_ECDSA_P256_SHA256);
        let acceptor = TlsAcceptor::from(Arc::new(config(groups, directory.path().join("origin.pem"))));
        let (tell, seen) = mpsc::unbounded_channel();
        let address = serving(move |stream| {
            let (acceptor, tell, serve) = (acceptor.clone(), tell.clone(), serve.clone());
            async move {
                let (seen, accepted) = accept(&acceptor, stream).await;
                let _told = tell.send(seen);
                futures_util::future::OptionFuture::from(accepted.map(serve)).await;
            }
        })
        .await;
        Self {
            address,
            directory,
            seen,
        }
    }

    /// The file with the authority that vouches for it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.directory.path().join("origin.pem")
    }

    /// What it saw next.
    pub(crate) async fn saw(&mut self) -> Seen {
        soon("a connection to the origin", self.seen.recv())
            .await
            .unwrap()
    }

    /// `upstream.tls.authorities` for this origin.
    pub(crate) fn trusted(&self) -> String {
        format!("upstream.tls.authorities = '{}'", self.authority().display())
    }
}

/// Looks at the hello and runs the handshake.
async fn accept(acceptor: &TlsAcceptor, stream: TcpStream) -> (Seen, Option<TlsStream<TcpStream>>) {
    let mut seen = look(&stream).await;
    let accepted = acceptor.accept(stream).await.ok();
    if let Some(stream) = &accepted {
        note(&mut seen, stream);
    }
    (seen, accepted)
}

fn config(groups: &[Group], chain: PathBuf) -> ServerConfig {
    let key = PrivateKeyDer::from_pem_file(chain.with_extension("key")).unwrap();
    let chain = vec![CertificateDer::from_pem_file(chain).unwrap()];
    let mut config = ServerConfig::builder_with_provider(kx::provider(groups))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Reads the hello and leaves it where it is.
async fn look(stream: &TcpStream) -> Seen {
    let (mut buffer, mut scratch) = (vec![0; 8192], Vec::new());
    loop {
        let length = stream.peek(&mut buffer).await.unwrap_or(0);
        match locate_client_hello(&buffer[..length], &mut scratch) {
            Progress::Complete(located) => {
                let hello = ClientHello::parse(located.message).unwrap();
                return Seen {
                    groups: hello.supported_groups().map(|group| group.0).collect(),
                    shares: hello.key_shares().map(|share| share.group.0).collect(),
                    server_name: hello.server_name().map(str::to_owned),
                    alpn: hello.alpn().map(<[u8]>::to_vec).collect(),
                    ..Seen::default()
                };
            }
            Progress::Incomplete if length > 0 => tokio::task::yield_now().await,
            _ => return Seen::default(),
        }
    }
}

fn note(seen: &mut Seen, stream: &TlsStream<TcpStream>) {
    let connection = stream.get_ref().1;
    let group = connection.negotiated_key_exchange_group();
    seen.group = group.map(|group| u16::from(group.name()));
    seen.retry = connection.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest);
    seen.resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
}

/// Accepts connections and never says a word.
pub(crate) async fn mute() -> SocketAddr {
    serving(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await
}
