//! The `[keys]` table: the key service, where its defaults do not fit.
//! Defaults stay where they are decided, in `hybridge_keys::Config`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::span;

/// The table; what it does not say is as `hybridge_keys::Config` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Keys {
    /// Files that remember how far the store had come, best on another file system; one beside the data
    /// directory is there always.
    pub(crate) witnesses: Vec<PathBuf>,
    /// Keys that are kept ready in memory.
    pub(crate) loaded_keys_max: Option<usize>,
    /// How long a destruction can be cancelled where the request does not say.
    #[serde(deserialize_with = "span::read_some")]
    pub(crate) destroy_wait: Option<Duration>,
    /// The shortest wait that a request may ask for.
    #[serde(deserialize_with = "span::read_some")]
    pub(crate) destroy_wait_min: Option<Duration>,
    /// How old the audit log's last signature may become while there are newer entries.
    #[serde(deserialize_with = "span::read_some")]
    pub(crate) checkpoint_period: Option<Duration>,
}

impl Keys {
    /// The key service's setup with what the table says.
    pub(crate) fn applied(&self, config: hybridge_keys::Config) -> hybridge_keys::Config {
        let mut witnesses = config.witnesses;
        witnesses.extend(self.witnesses.iter().cloned());
        hybridge_keys::Config {
            witnesses,
            loaded_keys_max: self.loaded_keys_max.unwrap_or(config.loaded_keys_max),
            destroy_wait: self.destroy_wait.unwrap_or(config.destroy_wait),
            destroy_wait_min: self.destroy_wait_min.unwrap_or(config.destroy_wait_min),
            checkpoint_period: self.checkpoint_period.unwrap_or(config.checkpoint_period),
            ..config
        }
    }

    /// What is wrong with it, and with which field.
    ///
    /// # Errors
    /// The field and a sentence.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        let defaults = hybridge_keys::Config::new(PathBuf::new());
        let wait = self.destroy_wait.unwrap_or(defaults.destroy_wait);
        let shortest = self.destroy_wait_min.unwrap_or(defaults.destroy_wait_min);
        if wait < shortest {
            return Err(("destroy_wait", "it is shorter than destroy_wait_min (24h)"));
        }
        Ok(())
    }
}
