//! The floor for the benchmark: accept, TLS handshake, wait for the client to close. Nothing else.
//!
//! Blocking sockets, one thread, rustls with one group and one certificate: what a server that does
//! no work beside TLS costs. Usage: `bare_loop ADDRESS CHAIN.pem KEY.pem`.

use std::error::Error;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use hybridge_edge::kx;
use hybridge_policy::Group;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

fn main() -> Result<(), Box<dyn Error>> {
    let [address, chain, key] = arguments()?;
    let config = Arc::new(config(&chain, &key)?);
    let listener = TcpListener::bind(&address)?;
    for stream in listener.incoming() {
        // A client that breaks off is its own business.
        let _ended = converse(&config, stream?);
    }
    Ok(())
}

fn arguments() -> Result<[String; 3], Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given
        .try_into()
        .map_err(|_given| "usage: bare_loop ADDRESS CHAIN.pem KEY.pem".into())
}

fn config(chain: &str, key: &str) -> Result<ServerConfig, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let builder = ServerConfig::builder_with_provider(kx::provider(&[Group::X25519MlKem768, Group::X25519]));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13])?;
    Ok(builder.with_no_client_auth().with_single_cert(chain, key)?)
}

fn converse(config: &Arc<ServerConfig>, mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    stream.set_nodelay(true)?;
    let mut connection = ServerConnection::new(Arc::clone(config))?;
    connection.complete_io(&mut stream)?;
    let mut rest = [0; 256];
    while Stream::new(&mut connection, &mut stream).read(&mut rest)? > 0 {}
    Ok(())
}
