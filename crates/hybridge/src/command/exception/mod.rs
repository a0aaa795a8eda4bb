//! `hybridge exception`: doors to classical suites of the key exchange, each with an owner and an end.
//! The service holds them against the clock at each use; nothing here keeps or renews one.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::command::key::parse_name;
use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::answer::{items, table, text, time};
use crate::service::{Service, ServiceArgs, path, period};
use crate::terminal;

/// Open and close exceptions to the policy of the key exchange
///
/// An exception lets named classical suites be agreed for a while. While it is open a metric is up and each use
/// of it is in the audit log; when its time has come it closes by itself.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge exception open partner --suite X25519 --owner ops --reason 'until May' --lifetime 30d
  hybridge exception list
  hybridge exception close old-partner")]
pub(crate) struct Exception {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Open(Open),
    /// List the exceptions that are open
    List,
    Close(Close),
}

/// Open an exception
#[derive(Args, Debug)]
#[command(override_usage = "hybridge exception open [OPTIONS] <NAME>")]
struct Open {
    /// Its name; clients get to see it
    #[arg(value_parser = parse_name)]
    name: String,

    /// A classical suite, or its KEM (X25519, P-256, P-384); may be repeated
    #[arg(long = "suite", value_name = "NAME", required = true)]
    suites: Vec<String>,

    /// Who answers for it
    #[arg(long, value_name = "WHO")]
    owner: String,

    /// Why it is needed
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// How long it is open, at most 90d
    #[arg(long, value_name = "PERIOD", value_parser = period::parse)]
    lifetime: u64,
}

/// Close an exception at once
#[derive(Args, Debug)]
struct Close {
    /// Its name
    #[arg(value_parser = parse_name)]
    name: String,
}

impl Exception {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = &self.service.open()?;
        match self.action {
            Action::Open(action) => action.run(service),
            Action::List => list(service),
            Action::Close(action) => action.run(service),
        }
    }
}

impl Open {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let body = json!({
            "name": self.name,
            "owner": self.owner,
            "reason": self.reason,
            "suites": self.suites,
            "lifetime_seconds": self.lifetime,
        });
        let opened = service.create("/v1/exceptions", &body)?;
        service.print(&opened, shown)
    }
}

impl Close {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        service.write(&path("exceptions", &self.name, "close"), &json!({}))?;
        let closed = json!({"name": self.name, "closed": true});
        service.print(&closed, |closed| row("closed", &text(closed, "name")))
    }
}

fn list(service: &Service) -> Result<Ending, CommandError> {
    let exceptions = service.read("/v1/exceptions")?;
    if items(&exceptions).is_empty() && !service.is_json() {
        terminal::note("no exceptions are open");
        return Ok(Ending::Done);
    }
    service.print(&exceptions, |exceptions| {
        let rows: Vec<_> = items(exceptions).iter().map(line).collect();
        table(&["NAME", "OWNER", "EXPIRES", "SUITES"], &rows)
    })
}

fn line(exception: &Value) -> Vec<String> {
    vec![
        text(exception, "name"),
        text(exception, "owner"),
        time(exception, "expires"),
        text(exception, "suites"),
    ]
}

fn shown(exception: &Value) -> String {
    row("open", &text(exception, "name"))
        + &row("allows", &text(exception, "suites"))
        + &row("owner", &text(exception, "owner"))
        + &row("reason", &text(exception, "reason"))
        + &row("expires", &time(exception, "expires"))
}
