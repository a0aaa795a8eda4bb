//! `hybridge key data-key`: a key to encrypt with locally, plain for now and wrapped to keep.
//! Both halves are written to files or pipes, and neither is shown unasked.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Named;
use super::sign::give;
use crate::command_error::{CommandError, Ending};
use crate::service::bytes::{self, Output};
use crate::service::{Service, answer};

/// Make a data key: plain to use now, wrapped to keep
///
/// The plain key, 32 bytes, goes to --output or into a pipe; `hybridge key decrypt` gives it back from the
/// wrapped one. With --json both are in the answer.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key data-key app/data --wrapped archive.key --output /dev/shm/key")]
pub(crate) struct DataKey {
    #[command(flatten)]
    key: Named,

    /// File for the wrapped key
    #[arg(long, value_name = "FILE", required_unless_present = "json")]
    wrapped: Option<PathBuf>,

    #[command(flatten)]
    output: Output,

    /// Authenticated with the wrapped key; the same text is needed to open it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    associated_data: String,
}

impl DataKey {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let body = json!({"associated_data": answer::encode(self.associated_data.as_bytes())});
        let made = service.write(&self.key.path("data-key"), &body)?;
        if let Some(path) = &self.wrapped {
            bytes::write(path, &answer::bytes(&made, "wrapped")?)?;
        }
        give(service, &self.output, &made, "plaintext")
    }
}
