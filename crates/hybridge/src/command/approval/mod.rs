//! `hybridge approval`: the second administrator of keys under dual control.
//!
//! What is approved is one operation on one key with exactly its arguments, so a request takes the flags that
//! the operation takes.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::command::key::{Named, put, recipient};
use crate::command::token::all;
use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::answer::{is_there, items, table, text, time};
use crate::service::{Service, ServiceArgs, path, period};
use crate::terminal;

/// Approvals on one page.
const PAGE: usize = 500;

/// Ask for and give approvals of what needs two administrators
///
/// One administrator asks, another approves, the first one does it with the approval's id.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge approval request destroy app/archive --wait 30d
  hybridge approval approve 0123456789abcdef01234567
  hybridge key destroy app/archive --wait 30d --approval 0123456789abcdef01234567")]
pub(crate) struct Approval {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(subcommand)]
    Request(Request),
    /// List approvals that are open or given
    List,
    Approve(Approve),
}

/// Ask for an approval, with the flags of the operation itself
#[derive(Debug, Subcommand)]
enum Request {
    Destroy(Destroy),
    Export(Export),
}

/// Ask to destroy a key or a version of it
#[derive(Args, Debug)]
struct Destroy {
    #[command(flatten)]
    key: Named,

    /// As it will be given to `hybridge key destroy`
    #[arg(long, value_name = "N")]
    version: Option<u32>,

    /// As it will be given to `hybridge key destroy`
    #[arg(long, value_name = "PERIOD", value_parser = period::parse_or_zero)]
    wait: Option<u64>,
}

/// Ask to export a version of a key to a recipient
#[derive(Args, Debug)]
struct Export {
    #[command(flatten)]
    key: Named,

    /// As it will be given to `hybridge key export`
    #[arg(long, value_name = "RECIPIENT|FILE")]
    recipient: String,

    /// As it will be given to `hybridge key export`
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

/// Approve what another administrator asked for
#[derive(Args, Debug)]
struct Approve {
    /// Id of the approval, 24 hexadecimal digits
    id: String,
}

impl Approval {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = &self.service.open()?;
        match self.action {
            Action::Request(request) => {
                let asked = service.create("/v1/approvals", &request.body()?)?;
                service.print(&asked, |asked| shown(asked) + &next(asked))
            }
            Action::List => list(service),
            Action::Approve(action) => {
                let approved = service.write(&path("approvals", &action.id, "approve"), &json!({}))?;
                service.print(&approved, shown)
            }
        }
    }
}

impl Request {
    /// The operation with its arguments, as it will be asked for.
    fn body(&self) -> Result<Value, CommandError> {
        let mut body = Map::new();
        let (operation, key, version) = match self {
            Self::Destroy(wanted) => {
                put(&mut body, "wait_seconds", wanted.wait);
                ("destroy", &wanted.key, wanted.version)
            }
            Self::Export(wanted) => {
                put(&mut body, "recipient", Some(recipient(&wanted.recipient)?));
                ("export", &wanted.key, wanted.version)
            }
        };
        put(&mut body, "operation", Some(operation));
        put(&mut body, "key", Some(key.as_str()));
        put(&mut body, "version", version);
        Ok(Value::Object(body))
    }
}

fn list(service: &Service) -> Result<Ending, CommandError> {
    let approvals = all(service, "/v1/approvals", PAGE)?;
    if items(&approvals).is_empty() && !service.is_json() {
        terminal::note("no approvals are open or given");
        return Ok(Ending::Done);
    }
    service.print(&approvals, |approvals| {
        let rows: Vec<_> = items(approvals).iter().map(line).collect();
        table(
            &["ID", "OPERATION", "KEY", "REQUESTER", "APPROVED BY", "EXPIRES"],
            &rows,
        )
    })
}

fn line(approval: &Value) -> Vec<String> {
    let texts = ["id", "operation", "key", "requester", "approved_by"].map(|member| text(approval, member));
    let mut cells = Vec::from(texts);
    cells.push(time(approval, "expires_at"));
    cells
}

fn shown(approval: &Value) -> String {
    let approved = if is_there(approval, "approved_by") {
        format!(
            "by {} at {}",
            text(approval, "approved_by"),
            time(approval, "approved_at")
        )
    } else {
        "not yet".to_owned()
    };
    row("id", &text(approval, "id"))
        + &row("operation", &text(approval, "operation"))
        + &row("key", &text(approval, "key"))
        + &row("exactly", &text(approval, "arguments"))
        + &row("requested by", &text(approval, "requester"))
        + &row("approved", &approved)
        + &row("expires", &time(approval, "expires_at"))
}

fn next(approval: &Value) -> String {
    row(
        "next",
        &format!(
            "hybridge approval approve {}, by another administrator",
            text(approval, "id")
        ),
    )
}
