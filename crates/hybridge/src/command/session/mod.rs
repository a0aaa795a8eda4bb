//! `hybridge session`: the service's end of sessions that `hybridge exchange` or another client agreed.
//! A session belongs to the token that agreed it; for any other it does not exist.

use clap::{Args, Subcommand};
use hybridge_exchange::SessionId;
use serde_json::{Value, json};

use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::bytes::{Input, Output};
use crate::service::{Service, ServiceArgs, answer, path};

/// Use the service's end of an agreed session
///
/// The client's end is with whoever agreed it, and so is re-keying, which the client begins.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge session export c2adb123842505730af4a768e145194f --label backup --output backup.key
  hybridge session seal c2adb123842505730af4a768e145194f --input reply --output reply.sealed
  hybridge session close c2adb123842505730af4a768e145194f")]
pub(crate) struct Session {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Seal(Seal),
    Open(Open),
    Export(Export),
    Close(Close),
}

/// Seal a message for the client
#[derive(Args, Debug)]
struct Seal {
    #[command(flatten)]
    transfer: Transfer,
}

/// Open a message that the client sealed; each opens once
#[derive(Args, Debug)]
struct Open {
    #[command(flatten)]
    transfer: Transfer,
}

/// Export a key that the client has, too
#[derive(Args, Debug)]
struct Export {
    #[command(flatten)]
    session: Named,

    /// What the key is for, 1 to 245 bytes
    #[arg(long, value_name = "TEXT")]
    label: String,

    /// What else it depends on
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    context: String,

    /// Bytes to export
    #[arg(long, value_name = "BYTES", default_value_t = 32)]
    length: usize,

    #[command(flatten)]
    output: Output,
}

/// End a session; its keys are erased
#[derive(Args, Debug)]
struct Close {
    #[command(flatten)]
    session: Named,
}

#[derive(Args, Debug)]
struct Named {
    /// Id of the session, 32 hexadecimal digits
    #[arg(value_name = "SESSION", value_parser = parse_id)]
    id: String,
}

#[derive(Args, Debug)]
struct Transfer {
    #[command(flatten)]
    session: Named,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    output: Output,

    /// Authenticated with the message, not sealed
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    associated_data: String,
}

fn parse_id(text: &str) -> Result<String, String> {
    match SessionId::parse(text) {
        Some(id) => Ok(id.to_string()),
        None => Err("it is 32 lower-case hexadecimal digits".to_owned()),
    }
}

impl Session {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = &self.service.open()?;
        match self.action {
            Action::Seal(action) => action.transfer.run(service, "seal", ["plaintext", "sealed"]),
            Action::Open(action) => action.transfer.run(service, "open", ["sealed", "plaintext"]),
            Action::Export(action) => action.run(service),
            Action::Close(action) => action.run(service),
        }
    }
}

impl Named {
    fn path(&self, operation: &str) -> String {
        path("sessions", &self.id, operation)
    }
}

impl Transfer {
    fn run(&self, service: &Service, operation: &str, [from, to]: [&str; 2]) -> Result<Ending, CommandError> {
        self.output.check()?;
        let mut body = json!({"aad": answer::encode(self.associated_data.as_bytes())});
        body[from] = Value::String(answer::encode(&self.input.read()?));
        let done = service.write(&self.session.path(operation), &body)?;
        give(service, &self.output, &done, to)
    }
}

impl Export {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let context = answer::encode(self.context.as_bytes());
        let body = json!({"label": self.label, "context": context, "length": self.length});
        let exported = service.write(&self.session.path("export"), &body)?;
        give(service, &self.output, &exported, "exported")
    }
}

impl Close {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        service.write(&self.session.path("close"), &json!({}))?;
        let closed = json!({"session": self.session.id, "closed": true});
        service.print(&closed, |closed| row("closed", &answer::text(closed, "session")))
    }
}

fn give(service: &Service, output: &Output, done: &Value, member: &str) -> Result<Ending, CommandError> {
    if service.is_json() {
        output.write_json(done)
    } else {
        output.write(&answer::bytes(done, member)?)
    }
}
