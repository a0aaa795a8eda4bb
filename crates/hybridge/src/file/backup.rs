//! The `[backup]` table: how often, where to, for whom, and how long backups are kept.
//! What it means is decided in `backups`; here are the shape, the defaults and what cannot be.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::span;

/// The table, with its defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Backup {
    /// How often one is made (1h); `0s` leaves it to `hybridge backup create`.
    #[serde(deserialize_with = "span::read")]
    pub(crate) every: Duration,
    /// How long they are kept (7d).
    #[serde(deserialize_with = "span::read")]
    pub(crate) keep: Duration,
    /// How many are kept, however old (10).
    pub(crate) keep_min: usize,
    /// A folder, or `s3://BUCKET/PREFIX`; `backups` in the data directory.
    pub(crate) destination: Option<String>,
    /// Who can open them; without any, an identity in the data directory.
    pub(crate) recipients: Vec<String>,
    /// A file (0600) with a passphrase that opens them, instead of recipients.
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(3600),
            keep: Duration::from_secs(7 * 24 * 3600),
            keep_min: 10,
            destination: None,
            recipients: Vec::new(),
            passphrase_file: None,
        }
    }
}

impl Backup {
    /// What is wrong with it, and with which field.
    ///
    /// # Errors
    /// The field and a sentence.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        if self.passphrase_file.is_some() && !self.recipients.is_empty() {
            let why = "name recipients or a passphrase: beside each other, the weaker one would decide";
            return Err(("passphrase_file", why));
        }
        if self.keep_min == 0 {
            return Err(("keep_min", "at least one backup is kept"));
        }
        Ok(())
    }
}
