//! `hybridge key configure`: changes policy, labels or lifetime of a key.
//! What is not given is not sent, so it stays as it is.

use clap::Args;
use serde_json::{Map, Value};

use super::policy::{Labels, Policy};
use super::{Named, view};
use crate::command_error::{CommandError, Ending, Kind};
use crate::service::Service;

/// Change policy, labels or lifetime of a key
///
/// What is not said stays. Labels are replaced as a whole, not added.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge key configure app/data --rotate-every 30d
  hybridge key configure app/data --minimum-version 3")]
pub(crate) struct Configure {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    policy: Policy,

    #[command(flatten)]
    labels: Labels,
}

impl Configure {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut body = Map::new();
        let policy = self.policy.body();
        if !policy.is_empty() {
            body.insert("policy".to_owned(), Value::Object(policy));
        }
        self.labels.put(&mut body);
        if body.is_empty() {
            return Err(CommandError::message(Kind::Usage, "nothing to change was given")
                .hint("hybridge key configure --help lists what can be changed"));
        }
        let changed = service.write(&self.key.path("configure"), &Value::Object(body))?;
        service.print(&changed, |key| view::key("changed", key))
    }
}
