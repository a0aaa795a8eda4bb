//! `hybridge unseal`: brings what keeps the root key: a passphrase, a share, or a key file.
//! A share that is sealed to its holder is opened here, on the holder's machine; the identity goes nowhere.

use std::path::{Path, PathBuf};

use clap::Args;
use hybridge_keys::seal::open_share;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::seal::PATIENCE;
use crate::backups;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::layout::row;
use crate::service::answer::{is_there, text};
use crate::service::{Service, ServiceArgs};
use crate::{private_file, terminal};

/// Line that a sealed share begins with.
const SEALED_SHARE: &str = "hybridge-sealed-share-";

/// Open the key service
///
/// Without a file, the passphrase or the share is asked for; it is not shown while it is typed. Of shares, each
/// holder brings one, from wherever the holder is; how many are still needed is said, and a wrong one is named
/// and counts for nothing.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge unseal
  hybridge unseal --share-file share-2-bob.txt
  hybridge unseal --share-file share-2-bob.txt --identity bob.identity
  hybridge unseal --passphrase-file /run/credentials/hybridge/passphrase")]
pub(crate) struct Unseal {
    /// File with a share in one line
    #[arg(long, value_name = "FILE", group = "offer")]
    share_file: Option<PathBuf>,

    /// File with the identity that opens the sealed share; it stays here
    #[arg(long, value_name = "FILE", requires = "share_file")]
    identity: Option<PathBuf>,

    /// File with the passphrase in its first line
    #[arg(long, value_name = "FILE", group = "offer")]
    passphrase_file: Option<PathBuf>,

    /// File with the root key, where it is not in the data directory
    #[arg(long, value_name = "FILE", group = "offer")]
    key_file: Option<PathBuf>,

    #[command(flatten)]
    service: ServiceArgs,
}

impl Unseal {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = self.service.open()?.patient(PATIENCE);
        let body = match self.offer()? {
            Some(body) => body,
            None => match asked(&service)? {
                Some(body) => body,
                None => return service.print(&json!({"state": "unsealed"}), progress),
            },
        };
        let answered = service.write("/v1/seal/unseal", &body)?;
        service.print(&answered, progress)
    }

    fn offer(&self) -> Result<Option<Value>, CommandError> {
        if let Some(path) = &self.share_file {
            return Ok(Some(json!({"share": *self.share(path)?})));
        }
        if let Some(path) = &self.passphrase_file {
            return Ok(Some(json!({"passphrase": *backups::passphrase(path)?})));
        }
        let text = self.key_file.as_deref().map(private_file::read).transpose()?;
        Ok(text.map(|text| json!({"key_file": *text})))
    }

    fn share(&self, path: &Path) -> Result<Zeroizing<String>, CommandError> {
        let text = std::fs::read_to_string(path).cannot(Kind::File, format!("read {}", path.display()))?;
        let text = Zeroizing::new(text);
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        let line = line.unwrap_or_default();
        match &self.identity {
            Some(identity) => {
                let opened = open_share(line, &backups::identity(identity)?);
                opened.map_err(|error| {
                    CommandError::new(Kind::File, error).context(format!("cannot open {}", path.display()))
                })
            }
            None if line.starts_with(SEALED_SHARE) => {
                let message = format!("the share in {} is sealed to its holder", path.display());
                Err(CommandError::message(Kind::File, message).hint("open it with --identity FILE"))
            }
            None => Ok(Zeroizing::new(line.to_owned())),
        }
    }
}

/// What a person types, by what the seal takes; nothing where it is open.
fn asked(service: &Service) -> Result<Option<Value>, CommandError> {
    let seal = service.read("/v1/seal")?;
    if seal["state"] == "unsealed" {
        return Ok(None);
    }
    match seal["scheme"].as_str() {
        Some("passphrase") => Ok(Some(json!({"passphrase": *typed("Passphrase: ")?}))),
        Some("shares") => {
            let share = typed("Share: ")?;
            if share.trim().starts_with(SEALED_SHARE) {
                return Err(
                    CommandError::message(Kind::Usage, "this share is sealed to its holder")
                        .hint("open it with --share-file FILE --identity FILE"),
                );
            }
            Ok(Some(json!({"share": share.trim()})))
        }
        _ => {
            let message = "this service is opened with its key file";
            Err(CommandError::message(Kind::Usage, message).hint("bring it with --key-file FILE"))
        }
    }
}

/// A secret that is typed and not shown.
///
/// # Errors
/// `Usage`: nobody can type here.
pub(super) fn typed(question: &str) -> Result<Zeroizing<String>, CommandError> {
    if !terminal::is_watched() {
        let message = "there is no terminal to type the secret at";
        return Err(CommandError::message(Kind::Usage, message)
            .hint("give it in a file: --passphrase-file FILE, or --share-file FILE"));
    }
    let typed = rpassword::prompt_password(question).cannot(Kind::File, "read from the terminal")?;
    Ok(Zeroizing::new(typed))
}

fn progress(answered: &Value) -> String {
    let state = row("state", &text(answered, "state"));
    if !is_there(answered, "holder") {
        return state;
    }
    let counted = format!(
        "that of {}; {} of {} shares are given",
        text(answered, "holder"),
        text(answered, "given"),
        text(answered, "threshold")
    );
    state + &row("share counted", &counted)
}
