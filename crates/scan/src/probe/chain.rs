//! The certificate chain of a TLS endpoint: who fetches it, and what is read from it.
//!
//! A TLS 1.3 server encrypts its certificate, so somebody has to finish a handshake: a [`ChainSource`].
//! Where TLS 1.2 is accepted the chain is there in the clear. Whether a chain is trusted is not judged here.

mod certificate;

use std::future::Future;
use std::pin::Pin;

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tokio::net::TcpStream;

pub use certificate::CertificateFinding;
pub(crate) use certificate::bits;

use super::Failure;
use super::dial::{Dialer, within};
use super::report::ChainFinding;
use super::tls::Tls12Flight;

/// Most certificates of one chain that are read.
const CERTIFICATES_MAX: usize = 16;

/// A chain on its way; dropping it abandons the handshake.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Chain, ChainError>> + Send + 'a>>;

/// Finishes one TLS handshake, trusting any certificate, to see the chain.
pub trait ChainSource: Send + Sync {
    /// Takes a connection on which TLS may begin at once, an upgrade included, and the name to ask for;
    /// `None` when the target is an address. The caller bounds it in time.
    fn fetch<'a>(&'a self, stream: TcpStream, server_name: Option<&'a str>) -> Fetching<'a>;
}

/// What a finished handshake showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Certificates in DER, leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// What was negotiated.
    pub negotiated: Negotiated,
}

/// What was negotiated in the handshake that showed the chain; `None` where it could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// Protocol version.
    pub version: Option<ProtocolVersion>,
    /// Cipher suite.
    pub suite: Option<CipherSuite>,
    /// Key exchange group.
    pub group: Option<NamedGroup>,
    /// The scheme with which the server signed the handshake.
    pub scheme: Option<SignatureScheme>,
    /// Application protocol (RFC 7301).
    pub alpn: Option<String>,
}

/// Why a source has no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ChainError {
    /// What went wrong, in words.
    pub reason: String,
}

/// Fetches the chain, or reads it from a TLS 1.2 flight where there is no source or it failed.
pub(super) async fn find(
    source: Option<&dyn ChainSource>,
    dialer: &Dialer,
    server_name: Option<&str>,
    tls12: Option<Tls12Flight<'_>>,
) -> Result<ChainFinding, String> {
    let fetched = match source {
        Some(source) => fetch(source, dialer, server_name)
            .await
            .map_err(|failure| failure.to_string()),
        None => Err("nobody was there to finish a handshake".to_owned()),
    };
    let chain = match (fetched, tls12) {
        (Ok(chain), _) => chain,
        (Err(reason), None) => return Err(reason),
        (Err(reason), Some(flight)) => from_flight(&flight).ok_or(reason)?,
    };
    read(&chain, server_name)
}

async fn fetch(
    source: &dyn ChainSource,
    dialer: &Dialer,
    server_name: Option<&str>,
) -> Result<Chain, Failure> {
    let connection = dialer.open().await?;
    let (stream, _permit) = connection.into_parts();
    let fetching = async {
        source
            .fetch(stream, server_name)
            .await
            .map_err(|error| Failure::nonsense(error.to_string()))
    };
    within(dialer.timeout, fetching).await
}

fn from_flight(flight: &Tls12Flight<'_>) -> Option<Chain> {
    let negotiated = Negotiated {
        version: Some(flight.version),
        suite: Some(flight.choice.suite),
        group: flight.choice.group,
        scheme: flight.choice.scheme,
        alpn: None,
    };
    let certificates = certificates_tls12(flight.certificate?)?;
    Some(Chain {
        certificates,
        negotiated,
    })
}

/// `Certificate` of TLS 1.2 (RFC 5246 §7.4.2): a list of `opaque ASN.1Cert<1..2^24-1>`.
fn certificates_tls12(message: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (list, _) = vec24(message.get(4..)?)?;
    let mut rest = list;
    let mut certificates = Vec::new();
    while !rest.is_empty() {
        let (certificate, after) = vec24(rest)?;
        certificates.push(certificate.to_vec());
        rest = after;
    }
    Some(certificates)
}

fn vec24(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([high, middle, low], rest) = bytes.split_first_chunk()?;
    let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
    rest.split_at_checked(length)
}

fn read(chain: &Chain, server_name: Option<&str>) -> Result<ChainFinding, String> {
    let certificates: Result<Vec<_>, _> = chain
        .certificates
        .iter()
        .take(CERTIFICATES_MAX)
        .map(|der| CertificateFinding::read(der))
        .collect();
    let certificates = certificates?;
    let leaf = certificates.first().ok_or("the server sent no certificate")?;
    let name_matches = server_name.map(|name| leaf.is_valid_for(name));
    Ok(ChainFinding {
        name_matches,
        negotiated: chain.negotiated.clone(),
        certificates,
    })
}

#[cfg(test)]
mod tests;
