//! How the key service is set up, with its defaults.
//!
//! Plain values: whoever runs the service reads them from its own configuration.

use std::path::PathBuf;
use std::time::Duration;

/// How the key service is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the database is, a folder of mode 0700.
    pub directory: PathBuf,
    /// Files that remember how far the store had come, best on another file system.
    pub witnesses: Vec<PathBuf>,
    /// Opens a database that is older than its witnesses say, and records that it did.
    pub accept_rollback: bool,
    /// Keys that are kept expanded in memory (4,096; about 8 KiB each for X-Wing).
    pub loaded_keys_max: usize,
    /// How long a destruction can be cancelled (7 days) where the request does not say.
    pub destroy_wait: Duration,
    /// The shortest wait that a request may ask for (24 h).
    pub destroy_wait_min: Duration,
    /// Sessions of the key exchange that are kept (65,536).
    pub sessions_max: usize,
    /// How old the audit log's last signed checkpoint may become while there are newer entries (60 s).
    pub checkpoint_period: Duration,
    /// How many entries may follow the last signed checkpoint (1,000).
    pub checkpoint_entries: u64,
}

impl Config {
    /// The defaults for a database in that folder.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            witnesses: Vec::new(),
            accept_rollback: false,
            loaded_keys_max: 4096,
            destroy_wait: Duration::from_secs(7 * 24 * 3600),
            destroy_wait_min: Duration::from_secs(24 * 3600),
            sessions_max: 65_536,
            checkpoint_period: Duration::from_secs(60),
            checkpoint_entries: 1000,
        }
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.directory.join("keys.db")
    }
}
