//! Whether the authorities of this system accept the server's certificate: one more handshake.
//! A remark beside the verdict and no part of it: private authorities are no fault.

use std::time::Duration;

use hybridge_edge::client_config::{self, Sessions, Trust};
use hybridge_policy::Group;
use hybridge_scan::probe::{Report, StartTls, Target};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What was found, in words; `None` where there is nothing to judge.
pub(super) type Trusted = Option<Result<(), String>>;

/// Judges a TLS endpoint. Not after STARTTLS: only the probe itself can upgrade a connection.
pub(super) async fn judge(
    target: &Target,
    starttls: Option<StartTls>,
    report: &Report,
    timeout: Duration,
) -> Trusted {
    let Report::Tls(report) = report else { return None };
    if starttls.is_some() || report.chain.is_err() {
        return None;
    }
    let name = report.server_name.clone().unwrap_or_else(|| target.host.clone());
    let shaking = handshake(report.address, name);
    Some(match tokio::time::timeout(timeout, shaking).await {
        Ok(result) => result,
        Err(_) => Err("no answer in time".to_owned()),
    })
}

async fn handshake(address: std::net::SocketAddr, name: String) -> Result<(), String> {
    let verifier = Trust::System
        .verifier()
        .map_err(|_none| "this system has no authorities to ask".to_owned())?;
    let config = client_config::build(&Group::ALL, &verifier, &[], Sessions::Forget)
        .map_err(|error| error.to_string())?;
    let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map(|_| ()).map_err(|error| error.to_string())
}
