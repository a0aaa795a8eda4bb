//! `hybridge backup`: made by the service that runs; listed and verified also where none does.
//! A backup that does not hold together is a finding (exit code 1), not an error of the command.

use std::time::Duration;

use clap::{Args, Subcommand};
use hybridge_client::{Error, Method};
use serde_json::{Value, json};

use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::answer::{self, table, text, time};
use crate::service::{Service, ServiceArgs, path, period};
use crate::terminal;

mod offline;

use offline::Elsewhere;
pub(crate) use offline::{Opening, chosen, signer, unreachable};

/// A backup of a million keys, to a bucket far away.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Make, list and verify backups
///
/// A backup is the whole key store of one moment, sealed to post-quantum recipients or a passphrase, and
/// signed. The service makes one every hour; the table `[backup]` of the configuration says how often, where to,
/// for whom and for how long. With --destination, list and verify need no service.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge backup create
  hybridge backup list
  hybridge backup verify
  hybridge backup verify --destination /backups --identity backup.identity
  hybridge backup prune --keep 30d")]
pub(crate) struct Backup {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    List(List),
    Verify(Verify),
    Prune(Prune),
}

/// Make a backup now
///
/// When the command ends well, the backup is at its destination, complete and signed.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge backup create")]
struct Create {}

/// List backups, oldest first
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge backup list
  hybridge backup list --destination s3://bucket/prefix")]
struct List {
    #[command(flatten)]
    elsewhere: Elsewhere,
}

/// Verify a backup without restoring it
///
/// Without what opens it: the signature of the manifest and the digest of the container. With it: also the
/// seal of every record, the chain of the log, and that nothing is missing. Ends with exit code 1 where
/// something does not hold.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge backup verify
  hybridge backup verify --destination /backups --identity backup.identity --signer audit.pem")]
struct Verify {
    /// Name of the backup [default: the newest]
    name: Option<String>,

    #[command(flatten)]
    elsewhere: Elsewhere,

    #[command(flatten)]
    opening: Opening,
}

/// Delete backups that need not be kept
///
/// Nothing is deleted unless a newest backup was verified there and then, and that one stays.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge backup prune
  hybridge backup prune --keep 30d --keep-min 20")]
struct Prune {
    /// Younger ones are kept [default: as configured, 7d]
    #[arg(long, value_name = "PERIOD", value_parser = period::parse)]
    keep: Option<u64>,

    /// As many are kept, however old [default: as configured, 10]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep_min: Option<u32>,
}

impl Backup {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        match self.action {
            Action::Create(Create {}) => create(&self.service.open()?.patient(PATIENCE)),
            Action::List(list) if list.elsewhere.is_given() => list.elsewhere.list(self.service.json),
            Action::List(_) => list(&self.service.open()?),
            Action::Verify(verify) if verify.elsewhere.is_given() => {
                let wanted = verify.name.as_deref();
                verify
                    .elsewhere
                    .verify(wanted, &verify.opening, self.service.json)
            }
            Action::Verify(verify) => verify.run(&self.service.open()?.patient(PATIENCE)),
            Action::Prune(prune) => prune.run(&self.service.open()?.patient(PATIENCE)),
        }
    }
}

fn create(service: &Service) -> Result<Ending, CommandError> {
    let made = service.create("/v1/backups", &json!({}))?;
    service.print(&made, shown)
}

fn list(service: &Service) -> Result<Ending, CommandError> {
    let listed = service.read("/v1/backups")?;
    service.print(&listed, listing)
}

impl Verify {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let name = match self.name {
            Some(name) => name,
            None => newest(&service.read("/v1/backups")?)?,
        };
        let address = path("backups", &name, "verify");
        let asked = service.run(async |client| client.call(Method::POST, &address, Some(&json!({}))).await);
        match asked {
            Ok(verified) => service.print(&verified, verification),
            Err(Error::Problem(problem)) if problem.code == "backup_rejected" => {
                rejected(&name, &problem.detail, service.is_json())
            }
            Err(error) => Err(service.explain(error)),
        }
    }
}

impl Prune {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let body = json!({"keep_seconds": self.keep, "keep_min": self.keep_min});
        let pruned = service.write("/v1/backups/prune", &body)?;
        if !answer::is_there(&pruned, "newest") {
            terminal::warn("no backup holds together, so none was deleted");
        }
        service.print(&pruned, |pruned| {
            row("deleted", &text(pruned, "deleted"))
                + &row("kept", &text(pruned, "kept"))
                + &row("newest", &text(pruned, "newest"))
        })
    }
}

fn newest(listed: &Value) -> Result<String, CommandError> {
    let last = answer::items(&listed["backups"]).last();
    last.map(|backup| text(backup, "name"))
        .ok_or_else(|| offline::none(&text(listed, "destination")))
}

/// A backup that does not hold together.
fn rejected(name: &str, why: &str, as_json: bool) -> Result<Ending, CommandError> {
    let text = if as_json {
        crate::service::json(&json!({"name": name, "verified": false, "problem": why}))?
    } else {
        row("backup", name) + &row("FAILED", why)
    };
    terminal::print(&text)?;
    Ok(Ending::Negative)
}

fn listing(listed: &Value) -> String {
    let backups = answer::items(&listed["backups"]);
    let rows: Vec<_> = backups.iter().map(line).collect();
    let head = row("destination", &text(listed, "destination"));
    head + &table(&["NAME", "TAKEN", "KEYS", "LOG", "BYTES", "STATE"], &rows)
}

fn line(backup: &Value) -> Vec<String> {
    let state = match backup["problem"].as_str() {
        None => "signed".to_owned(),
        Some(why) => format!("NOT USABLE: {why}"),
    };
    vec![
        text(backup, "name"),
        time(backup, "manifest/taken_at"),
        text(backup, "manifest/keys"),
        text(backup, "manifest/log_entries"),
        text(backup, "manifest/bytes"),
        state,
    ]
}

fn shown(backup: &Value) -> String {
    let mut text_of = row("backup", &text(backup, "name"));
    for (label, pointer) in [
        ("keys", "manifest/keys"),
        ("log entries", "manifest/log_entries"),
        ("bytes", "manifest/bytes"),
        ("sealed to", "manifest/sealed_to"),
    ] {
        text_of += &row(label, &text(backup, pointer));
    }
    if backup["manifest"]["damaged"]
        .as_array()
        .is_some_and(|damaged| !damaged.is_empty())
    {
        text_of += &row("left out, damaged", &text(backup, "manifest/damaged"));
    }
    text_of
}

fn verification(verified: &Value) -> String {
    let depth = match verified["depth"].as_str() {
        Some("contents") => "signature, digest, every record, the log, and that nothing is missing",
        _ => "signature and digest; what opens it was not given, so its records were not read",
    };
    shown(&verified["backup"]) + &row("verified", depth)
}
