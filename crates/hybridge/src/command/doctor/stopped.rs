//! A service that does not run: what can be read without opening the seal.
//! The directory is locked meanwhile, and its witness is left as it is.

use std::path::Path;

use hybridge_keys::seal::Scheme;
use hybridge_keys::{Config, Keys, SealState};

use super::finding::Finding;
use crate::clock;
use crate::command_error::chain_line;
use crate::data_directory::DataDirectory;
use crate::key_service;

pub(super) fn check(folder: &Path) -> Vec<Finding> {
    let not_running = Finding::warn(
        "service",
        "does not run here: keys, tokens and backups were not looked at",
    );
    let mut findings = vec![not_running.mend(format!("hybridge serve --data {}", folder.display()))];
    if folder.join("keys.db").exists() {
        findings.extend(store(folder));
    }
    findings
}

fn store(folder: &Path) -> Vec<Finding> {
    let opened = DataDirectory::open(folder)
        .map_err(|error| error.line())
        .and_then(|data| {
            let keys = Keys::open(without_witness(key_service::config(&data)));
            keys.map(|keys| (data, keys)).map_err(|error| chain_line(&error))
        });
    let (_data, keys) = match opened {
        Ok(opened) => opened,
        Err(why) => {
            return vec![
                Finding::fail("store", format!("cannot be opened: {why}")).mend("docs/runbook.md, P1"),
            ];
        }
    };
    let health = keys.health(clock::now());
    let mut findings = vec![seal(keys.seal_state().ok(), folder)];
    let damaged = health.damaged_names();
    findings.push(if damaged.is_empty() {
        Finding::ok("store", "no damage is known")
    } else {
        Finding::fail("store", format!("damaged records: {}", damaged.join(", ")))
            .mend("restore them from a backup: docs/runbook.md, P1")
    });
    findings
}

/// Looking must not move the witness.
fn without_witness(config: Config) -> Config {
    Config {
        witnesses: Vec::new(),
        ..config
    }
}

fn seal(state: Option<SealState>, folder: &Path) -> Finding {
    match state {
        Some(SealState::Sealed {
            scheme: Scheme::KeyFile,
            ..
        }) => key_file(folder),
        Some(SealState::Sealed { .. } | SealState::Unsealed { .. }) => {
            Finding::ok("seal", "what opens it does not lie here")
        }
        Some(SealState::Uninitialised) => Finding::ok("seal", "there is none yet"),
        None => Finding::fail("seal", "its record cannot be read").mend("docs/runbook.md, P1"),
    }
}

/// The key that opens the data lies beside it.
pub(super) fn key_file(folder: &Path) -> Finding {
    let what = format!(
        "a key file beside the data opens it ({}): whoever copies the disk can read the keys",
        folder.join("root.key").display()
    );
    Finding::warn("seal", what).mend("hybridge rekey, with --passphrase or --shares")
}
