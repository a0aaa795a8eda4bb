//! `hybridge key enable`, `disable` and `cancel-destroy`: whether a key may be used, taken back at any time.
//! None of them touches what the key has protected.

use clap::Args;
use serde_json::{Map, Value};

use super::policy::put;
use super::{Named, view};
use crate::command_error::{CommandError, Ending};
use crate::service::Service;

/// Let a key, or a version of it, be used again
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key enable app/signing")]
pub(crate) struct Enable {
    #[command(flatten)]
    which: Which,
}

/// Put a key, or a version of it, aside: nothing can be done with it until it is enabled
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key disable app/signing --version 2")]
pub(crate) struct Disable {
    #[command(flatten)]
    which: Which,
}

/// Take the announcement of a destruction back, while its window is open
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key cancel-destroy app/old")]
pub(crate) struct CancelDestroy {
    #[command(flatten)]
    which: Which,
}

#[derive(Args, Debug)]
struct Which {
    #[command(flatten)]
    key: Named,

    /// One version [default: the whole key]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

impl Enable {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.which.change(service, "enable", "enabled")
    }
}

impl Disable {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.which.change(service, "disable", "disabled")
    }
}

impl CancelDestroy {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.which.change(service, "cancel-destroy", "kept")
    }
}

impl Which {
    fn change(&self, service: &Service, operation: &str, done: &str) -> Result<Ending, CommandError> {
        let mut body = Map::new();
        put(&mut body, "version", self.version);
        let changed = service.write(&self.key.path(operation), &Value::Object(body))?;
        service.print(&changed, |key| view::key(done, key))
    }
}
