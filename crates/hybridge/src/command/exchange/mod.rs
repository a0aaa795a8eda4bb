//! `hybridge exchange`: one key exchange with the service, and what was agreed.
//!
//! The protocol is docs/key-exchange.md; both its ends are elsewhere. Here are whom to trust, what to try with
//! the session, and the words.

use clap::Args;
use hybridge_client::{ExchangeError, ExchangeOptions};
use hybridge_exchange::client::Hello;
use hybridge_exchange::{Agreed, Client as ClientSide, Identity, Session, Suite, Time};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::command_error::{CommandError, Ending, Kind};
use crate::service::bytes::Output;
use crate::service::{Service, ServiceArgs, path};

mod check;
mod trust;
mod view;

/// Agree on a session key with the service, and say what was agreed
///
/// The exchange is hybrid and authenticated: the service signs what both sides said with its identity, which
/// has to be known here beforehand. With --export both sides get the same key, and the service's side can be
/// asked for it with `hybridge session export`; otherwise the session is closed again.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge exchange --identity service.pem --trust-on-first-use
  hybridge exchange https://keys.example.com --identity service.pem --check
  hybridge exchange --identity service.pem --export backup --output backup.key")]
pub(crate) struct Exchange {
    /// Address of the service; the same as --api
    #[arg(value_name = "URL", conflicts_with = "api")]
    url: Option<String>,

    #[command(flatten)]
    trust: trust::Trust,

    /// A suite, or a KEM that stands for its first one; may be repeated, best first [default: all hybrid ones]
    #[arg(long = "suite", value_name = "NAME", value_parser = parse_suite)]
    suites: Vec<&'static Suite>,

    /// Text of the application that both sides bind to the session
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    context: String,

    /// Also send a message each way, compare an exported key, and re-key
    #[arg(long)]
    check: bool,

    /// Export a key under this label, and leave the session open at the service
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["check", "json"])]
    export: Option<String>,

    /// Bytes to export
    #[arg(long, value_name = "BYTES", default_value_t = 32, requires = "export")]
    length: usize,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    service: ServiceArgs,
}

fn parse_suite(name: &str) -> Result<&'static Suite, String> {
    Suite::by_name(name).ok_or_else(|| {
        let names: Vec<_> = Suite::all().map(|suite| suite.name).collect();
        format!("it is one of {}", names.join(", "))
    })
}

type Agreement = Session<ClientSide>;

impl Exchange {
    pub(crate) fn run(mut self) -> Result<Ending, CommandError> {
        if self.url.is_some() {
            self.service.api = self.url.take();
        }
        if self.export.is_some() {
            self.output.check()?;
        }
        let service = &self.service.open()?;
        let identities = self.trust.identities(service)?;
        let mut session = self.agree(service, &identities)?;
        let done = self.use_it(service, &mut session);
        if self.export.is_none() {
            let closed = service.write(&session_path(session.agreed(), "close"), &json!({}));
            done.and_then(|done| closed.map(|_closed| done))
        } else {
            done
        }
    }

    fn agree(&self, service: &Service, identities: &[Identity]) -> Result<Agreement, CommandError> {
        let options = ExchangeOptions {
            hello: self.hello(identities),
            ..ExchangeOptions::new(identities)
        };
        let agreed = service.run(async |client| client.exchange(&options).await);
        agreed.map_err(|error| explain(error, service))
    }

    fn hello(&self, identities: &[Identity]) -> Hello {
        let mut hello = Hello {
            context: self.context.clone().into_bytes(),
            ..Hello::default()
        };
        if let [only] = identities {
            hello.identity = Some(only.id());
        }
        if !self.suites.is_empty() {
            hello.suites.clone_from(&self.suites);
            hello.shares = self.suites[..1].to_vec();
        }
        hello
    }

    fn use_it(&self, service: &Service, session: &mut Agreement) -> Result<Ending, CommandError> {
        if let Some(label) = &self.export {
            let key = session.export(label.as_bytes(), b"", self.length, now());
            let key = key.map_err(|error| CommandError::new(Kind::Usage, error))?;
            crate::terminal::note(view::shown(&members(session.agreed())).trim_end());
            return self.output.write(&key);
        }
        let mut told = members(session.agreed());
        if self.check {
            check::run(service, session)?;
            told["checked"] = Value::Bool(true);
            told["epoch"] = json!(session.epoch());
        }
        service.print(&told, view::shown)
    }
}

/// The path of a session, or of what is done with it.
fn session_path(agreed: &Agreed, operation: &str) -> String {
    path("sessions", &agreed.session.to_string(), operation)
}

/// The wall clock as the protocol has it.
fn now() -> Time {
    Time(u64::try_from(clock::now().as_millisecond()).unwrap_or(0))
}

/// What was agreed, all of it from the transcript.
fn members(agreed: &Agreed) -> Value {
    let millis = i64::try_from(agreed.expires.0).unwrap_or(i64::MAX);
    let expires = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    let exception = (!agreed.exception.is_empty()).then_some(&agreed.exception);
    json!({
        "session": agreed.session.to_string(),
        "suite": agreed.suite.name,
        "hybrid": agreed.suite.is_hybrid(),
        "expires": expires.to_string(),
        "identity": agreed.identity.to_string(),
        "caller": agreed.caller,
        "exception": exception,
    })
}

fn explain(error: ExchangeError, service: &Service) -> CommandError {
    match error {
        ExchangeError::Service(error) => service.explain(error),
        ExchangeError::Start(error) => CommandError::new(Kind::Usage, error),
        ExchangeError::Finish(error) => {
            CommandError::new(Kind::Peer, error).context("nothing was agreed".to_owned())
        }
        error => CommandError::new(Kind::Peer, error),
    }
}
