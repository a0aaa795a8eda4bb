//! `hybridge key export`: takes a version out, sealed to a post-quantum recipient.
//! The recipient is checked here before anything is asked; the service decides whether the key may leave.

use std::path::{Path, PathBuf};

use clap::Args;
use hybridge_keys::recipient::Recipient;
use serde_json::{Map, Value, json};

use super::{Named, policy::put};
use crate::command_error::{CommandError, Ending, Kind};
use crate::service::{Service, answer, bytes::Output};
use crate::terminal;

/// Take a key out, sealed to a post-quantum recipient
///
/// Only a key that is exportable leaves, and never in the clear. Whoever has the recipient's identity opens it
/// with `hybridge recipient open`: PKCS#8 for a key pair, the raw bytes for a symmetric key.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key export app/signing --recipient backup.recipient --output app-signing.sealed")]
pub(crate) struct Export {
    #[command(flatten)]
    key: Named,

    /// A recipient, or a file with one, as `hybridge recipient create` prints it
    #[arg(long, value_name = "RECIPIENT|FILE")]
    recipient: String,

    /// The version [default: the primary one]
    #[arg(long, value_name = "N")]
    version: Option<u32>,

    /// Id of another administrator's approval, for a key under dual control
    #[arg(long, value_name = "ID")]
    approval: Option<String>,

    #[command(flatten)]
    output: Output,
}

impl Export {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let mut body = Map::new();
        body.insert("recipient".to_owned(), json!(recipient(&self.recipient)?));
        put(&mut body, "version", self.version);
        put(&mut body, "approval", self.approval.as_deref());
        let exported = service.write(&self.key.path("export"), &Value::Object(body))?;
        if service.is_json() {
            return self.output.write_json(&exported);
        }
        let sealed = answer::bytes(&exported, "sealed")?;
        terminal::note(&format!(
            "exported {} version {} ({}), {} bytes sealed",
            self.key.name,
            answer::text(&exported, "version"),
            answer::text(&exported, "algorithm"),
            sealed.len()
        ));
        self.output.write(&sealed)
    }
}

/// The recipient in one line; from a file where there is one of that name.
pub(crate) fn recipient(given: &str) -> Result<String, CommandError> {
    let text = if given.starts_with("hybridge-recipient:") {
        given.to_owned()
    } else {
        read(Path::new(given))?
    };
    let parsed = Recipient::parse(&text);
    let recipient = parsed.map_err(|error| {
        CommandError::new(Kind::Usage, error)
            .context(format!("cannot use the recipient in {given}"))
            .hint("make one with: hybridge recipient create --output FILE")
    })?;
    Ok(recipient.to_string())
}

/// The first line that is neither empty nor a comment.
fn read(path: &Path) -> Result<String, CommandError> {
    let bytes = crate::service::bytes::read(&PathBuf::from(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(line.unwrap_or_default().to_owned())
}
