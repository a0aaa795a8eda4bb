//! `hybridge token`: who may do what, made within the rights of whoever makes it.
//! A secret is shown once, or goes into a file that only its owner may read.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::answer::{self, table, text, time};
use crate::service::{Service, ServiceArgs, bytes, path, period, segment};
use crate::terminal;

mod binding;

/// Tokens on one page.
const PAGE: usize = 500;

/// Make, list and revoke tokens
///
/// A token has bindings, each a role (admin, operator, user or auditor) with patterns of key names and of
/// operations; a binding that denies wins over all that allow.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge token create payments --role user --key 'app/*' --output payments.token
  hybridge token list
  hybridge token revoke 0123456789abcdef01234567")]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    List(List),
    Show(Show),
    Revoke(Revoke),
}

/// Make a token and show its secret once
///
/// --role with --key and --operation makes one binding; --binding adds others, written as
/// `ROLE[:KEYS[:OPERATIONS]]` with commas between patterns, and with a `!` before it as a denial.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge token create ci --role user --key 'ci/*' --operation key.sign --lifetime 30d
  hybridge token create ops --binding operator --binding '!operator:prod/*'")]
struct Create {
    /// A name for people; need not be unique
    name: String,

    #[command(flatten)]
    bindings: binding::Bindings,

    /// How long it is good for, at most 366d
    #[arg(long, value_name = "PERIOD", default_value = "90d", value_parser = period::parse)]
    lifetime: u64,

    /// Write the secret to this file (only its owner may read it) instead of showing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// List tokens, by id
#[derive(Args, Debug)]
struct List {}

/// Show a token, without its secret
#[derive(Args, Debug)]
struct Show {
    /// Id of the token, 24 hexadecimal digits
    id: String,
}

/// Revoke a token and those made with it
///
/// When the command ends well, nothing of theirs passes any more or is under way.
#[derive(Args, Debug)]
struct Revoke {
    /// Id of the token, 24 hexadecimal digits
    id: String,
}

impl Token {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = &self.service.open()?;
        match self.action {
            Action::Create(action) => action.run(service),
            Action::List(List {}) => list(service),
            Action::Show(action) => service.print(&service.read(&path("tokens", &action.id, ""))?, shown),
            Action::Revoke(action) => action.run(service),
        }
    }
}

impl Create {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        body.insert("bindings".to_owned(), self.bindings.body()?);
        body.insert("lifetime_seconds".to_owned(), json!(self.lifetime));
        let mut made = service.create("/v1/tokens", &Value::Object(body))?;
        if made["secret"].is_null() {
            terminal::warn("the secret was in an answer that was lost; revoke this token and make another");
        }
        if let Some(path) = &self.output {
            let secret = made["secret"].take();
            let line = Zeroizing::new(format!("{}\n", secret.as_str().unwrap_or_default()));
            bytes::write(path, line.as_bytes()).map_err(|error| {
                let id = text(&made, "id");
                error.hint(format!(
                    "its secret is lost now; revoke it: hybridge token revoke {id}"
                ))
            })?;
        }
        if self.output.is_none() {
            terminal::note("the secret is shown now and never again");
        }
        service.print(&made, |made| shown(made) + &self.secret(made))
    }

    fn secret(&self, made: &Value) -> String {
        match &self.output {
            Some(path) => row("secret", &format!("in {}", path.display())),
            None => row("secret", &text(made, "secret")),
        }
    }
}

impl Revoke {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        service.write(&path("tokens", &self.id, "revoke"), &json!({}))?;
        let revoked = json!({"id": self.id, "revoked": true});
        service.print(&revoked, |revoked| row("revoked", &text(revoked, "id")))
    }
}

fn list(service: &Service) -> Result<Ending, CommandError> {
    let tokens = all(service, "/v1/tokens", PAGE)?;
    service.print(&tokens, |tokens| {
        let rows: Vec<_> = answer::items(tokens).iter().map(line).collect();
        table(&["ID", "NAME", "EXPIRES", "LAST USED", "BINDINGS"], &rows)
    })
}

/// Every item of a list that is paged by `id`.
pub(crate) fn all(service: &Service, path: &str, limit: usize) -> Result<Value, CommandError> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(|item| segment(&text(item, "id")));
        let after = after.map_or_else(String::new, |id| format!("&after={id}"));
        let page = service.read(&format!("{path}?limit={limit}{after}"))?;
        let items = answer::items(&page);
        all.extend(items.iter().cloned());
        if items.len() < limit {
            return Ok(Value::Array(all));
        }
    }
}

fn line(token: &Value) -> Vec<String> {
    vec![
        text(token, "id"),
        text(token, "name"),
        time(token, "expires_at"),
        time(token, "last_used_at"),
        binding::shown(&token["bindings"]),
    ]
}

fn shown(token: &Value) -> String {
    row("id", &text(token, "id"))
        + &row("name", &text(token, "name"))
        + &row("bindings", &binding::shown(&token["bindings"]))
        + &row("made by", &text(token, "made_by"))
        + &row("expires", &time(token, "expires_at"))
        + &row("last used", &time(token, "last_used_at"))
}
