//! Connections: TCP, and TLS 1.3 with the hybrid group first (RFC 10024).
//! One connector belongs to one service; it resolves the name anew for each connection.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{Address, Certificate, Error, Trust};

/// The sending half of an open connection.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// Opens connections to one service.
#[derive(Clone)]
pub(crate) struct Connector {
    address: Address,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Connector {
    /// Prepares TLS where the address asks for it.
    pub(crate) fn new(
        address: &Address,
        trust: &Trust,
        certificate: Option<&Certificate>,
    ) -> Result<Self, Error> {
        let tls = if address.tls {
            let name = ServerName::try_from(address.host.clone()).map_err(setup)?;
            let config = tls_config(trust, certificate)?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        Ok(Self {
            address: address.clone(),
            tls,
        })
    }

    /// Opens a connection; a task of its own drives it until it closes.
    pub(crate) async fn connect(&self) -> std::io::Result<Sender> {
        let tcp = TcpStream::connect((self.address.host.as_str(), self.address.port)).await?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            Some((connector, name)) => handshake(connector.connect(name.clone(), tcp).await?).await,
            None => handshake(tcp).await,
        }
    }
}

async fn handshake<S>(stream: S) -> std::io::Result<Sender>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(std::io::Error::other)?;
    tokio::spawn(async move {
        // Its end reaches the sender as well, with the reason.
        let _ended = connection.await;
    });
    Ok(sender)
}

fn setup(error: impl std::fmt::Display) -> Error {
    Error::TlsSetup {
        why: error.to_string(),
    }
}

/// The provider with its groups as they are: X25519MLKEM768 comes first and is the one that is shared.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn tls_config(trust: &Trust, certificate: Option<&Certificate>) -> Result<ClientConfig, Error> {
    let provider = provider();
    let roots = Arc::new(roots(trust)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(setup)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(setup)?
        .with_webpki_verifier(verifier);
    let mut config = match certificate {
        Some(certificate) => builder
            .with_client_auth_cert(certificate.chain.clone(), certificate.key.clone_key())
            .map_err(setup)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn roots(trust: &Trust) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::System => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        Trust::Pem(pem) => {
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok))
        }
    };
    if roots.is_empty() {
        return Err(setup("there is no authority to trust"));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::*;

    #[test]
    fn the_hybrid_group_is_offered_first() {
        let groups = provider()
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect::<Vec<_>>();
        assert_eq!(groups.first(), Some(&NamedGroup::X25519MLKEM768), "{groups:?}");
    }

    #[test]
    fn a_file_without_an_authority_is_refused() {
        let refused = tls_config(&Trust::Pem(b"nothing".to_vec()), None);
        assert!(matches!(refused, Err(Error::TlsSetup { .. })));
    }
}
