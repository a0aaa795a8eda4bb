//! `hybridge seal` and `hybridge seal-status`: closing the key service, and how far it is open.
//! The other two commands of the seal have files of their own.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::command_error::{CommandError, Ending};
use crate::layout::row;
use crate::service::ServiceArgs;
use crate::service::answer::{self, text};

/// Deriving from a passphrase, and moving all records to a new seal.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// Show how far the key service is open
///
/// Ends with exit code 1 while it is sealed.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge seal-status")]
pub(crate) struct SealStatus {
    #[command(flatten)]
    service: ServiceArgs,
}

/// Close the key service now
///
/// From then on nothing but health answers, until what keeps the root key is brought again with `hybridge
/// unseal`. Requests under way are finished or refused; nothing that was acknowledged is lost.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge seal")]
pub(crate) struct Seal {
    #[command(flatten)]
    service: ServiceArgs,
}

impl SealStatus {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = self.service.open()?;
        let seal = service.read("/v1/seal")?;
        service.print(&seal, shown)?;
        Ok(if seal["state"] == "unsealed" {
            Ending::Done
        } else {
            Ending::Negative
        })
    }
}

impl Seal {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = self.service.open()?.patient(PATIENCE);
        let seal = service.write("/v1/seal/seal", &json!({}))?;
        service.print(&seal, shown)
    }
}

/// A seal in words.
pub(super) fn shown(seal: &Value) -> String {
    let mut lines = row("state", &text(seal, "state"));
    let scheme = match seal["scheme"].as_str() {
        Some("key_file") => "a key file in the data directory, for one machine".to_owned(),
        Some("passphrase") => "a passphrase".to_owned(),
        Some("shares") => {
            let holders = answer::items(&seal["holders"]).len();
            format!("{} of {holders} shares", text(seal, "threshold"))
        }
        _ => "-".to_owned(),
    };
    lines += &row("opened with", &scheme);
    if answer::is_there(seal, "sealing") {
        lines += &row("sealing", &text(seal, "sealing"));
    }
    for holder in answer::items(&seal["holders"]) {
        let given = answer::items(&seal["given"]).contains(&holder["index"]);
        let mut about = text(holder, "name");
        if answer::is_there(holder, "recipient") {
            about += ", sealed to the holder's recipient";
        }
        if given {
            about += ", given";
        }
        lines += &row(&format!("share {}", text(holder, "index")), &about);
    }
    lines
}
