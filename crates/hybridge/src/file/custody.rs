//! The `[keys]` and `[backup]` tables as `config show` prints them: what is in force, defaults included.
//! Read again, they mean the same.

use std::path::PathBuf;

use serde::Serialize;

use super::backup::Backup;
use super::effective::Span;
use super::keys::Keys;

/// What is in force of `[keys]`.
#[derive(Debug, Serialize)]
pub(super) struct EffectiveKeys {
    witnesses: Vec<PathBuf>,
    loaded_keys_max: usize,
    destroy_wait: Span,
    destroy_wait_min: Span,
    checkpoint_period: Span,
}

/// What is in force of `[backup]`. No destination is the folder in the data directory, no recipient the
/// identity there.
#[derive(Debug, Serialize)]
pub(super) struct EffectiveBackup {
    every: Span,
    keep: Span,
    keep_min: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    recipients: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase_file: Option<PathBuf>,
}

impl EffectiveKeys {
    pub(super) fn new(written: &Keys) -> Self {
        let config = written.applied(hybridge_keys::Config::new(PathBuf::new()));
        Self {
            witnesses: config.witnesses,
            loaded_keys_max: config.loaded_keys_max,
            destroy_wait: Span(config.destroy_wait),
            destroy_wait_min: Span(config.destroy_wait_min),
            checkpoint_period: Span(config.checkpoint_period),
        }
    }
}

impl EffectiveBackup {
    pub(super) fn new(written: &Backup) -> Self {
        Self {
            every: Span(written.every),
            keep: Span(written.keep),
            keep_min: written.keep_min,
            destination: written.destination.clone(),
            recipients: written.recipients.clone(),
            passphrase_file: written.passphrase_file.clone(),
        }
    }
}
