//! nginx as a client: `proxy_pass https://`, with the upstream's certificate verified.
//!
//! It has no variable for the group that it negotiated with an upstream; only our record tells.

use crate::interop::handshake::Told;
use crate::interop::http;
use crate::interop::scene::Scene;
use crate::interop::server::nginx;

/// Asks for `/` through nginx, with further directives for its location.
///
/// # Errors
/// nginx does not start, or its upstream fails.
pub(crate) fn get(scene: &Scene<'_>, port: u16, directives: &str) -> anyhow::Result<Told> {
    let authority = scene.credentials().authority_path();
    let listen = scene.port()?;
    let server = format!(
        "server {{ listen 127.0.0.1:{listen}; location / {{ proxy_pass https://127.0.0.1:{port}; \
         proxy_http_version 1.1; proxy_ssl_verify on; proxy_ssl_name localhost; \
         proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.2 TLSv1.3; \
         proxy_ssl_trusted_certificate {}; {directives} }} }}",
        authority.display()
    );
    let _nginx = nginx::start(scene, &server, listen)?;
    let body = http::get(listen, "/")?;
    Ok(Told {
        body,
        ..Told::default()
    })
}
