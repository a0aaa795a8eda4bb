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
  hybridge key configure app/data --minimum-version 3
  hybridge key configure app/data --no-usage-limit")]
pub(crate) struct Configure {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    policy: Policy,

    #[command(flatten)]
    lifted: Lifted,

    #[command(flatten)]
    labels: Labels,
}

/// Limits that no longer hold.
#[derive(Args, Debug)]
struct Lifted {
    /// Lift the usage limit; the algorithm's own limit stays
    #[arg(long, conflicts_with = "usage_limit")]
    no_usage_limit: bool,

    /// Lift the crypto-period
    #[arg(long, conflicts_with = "crypto_period")]
    no_crypto_period: bool,
}

impl Configure {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let body = self.body();
        if body.is_empty() {
            return Err(CommandError::message(Kind::Usage, "nothing to change was given")
                .hint("hybridge key configure --help lists what can be changed"));
        }
        let changed = service.write(&self.key.path("configure"), &Value::Object(body))?;
        service.print(&changed, |key| view::key("changed", key))
    }

    /// What changes; null lifts a limit.
    fn body(&self) -> Map<String, Value> {
        let mut policy = self.policy.body();
        for (is_lifted, limit) in [
            (self.lifted.no_usage_limit, "usage_limit"),
            (self.lifted.no_crypto_period, "crypto_period_seconds"),
        ] {
            if is_lifted {
                policy.insert(limit.to_owned(), Value::Null);
            }
        }
        let mut body = Map::new();
        if !policy.is_empty() {
            body.insert("policy".to_owned(), Value::Object(policy));
        }
        self.labels.put(&mut body);
        body
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        configure: Configure,
    }

    fn parsed(arguments: &[&str]) -> Result<Value, clap::Error> {
        let all = ["x", "app/one"].into_iter().chain(arguments.iter().copied());
        let line = Line::try_parse_from(all)?;
        Ok(Value::Object(line.configure.body()))
    }

    #[test]
    fn a_limit_is_lifted_with_null_and_kept_by_silence() {
        assert_eq!(parsed(&[]).unwrap(), json!({}));
        let lifted = parsed(&["--no-usage-limit", "--no-crypto-period"]).unwrap();
        assert_eq!(
            lifted,
            json!({"policy": {"usage_limit": null, "crypto_period_seconds": null}})
        );
        let other = parsed(&["--no-usage-limit", "--crypto-period", "30d"]).unwrap();
        assert_eq!(
            other,
            json!({"policy": {"usage_limit": null, "crypto_period_seconds": 2_592_000}})
        );
    }

    #[test]
    fn a_limit_cannot_be_set_and_lifted_at_once() {
        assert!(parsed(&["--no-usage-limit", "--usage-limit", "7"]).is_err());
        assert!(parsed(&["--no-crypto-period", "--crypto-period", "1d"]).is_err());
    }
}
