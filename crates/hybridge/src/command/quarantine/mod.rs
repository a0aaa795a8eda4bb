//! `hybridge quarantine`: versions that were compromised, and letting one open again what it protected.
//! A version gets there by `hybridge key compromise` and in no other way.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::command::key::Named;
use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::answer::{items, table, text};
use crate::service::{Service, ServiceArgs};
use crate::terminal;

/// List and release compromised versions of keys
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge quarantine list
  hybridge quarantine release app/data --version 2")]
pub(crate) struct Quarantine {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the versions in quarantine
    List,
    Release(Release),
}

/// Let a compromised version open again what it protected
///
/// It protects nothing new. Move what it protected to the newest version (`hybridge key rewrap`), then destroy it.
#[derive(Args, Debug)]
struct Release {
    #[command(flatten)]
    key: Named,

    /// The version
    #[arg(long, value_name = "N")]
    version: u32,
}

impl Quarantine {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = &self.service.open()?;
        match self.action {
            Action::List => list(service),
            Action::Release(action) => action.run(service),
        }
    }
}

impl Release {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let body = json!({"key": self.key.as_str(), "version": self.version});
        let released = service.write("/v1/quarantine/release", &body)?;
        service.print(&released, |version| {
            let what = format!("{} version {}", self.key.as_str(), text(version, "number"));
            row("released", &what) + &row("state", &text(version, "state"))
        })
    }
}

fn list(service: &Service) -> Result<Ending, CommandError> {
    let entries = service.read("/v1/quarantine")?;
    if items(&entries).is_empty() && !service.is_json() {
        terminal::note("nothing is in quarantine");
        return Ok(Ending::Done);
    }
    service.print(&entries, shown)
}

fn shown(entries: &Value) -> String {
    let line = |entry: &Value| vec![text(entry, "key"), text(entry, "version")];
    let rows: Vec<_> = items(entries).iter().map(line).collect();
    table(&["KEY", "VERSION"], &rows)
}
