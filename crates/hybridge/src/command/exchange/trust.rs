//! Whom an exchange believes: identities in files, pinned beforehand.
//!
//! Taking the one that the service itself names is trust on first use: whoever is in between the first time
//! can be in between for ever. It needs a flag of its own, and says so.

use std::path::{Path, PathBuf};

use clap::Args;
use hybridge_exchange::Identity;

use crate::command_error::{CommandError, Kind};
use crate::service::{Service, answer, bytes};
use crate::terminal;

#[derive(Args, Debug)]
pub(super) struct Trust {
    /// File with the service's identity in PEM; may be repeated, while one follows another
    #[arg(long = "identity", value_name = "FILE")]
    identities: Vec<PathBuf>,

    /// Believe the identity that the service names now, and write it to --identity where that is not there yet
    #[arg(long)]
    trust_on_first_use: bool,
}

impl Trust {
    /// The identities to believe.
    ///
    /// # Errors
    /// `Usage`: nobody said whom; `File`: a file is missing or holds no identity.
    pub(super) fn identities(&self, service: &Service) -> Result<Vec<Identity>, CommandError> {
        match self.identities.as_slice() {
            [] if self.trust_on_first_use => Ok(vec![self.first(service)?.0]),
            [] => Err(CommandError::message(Kind::Usage, "nobody said whom to believe")
                .hint("give the service's identity with --identity FILE")
                .hint("to take what it says of itself, once, add --trust-on-first-use")),
            [path] if self.trust_on_first_use && !path.try_exists().unwrap_or(true) => {
                let (identity, pem) = self.first(service)?;
                bytes::write(path, pem.as_bytes())?;
                terminal::note(&format!("its identity is pinned in {}", path.display()));
                Ok(vec![identity])
            }
            paths => paths.iter().map(|path| read(path)).collect(),
        }
    }

    /// What the service says of itself.
    fn first(&self, service: &Service) -> Result<(Identity, String), CommandError> {
        let terms = service.read("/v1/key-exchange")?;
        let pem = answer::text(&terms, "identities/0/public_key");
        let identity = Identity::from_spki(pem.as_bytes()).map_err(|error| {
            CommandError::new(Kind::Peer, error).context("the service names no identity".to_owned())
        })?;
        terminal::warn(&format!(
            "trusting {} on first use; compare it with what the service's owner says",
            identity.id()
        ));
        Ok((identity, pem))
    }
}

fn read(path: &Path) -> Result<Identity, CommandError> {
    if !path.try_exists().unwrap_or(true) {
        let message = format!("the identity {} does not exist", path.display());
        return Err(CommandError::message(Kind::File, message)
            .hint("get it from the service's owner, or add --trust-on-first-use"));
    }
    let file = bytes::read(path)?;
    Identity::from_spki(&file).map_err(|error| {
        CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
    })
}
