//! `hybridge key encrypt`, `decrypt` and `rewrap`: files up to 1 MiB under a key of the service.
//! One item for each call; the service names the version inside the ciphertext.

use clap::Args;
use serde_json::{Value, json};

use super::Named;
use super::sign::give;
use crate::command_error::{CommandError, Ending};
use crate::service::bytes::{Input, Output};
use crate::service::{Service, answer};

/// Encrypt up to 1 MiB with the primary version
///
/// For more, ask for a data key and encrypt with that.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key encrypt app/data --input plain.txt --output sealed.bin")]
pub(crate) struct Encrypt {
    #[command(flatten)]
    transfer: Transfer,
}

/// Decrypt what `encrypt` made, or open a wrapped data key
///
/// The plaintext goes to --output or into a pipe; a terminal gets it only with --output -.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key decrypt app/data --input sealed.bin --output plain.txt")]
pub(crate) struct Decrypt {
    #[command(flatten)]
    transfer: Transfer,
}

/// Move a ciphertext to the newest version; the plaintext never leaves the service
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key rewrap app/data --input sealed.bin --output sealed.bin")]
pub(crate) struct Rewrap {
    #[command(flatten)]
    transfer: Transfer,
}

#[derive(Args, Debug)]
struct Transfer {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    output: Output,

    /// Authenticated with it, not encrypted; the same text is needed to decrypt
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    associated_data: String,
}

impl Encrypt {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.transfer.run(service, "encrypt", ["plaintext", "ciphertext"])
    }
}

impl Decrypt {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.transfer.run(service, "decrypt", ["ciphertext", "plaintext"])
    }
}

impl Rewrap {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.transfer.run(service, "rewrap", ["ciphertext", "ciphertext"])
    }
}

impl Transfer {
    fn run(&self, service: &Service, operation: &str, [from, to]: [&str; 2]) -> Result<Ending, CommandError> {
        self.output.check()?;
        let mut body = json!({"associated_data": answer::encode(self.associated_data.as_bytes())});
        body[from] = Value::String(answer::encode(&self.input.read()?));
        let moved = service.write(&self.key.path(operation), &body)?;
        give(service, &self.output, &moved, to)
    }
}
