//! PROXY headers as a load balancer writes them, and clients behind one.
//! The addresses are from the ranges for documentation (RFC 5737, RFC 3849).

use std::net::SocketAddr;
use std::sync::Arc;

use ppp::v2;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn local_for(client: SocketAddr) -> SocketAddr {
    let local = if client.is_ipv4() {
        "192.0.2.1:443"
    } else {
        "[2001:db8::1]:443"
    };
    local.parse().unwrap()
}

/// The text header for a client.
pub(crate) fn v1(client: SocketAddr) -> Vec<u8> {
    header("v1", client, local_for(client))
}

/// The binary header for a client.
pub(crate) fn v2(client: SocketAddr) -> Vec<u8> {
    header("v2", client, local_for(client))
}

pub(crate) fn header(version: &str, client: SocketAddr, local: SocketAddr) -> Vec<u8> {
    if version == "v2" {
        let start = v2::Version::Two | v2::Command::Proxy;
        let builder = v2::Builder::with_addresses(start, v2::Protocol::Stream, (client, local));
        return builder.build().unwrap();
    }
    let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (client.ip(), local.ip());
    format!(
        "PROXY {family} {from} {to} {} {}\r\n",
        client.port(),
        local.port()
    )
    .into_bytes()
}

/// Connects with TLS behind a header.
pub(crate) async fn connect_as_client(
    address: SocketAddr,
    header: &[u8],
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(header).await?;
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
}
