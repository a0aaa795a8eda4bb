//! `hybridge key show`: a key with its versions, or the public half of one.
//! Secrets are not in the service's answer, so none can be shown.

use clap::Args;
use serde_json::Value;

use super::{Named, view};
use crate::command_error::{CommandError, Ending, Kind};
use crate::service::{Service, answer};
use crate::terminal;

/// Show a key with its versions
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge key show app/signing
  hybridge key show app/signing --public-key > app-signing.pem")]
pub(crate) struct Show {
    #[command(flatten)]
    key: Named,

    /// Print the public half in PEM (SubjectPublicKeyInfo) and nothing else
    #[arg(long, conflicts_with = "json")]
    public_key: bool,

    /// The version whose public half is printed [default: the primary one]
    #[arg(long, value_name = "N", requires = "public_key")]
    version: Option<u64>,
}

impl Show {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let key = service.read(&self.key.path(""))?;
        if !self.public_key {
            return service.print(&key, view::with_versions);
        }
        let number = self
            .version
            .or_else(|| key["primary"].as_u64())
            .unwrap_or_default();
        let mut versions = answer::items(&key["versions"]).iter();
        let version = versions.find(|version| version["number"].as_u64() == Some(number));
        terminal::print(&public_key(version, &self.key.name, number)?)?;
        Ok(Ending::Done)
    }
}

fn public_key(version: Option<&Value>, name: &str, number: u64) -> Result<String, CommandError> {
    let refused =
        |why: &str| CommandError::message(Kind::Refused, format!("version {number} of {name} {why}"));
    let version = version.ok_or_else(|| refused("does not exist"))?;
    let pem = version["public_key"].as_str();
    pem.map(|pem| format!("{}\n", pem.trim_end()))
        .ok_or_else(|| refused("has no public half"))
}
