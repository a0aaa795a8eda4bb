//! The Python script against the real service: two implementations that share no code.
//!
//! `HYBRIDGE_PYTHON` names an interpreter with the `cryptography` package (50 or newer); without it nothing is
//! checked here, and the output says so.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::ask::{get, make_token};
use crate::process::{Home, Service};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/python");

/// The interpreter, where there is one.
fn python() -> Option<String> {
    let found = std::env::var("HYBRIDGE_PYTHON").ok();
    if found.is_none() {
        let note = "skipped: set HYBRIDGE_PYTHON to a Python with cryptography 50 or newer\n";
        std::io::stderr().write_all(note.as_bytes()).unwrap();
    }
    found
}

/// Runs the script with the first identity of that service pinned.
async fn exchange(home: &Home, (service, pinned): (&Service, &Service), more: &[&str]) -> Option<Output> {
    let python = python()?;
    let (id, secret) = make_token(&service.admin(), "user", &[]).await;
    let terms = get(&pinned.admin(), "/v1/key-exchange").await.unwrap();
    let pem = terms["identities"][0]["public_key"].as_str().unwrap().to_owned();
    std::fs::write(home.path("identity.pem"), pem).unwrap();
    std::fs::write(home.path("token"), secret).unwrap();
    let mut command = Command::new(python);
    command
        .args(["-B", "hybridge_exchange.py", "--identity"])
        .arg(home.path("identity.pem"));
    command
        .arg("--token-file")
        .arg(home.path("token"))
        .args(["--caller", &format!("token:{id}")]);
    command
        .args(more)
        .arg(&service.url)
        .current_dir(Path::new(FOLDER));
    Some(
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn the_python_script_agrees_on_a_session_with_the_service_and_renews_it() {
    for suite in [
        "X-Wing/HKDF-SHA-256/AES-256-GCM",
        "MLKEM1024-P384/HKDF-SHA-384/AES-256-GCM",
    ] {
        let home = Home::with(&format!("[api]\nexchange_suites = [\"{suite}\"]\n"));
        let service = home.start();
        let Some(output) = exchange(&home, (&service, &service), &["--rekey"]).await else {
            return;
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let agreed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&agreed["suite"], &agreed["epoch"]), (&suite.into(), &1.into()));
        let log = get(&service.admin(), "/v1/audit?limit=1000")
            .await
            .unwrap()
            .to_string();
        assert!(
            log.contains("exchange.confirm") && log.contains("session.rekey"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn the_python_script_does_not_believe_another_service() {
    let (home, other) = (Home::new(), Home::new());
    let (service, stranger) = (home.start(), other.start());
    let Some(output) = exchange(&home, (&service, &stranger), &[]).await else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}
