//! Finishes a TLS handshake for the probe, with the TLS library, to see the certificate chain.
//!
//! Any certificate will do: the question is which one is there, not whether it is trusted.

use std::sync::Arc;

use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion};
use hybridge_policy::Group;
use hybridge_scan::probe::chain::{Chain, ChainError, ChainSource, Fetching, Negotiated};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A TLS client that believes everybody.
pub(crate) struct TlsChainSource;

impl ChainSource for TlsChainSource {
    fn fetch<'a>(&'a self, stream: TcpStream, server_name: Option<&'a str>) -> Fetching<'a> {
        Box::pin(fetch(stream, server_name))
    }
}

async fn fetch(stream: TcpStream, server_name: Option<&str>) -> Result<Chain, ChainError> {
    let failed = |reason: String| ChainError { reason };
    let verifier = Trust::DangerAnyone
        .verifier()
        .map_err(|error| failed(error.to_string()))?;
    let alpn: &[&[u8]] = &[b"h2", b"http/1.1"];
    let config = client_config::build(&Group::ALL, &verifier, alpn, Sessions::Forget);
    let connector = TlsConnector::from(Arc::clone(&config.map_err(|error| failed(error.to_string()))?));
    let name = match server_name {
        Some(name) => ServerName::try_from(name.to_owned()).map_err(|error| failed(error.to_string()))?,
        None => ServerName::IpAddress(
            stream
                .peer_addr()
                .map_err(|error| failed(error.to_string()))?
                .ip()
                .into(),
        ),
    };
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| failed(error.to_string()))?;
    Ok(chain(stream.get_ref().1))
}

fn chain(connection: &rustls::ClientConnection) -> Chain {
    let certificates = connection.peer_certificates().unwrap_or_default();
    Chain {
        certificates: certificates
            .iter()
            .map(|certificate| certificate.to_vec())
            .collect(),
        negotiated: Negotiated {
            version: connection
                .protocol_version()
                .map(|version| ProtocolVersion(u16::from(version))),
            suite: connection
                .negotiated_cipher_suite()
                .map(|suite| CipherSuite(u16::from(suite.suite()))),
            group: connection
                .negotiated_key_exchange_group()
                .map(|group| NamedGroup(u16::from(group.name()))),
            scheme: None,
            alpn: connection
                .alpn_protocol()
                .map(|name| String::from_utf8_lossy(name).into_owned()),
        },
    }
}
