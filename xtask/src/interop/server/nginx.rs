//! nginx, in one process and in the foreground; it tells the group in its log (`$ssl_curve`).
//!
//! Groups that OpenSSL's older tables lack are told by code point: `0x11ec` is X25519MLKEM768.

use std::process::Command;

use crate::interop::credentials::Kind;
use crate::interop::peers::Peer;
use crate::interop::process::Started;
use crate::interop::scene::Scene;

use super::{Account, Server};

/// How nginx answers: where it learns the client's address from, and what it says of TLS.
const ANSWER: &str = "location / { return 200 \"nginx told group=$ssl_curve version=$ssl_protocol \
    client=$proxy_protocol_addr:$proxy_protocol_port protocol=$server_protocol \
    edge-group=$http_hybridge_tls_group forwarded=$http_x_forwarded_for\\n\"; }";

/// TLS with these groups (`ssl_ecdh_curve`), over HTTP/1.1 and HTTP/2.
///
/// # Errors
/// It does not start.
pub(crate) fn tls(scene: &Scene<'_>, groups: &str) -> anyhow::Result<Server> {
    listening(
        scene,
        "ssl",
        &format!("http2 on; ssl_ecdh_curve {groups}; {}", certificate(scene)),
    )
}

/// Plaintext.
///
/// # Errors
/// It does not start.
pub(crate) fn plain(scene: &Scene<'_>) -> anyhow::Result<Server> {
    plain_with(scene, "")
}

/// Plaintext, with further directives.
///
/// # Errors
/// It does not start.
pub(crate) fn plain_with(scene: &Scene<'_>, directives: &str) -> anyhow::Result<Server> {
    listening(scene, "", directives)
}

/// Plaintext after a PROXY header.
///
/// # Errors
/// It does not start.
pub(crate) fn plain_after_proxy(scene: &Scene<'_>) -> anyhow::Result<Server> {
    listening(scene, "proxy_protocol", "")
}

/// TLS after a PROXY header.
///
/// # Errors
/// It does not start.
pub(crate) fn tls_after_proxy(scene: &Scene<'_>, groups: &str) -> anyhow::Result<Server> {
    listening(
        scene,
        "ssl proxy_protocol",
        &format!("ssl_ecdh_curve {groups}; {}", certificate(scene)),
    )
}

fn certificate(scene: &Scene<'_>) -> String {
    let credentials = scene.credentials();
    format!(
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
        credentials.chain(Kind::Ecdsa).display(),
        credentials.key_path(Kind::Ecdsa).display()
    )
}

fn listening(scene: &Scene<'_>, words: &str, directives: &str) -> anyhow::Result<Server> {
    let port = scene.port()?;
    let server = format!("server {{ listen 127.0.0.1:{port} {words}; {directives} {ANSWER} }}");
    Ok(Server {
        port,
        process: start(scene, &server, port)?,
        account: Account::Lines(scene.folder().join("access.txt")),
    })
}

/// nginx with these `server` blocks.
///
/// # Errors
/// It does not start.
pub(crate) fn start(scene: &Scene<'_>, servers: &str, port: u16) -> anyhow::Result<Started> {
    let folder = scene.folder().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {folder}/nginx-{name}; "))
        .collect();
    let http = format!(
        "http {{ {temporary} log_format told 'told group=$ssl_curve version=$ssl_protocol \
         resumed=$ssl_session_reused client=$proxy_protocol_addr:$proxy_protocol_port'; \
         access_log {folder}/access.txt told; {servers} }}"
    );
    start_with(scene, "", &http, port)
}

/// nginx with this after its first lines, which may load modules.
///
/// # Errors
/// It does not start.
fn start_with(scene: &Scene<'_>, modules: &str, blocks: &str, port: u16) -> anyhow::Result<Started> {
    let first = "daemon off; master_process off; error_log stderr info;";
    let pid = scene.folder().join("nginx.pid");
    let text = format!(
        "{modules}\npid {}; {first}\nevents {{ }}\n{blocks}\n",
        pid.display()
    );
    let mut command: Command = scene.peer(Peer::Nginx);
    command
        .args(["-e", "stderr", "-p"])
        .arg(scene.folder())
        .arg("-c")
        .arg(scene.file("nginx.conf", text)?);
    scene.serve(&mut command, port)
}

/// nginx as a mail proxy that offers STARTTLS (STLS in POP3).
///
/// # Errors
/// It does not start.
pub(crate) fn mail(scene: &Scene<'_>, protocol: &str, groups: &str) -> anyhow::Result<Server> {
    let port = scene.port()?;
    let module = scene
        .workshop
        .peers
        .debian()
        .join("usr/lib/nginx/modules/ngx_mail_module.so");
    let blocks = format!(
        "mail {{ server_name localhost; auth_http 127.0.0.1:9/; smtp_auth none; \
         server {{ listen 127.0.0.1:{port}; protocol {protocol}; starttls on; \
         ssl_ecdh_curve {groups}; {} }} }}",
        certificate(scene)
    );
    Ok(Server {
        port,
        process: start_with(
            scene,
            &format!("load_module {};", module.display()),
            &blocks,
            port,
        )?,
        account: Account::Silent,
    })
}
