//! TLS clients on rustls: which groups they list, which they share, what they remember.
//! They believe any certificate: trust is the subject of other tests.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_edge::kx;
use hybridge_policy::Group;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, WebPkiServerVerifier,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, NamedGroup, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::Schemes;

pub(crate) const HYBRID: Group = Group::X25519MlKem768;
pub(crate) const X: Group = Group::X25519;

/// Lists these groups and shares the first; forgets sessions.
pub(crate) fn listing(groups: &[Group]) -> ClientConfig {
    let verifier = Trust::DangerAnyone.verifier().unwrap();
    Arc::unwrap_or_clone(client_config::build(groups, &verifier, &[], Sessions::Forget).unwrap())
}

/// Lists these groups in this order and shares this one, wherever it stands.
pub(crate) fn sharing(groups: &[Group], shared: Group) -> ClientConfig {
    let store = Arc::new(Hint(NamedGroup::from(shared.code_point())));
    let mut config = listing(groups);
    config.resumption = Resumption::store(store);
    config
}

/// Speaks these versions alone, with three groups, and remembers sessions.
pub(crate) fn speaking(versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let algorithms = kx::provider(&[X]).signature_verification_algorithms;
    believing(Schemes::new(&algorithms.supported_schemes()), versions)
}

/// The same, and believes the certificate in this file alone.
pub(crate) fn careful(trusted: &Path, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(trusted).unwrap())
        .unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), kx::provider(&[X]));
    believing(verifier.build().unwrap(), versions)
}

fn believing(
    verifier: Arc<dyn ServerCertVerifier>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    ClientConfig::builder_with_provider(kx::provider(&[HYBRID, X, Group::SecP256r1]))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

/// Connects with TLS, listing these groups and sharing the first.
pub(crate) async fn connect(address: SocketAddr, groups: &[Group]) -> std::io::Result<TlsStream<TcpStream>> {
    connect_with(address, listing(groups)).await
}

pub(crate) async fn connect_with(
    address: SocketAddr,
    config: impl Into<Arc<ClientConfig>>,
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_as("localhost", address, config).await
}

/// Connects with this server name.
pub(crate) async fn connect_as(
    name: &'static str,
    address: SocketAddr,
    config: impl Into<Arc<ClientConfig>>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(config.into())
        .connect(ServerName::try_from(name).unwrap(), stream)
        .await
}

/// The group that the client says was negotiated.
pub(crate) fn group_of(stream: &TlsStream<TcpStream>) -> Option<u16> {
    let group = stream.get_ref().1.negotiated_key_exchange_group();
    group.map(|group| u16::from(group.name()))
}

/// Sends a word through and waits for its return.
pub(crate) async fn round_trip(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
}

/// Remembers nothing but the group to share.
#[derive(Debug)]
struct Hint(NamedGroup);

impl ClientSessionStore for Hint {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        Some(self.0)
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
