//! `hybridge key destroy`: announces the end of a key or a version.
//! It asks a person for the name first; a script says --yes.

use clap::Args;
use serde_json::{Map, Value};

use super::Named;
use super::policy::put;
use crate::command_error::{CommandError, Ending, Kind};
use crate::layout::row;
use crate::service::answer::{self, text, time};
use crate::service::{Service, period};
use crate::terminal;

/// Destroy a key, or an old version of it, after a window
///
/// It cannot be used from now on; until the window ends, `hybridge key cancel-destroy` takes it back. Afterwards
/// nothing does, no backup either: what it protected is lost. On a terminal the name has to be typed again.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge key destroy app/old
  hybridge key destroy app/data --version 1 --wait 30d --yes")]
pub(crate) struct Destroy {
    #[command(flatten)]
    key: Named,

    /// A version that is not the primary one [default: the whole key]
    #[arg(long, value_name = "N")]
    version: Option<u32>,

    /// How long it can be taken back, 0 for not at all [default: the service's, 7d]
    #[arg(long, value_name = "PERIOD", value_parser = period::parse_or_zero)]
    wait: Option<u64>,

    /// Id of another administrator's approval, for a key under dual control
    #[arg(long, value_name = "ID")]
    approval: Option<String>,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Destroy {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        if !self.yes {
            self.confirm()?;
        }
        let mut body = Map::new();
        put(&mut body, "version", self.version);
        put(&mut body, "wait_seconds", self.wait);
        put(&mut body, "approval", self.approval.as_deref());
        let announced = service.write(&self.key.path("destroy"), &Value::Object(body))?;
        service.print(&announced, |key| self.shown(key))
    }

    fn confirm(&self) -> Result<(), CommandError> {
        let name = &self.key.name;
        let what = match self.version {
            Some(version) => format!("version {version} of {name}"),
            None => format!("{name} with all its versions"),
        };
        let question = format!("This destroys {what}. Type the name of the key to go on:");
        match terminal::ask(&question) {
            Some(typed) if typed == *name => Ok(()),
            Some(_other) => Err(CommandError::message(
                Kind::Usage,
                "that is not its name; nothing was destroyed",
            )),
            None => Err(CommandError::message(
                Kind::Usage,
                "nobody is there to confirm it; nothing was destroyed",
            )
            .hint("in a script, say --yes")),
        }
    }

    fn shown(&self, key: &Value) -> String {
        let name = text(key, "name");
        let (what, held) = match self.version {
            Some(number) => (format!("{name} version {number}"), version(key, number)),
            None => (name, key),
        };
        if answer::is_there(held, "destroyed") {
            return row("destroyed", &what);
        }
        let until = time(held, "destroy_after");
        row("to be destroyed", &format!("{what} at {until}"))
            + &row(
                "until then",
                &format!("hybridge key cancel-destroy {}", self.key.name),
            )
    }
}

/// A version in the answer; the key itself where the answer has none.
fn version(key: &Value, number: u32) -> &Value {
    let mut versions = answer::items(&key["versions"]).iter();
    versions
        .find(|version| version["number"].as_u64() == Some(u64::from(number)))
        .unwrap_or(key)
}
