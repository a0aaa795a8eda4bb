//! The Python script against the same service: two implementations that share no code.
//!
//! `HYBRIDGE_PYTHON` names an interpreter with the `cryptography` package (50 or newer); without it nothing is
//! checked here, and the vectors alone hold the two together.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::process::Command;

use crate::service::{CALLER, Exchanger, serve};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/python");

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration of their own"
)]
fn python() -> Option<String> {
    std::env::var("HYBRIDGE_PYTHON").ok()
}

async fn exchange(python: &str, exchanger: &Arc<Exchanger>, more: &[&str]) -> std::process::Output {
    let service = Arc::clone(exchanger);
    let address = serve(move |asked| service.answer(asked)).await;
    let identity = &exchanger.trusted()[0];
    let pem = hybridge_crypto::encoding::public_to_pem(identity.algorithm(), identity.public_key()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file.as_file(), pem.as_bytes()).unwrap();
    let mut command = Command::new(python);
    command.args(["-B", "hybridge_exchange.py", "--rekey", "--identity"]);
    command
        .arg(file.path())
        .args(more)
        .arg(format!("http://{address}"));
    command.current_dir(Path::new(FOLDER)).output().await.unwrap()
}

#[tokio::test]
async fn the_python_script_agrees_on_a_session_and_rekeys_it() {
    let Some(python) = python() else { return };
    for suite in ["X-Wing", "MLKEM1024-P384"] {
        let exchanger = Exchanger::new(&[suite]);
        let output = exchange(&python, &exchanger, &["--caller", CALLER]).await;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let agreed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(agreed["suite"].as_str().unwrap().starts_with(suite));
        assert_eq!((&agreed["caller"], &agreed["epoch"]), (&CALLER.into(), &1.into()));
        let sessions = exchanger.sessions.lock().unwrap();
        let (id, session) = sessions.iter().next().unwrap();
        assert_eq!(agreed["session"], id.to_string());
        assert_eq!(session.epoch(), 1);
    }
}

#[tokio::test]
async fn the_python_script_refuses_another_name() {
    let Some(python) = python() else { return };
    let output = exchange(&python, &Exchanger::hybrid(), &["--caller", "token:other"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}
