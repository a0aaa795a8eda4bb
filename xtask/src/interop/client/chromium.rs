//! Chromium without a window: loads the page and gives its document as text.
//!
//! It tells its group nowhere but in the page, which has it from the edge: our record must agree. Trust is
//! by the hash of the leaf's key, as a headless profile has no authorities of its own.

use std::path::Path;

use anyhow::ensure;

use crate::interop::credentials::Kind;
use crate::interop::peers::Peer;
use crate::interop::scene::Scene;

/// The document at `/` once it is loaded, from a server with the run's own leaf.
///
/// # Errors
/// Chromium fails, or shows its own error page.
pub(crate) fn load(scene: &Scene<'_>, port: u16) -> anyhow::Result<String> {
    load_trusting(scene, port, &scene.credentials().key_path(Kind::Ecdsa))
}

/// The document at `/` once it is loaded. The leaf is trusted by its key.
///
/// # Errors
/// As `load`.
pub(crate) fn load_trusting(scene: &Scene<'_>, port: u16, key: &Path) -> anyhow::Result<String> {
    let mut command = scene.peer(Peer::Chromium);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--no-first-run",
            "--disable-background-networking",
            "--no-proxy-server",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            scene.folder().join("profile").display()
        ))
        .arg(format!(
            "--ignore-certificate-errors-spki-list={}",
            public_key_hash(scene, key)?
        ))
        .arg(format!("https://localhost:{port}/"))
        .env("HOME", scene.folder());
    let page = scene.run_slowly(&mut command)?.succeeded()?.stdout;
    ensure!(
        !page.contains("ERR_"),
        "Chromium shows an error page: {}",
        crate::interop::process::tail(&page, 5)
    );
    Ok(page)
}

/// SHA-256 of the leaf's SubjectPublicKeyInfo, in Base64.
fn public_key_hash(scene: &Scene<'_>, key: &Path) -> anyhow::Result<String> {
    let script = "\"$@\" pkey -in \"$KEY\" -pubout -outform der \
                  | \"$@\" dgst -sha256 -binary | \"$@\" base64";
    let openssl = scene.peer(Peer::OpenSsl);
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .arg(openssl.get_program())
        .args(openssl.get_args())
        .env("KEY", key);
    Ok(scene.run(&mut command)?.succeeded()?.stdout.trim().to_owned())
}
