//! `hybridge key sign` and `verify`: signatures over files.
//! A signature that is not genuine is a negative verdict, not an error.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::Named;
use super::policy::put;
use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::bytes::{Input, Output};
use crate::service::{Service, answer, bytes};
use crate::terminal;

/// Sign with the primary version
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key sign app/signing --input report.pdf --output report.sig")]
pub(crate) struct Sign {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    output: Output,

    /// Context that verifying needs too (FIPS 204 §5.2)
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    context: String,
}

/// Say whether a signature is genuine
///
/// Ends with exit code 1 where it is not.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key verify app/signing --input report.pdf --signature report.sig")]
pub(crate) struct Verify {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    input: Input,

    /// File with the signature
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,

    /// Context that it was signed with
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    context: String,

    /// The version that signed [default: the primary one]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

impl Sign {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let body = json!({
            "message": answer::encode(&self.input.read()?),
            "context": answer::encode(self.context.as_bytes()),
        });
        let signed = service.write(&self.key.path("sign"), &body)?;
        give(service, &self.output, &signed, "signature")
    }
}

impl Verify {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut body = Map::new();
        let signature = bytes::read(&self.signature)?;
        body.insert("message".to_owned(), json!(answer::encode(&self.input.read()?)));
        body.insert("signature".to_owned(), json!(answer::encode(&signature)));
        body.insert(
            "context".to_owned(),
            json!(answer::encode(self.context.as_bytes())),
        );
        put(&mut body, "version", self.version);
        let verified = service.write(&self.key.path("verify"), &Value::Object(body))?;
        judge(service, &verified, "signature")
    }
}

/// Gives a member of an answer away as bytes, or the answer as JSON.
pub(super) fn give(
    service: &Service,
    output: &Output,
    made: &Value,
    member: &str,
) -> Result<Ending, CommandError> {
    if service.is_json() {
        return output.write_json(made);
    }
    let bytes = answer::bytes(made, member)?;
    if answer::is_there(made, "version") {
        let version = answer::text(made, "version");
        terminal::note(&format!("{member}: {} bytes, version {version}", bytes.len()));
    }
    output.write(&bytes)
}

/// Says whether something is genuine; only the exact word of the service counts.
pub(super) fn judge(service: &Service, verified: &Value, what: &str) -> Result<Ending, CommandError> {
    let valid = verified["valid"] == Value::Bool(true);
    let word = if valid { "genuine" } else { "not genuine" };
    service.print(verified, |_verified| row(what, word))?;
    Ok(if valid { Ending::Done } else { Ending::Negative })
}
