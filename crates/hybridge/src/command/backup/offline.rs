//! Backups without a service: a destination, and what opens and signs what is there.
//! What is read there is believed as far as it is signed by the key that was given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hybridge_api::dto;
use hybridge_crypto::encoding;
use hybridge_keys::backup::{self, BackupError, Destination, Listed, Name, Signer, Unlock};
use hybridge_keys::recipient::Passphrase;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::backups::{self, place};
use crate::command_error::{CommandError, Ending, Explain, Kind, chain_line};
use crate::terminal;

/// Another place than the service's own.
#[derive(Args, Debug)]
pub(crate) struct Elsewhere {
    /// Look here instead of asking the service: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "PLACE")]
    destination: Option<String>,

    /// The service's public key in PEM; without it, the one that the manifest names is used
    #[arg(long, value_name = "FILE", requires = "destination")]
    signer: Option<PathBuf>,
}

/// What opens a backup.
#[derive(Args, Debug)]
pub(crate) struct Opening {
    /// File with the identity of a recipient
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,

    /// File with the passphrase in its first line
    #[arg(long, value_name = "FILE", conflicts_with = "identity")]
    passphrase_file: Option<PathBuf>,
}

impl Opening {
    /// What was given, if something was.
    ///
    /// # Errors
    /// `File`: it cannot be read, others can read it, or it is none.
    pub(crate) fn unlock(&self) -> Result<Option<Unlock>, CommandError> {
        if let Some(path) = &self.identity {
            return Ok(Some(Unlock::Identity(Arc::new(backups::identity(path)?))));
        }
        let words = self
            .passphrase_file
            .as_deref()
            .map(backups::passphrase)
            .transpose()?;
        Ok(words.map(|words| Unlock::Passphrase(Passphrase::new(words))))
    }
}

/// The key that manifests are signed with, from a file.
///
/// # Errors
/// `File`: it cannot be read, or is no public key.
pub(crate) fn signer(path: Option<&Path>) -> Result<Option<Signer>, CommandError> {
    let Some(path) = path else { return Ok(None) };
    let pem = std::fs::read(path).cannot(Kind::File, format!("read {}", path.display()))?;
    let read = encoding::public_from(&pem);
    let (algorithm, public_key) = read.map_err(|error| {
        CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
    })?;
    Ok(Some(Signer {
        algorithm,
        public_key,
    }))
}

/// That a place has no backups.
pub(super) fn none(place: &str) -> CommandError {
    CommandError::message(Kind::File, format!("there are no backups at {place}"))
}

impl Elsewhere {
    pub(super) const fn is_given(&self) -> bool {
        self.destination.is_some()
    }

    fn open(&self) -> Result<(Arc<dyn Destination>, Runtime), CommandError> {
        let text = self.destination.as_deref().unwrap_or_default();
        let destination = place::open(text).map_err(place::PlaceError::of_usage)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        Ok((destination, runtime.cannot(Kind::Internal, "start the runtime")?))
    }

    pub(super) fn list(&self, as_json: bool) -> Result<Ending, CommandError> {
        let (destination, runtime) = self.open()?;
        let known = signer(self.signer.as_deref())?;
        let listed = runtime.block_on(backup::list(&*destination, None, known.as_ref()));
        let listed = listed.map_err(|error| CommandError::new(Kind::Peer, error))?;
        let list = dto::BackupList {
            destination: destination.place(),
            backups: listed.iter().map(dto::Backup::from).collect(),
        };
        print(&list, as_json, super::listing)
    }

    pub(super) fn verify(
        &self,
        wanted: Option<&str>,
        opening: &Opening,
        as_json: bool,
    ) -> Result<Ending, CommandError> {
        let (destination, runtime) = self.open()?;
        let (known, unlock) = (signer(self.signer.as_deref())?, opening.unlock()?);
        let spool = tempfile::tempdir().cannot(Kind::File, "make a temporary folder")?;
        let verified = runtime.block_on(async {
            let name = chosen(&*destination, wanted).await?;
            terminal::progress(&format!("verifying {name}"));
            let report = backup::verify(&*destination, &name, known.as_ref(), unlock, spool.path()).await;
            Ok::<_, CommandError>((name, report))
        });
        terminal::progress("");
        let (name, report) = verified?;
        match report {
            Ok(report) => {
                if !report.signer_was_known {
                    terminal::warn(
                        "the signature was checked with the key that the manifest names; say whose it must be with \
                         --signer FILE",
                    );
                }
                print(&dto::BackupVerified::from(&report), as_json, super::verification)
            }
            Err(error) if error.is_rejection() => {
                super::rejected(&name.to_string(), &chain_line(&error), as_json)
            }
            Err(error) => Err(unreachable(error)),
        }
    }
}

/// The backup of that name, or the newest of the one store that has backups there.
///
/// # Errors
/// `Usage`: the name is none, or there are backups of several stores; `File`: there are none.
pub(crate) async fn chosen(
    destination: &dyn Destination,
    wanted: Option<&str>,
) -> Result<Name, CommandError> {
    if let Some(text) = wanted {
        let none = || CommandError::message(Kind::Usage, format!("{text:?} is not the name of a backup"));
        return Name::parse(text)
            .ok_or_else(|| none().hint("hybridge backup list --destination PLACE lists them"));
    }
    let listed = backup::list(destination, None, None).await.map_err(unreachable)?;
    let store = |each: &Listed| {
        each.name
            .to_string()
            .split_once('-')
            .map(|(_, store)| store.to_owned())
    };
    let newest = listed.last().ok_or_else(|| none(&destination.place()))?;
    if listed.iter().any(|each| store(each) != store(newest)) {
        let message = format!("{} has backups of several stores", destination.place());
        return Err(CommandError::message(Kind::Usage, message).hint("say which one by its name"));
    }
    Ok(newest.name.clone())
}

/// A destination or a file that does not answer.
pub(crate) fn unreachable(error: BackupError) -> CommandError {
    CommandError::new(Kind::File, error)
}

fn print(
    what: &impl serde::Serialize,
    as_json: bool,
    shown: impl FnOnce(&Value) -> String,
) -> Result<Ending, CommandError> {
    let value = serde_json::to_value(what).unwrap_or_else(|error| json!({"error": error.to_string()}));
    let text = if as_json {
        crate::service::json(&value)?
    } else {
        shown(&value)
    };
    terminal::print(&text)?;
    Ok(Ending::Done)
}
