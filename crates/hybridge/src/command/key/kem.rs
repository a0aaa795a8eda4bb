//! `hybridge key encapsulate` and `decapsulate`: shared secrets of a KEM key (SP 800-227 §3).
//! Secrets go where the user says, and never to a terminal unasked.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::Named;
use super::policy::put;
use super::sign::give;
use crate::command_error::{CommandError, Ending};
use crate::service::bytes::{self, Input, Output};
use crate::service::{Service, answer};

/// Make a shared secret for the public half of a KEM key
///
/// The secret goes to --output or into a pipe, the ciphertext to --ciphertext. With --json both are in the answer.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key encapsulate app/exchange --ciphertext for-them.bin --output /dev/shm/secret")]
pub(crate) struct Encapsulate {
    #[command(flatten)]
    key: Named,

    /// File for the ciphertext
    #[arg(long, value_name = "FILE", required_unless_present = "json")]
    ciphertext: Option<PathBuf>,

    #[command(flatten)]
    output: Output,
}

/// Recover a shared secret from a KEM ciphertext
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key decapsulate app/exchange --input for-us.bin --output /dev/shm/secret")]
pub(crate) struct Decapsulate {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    output: Output,

    /// The version that the ciphertext was made for [default: the primary one]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

impl Encapsulate {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let made = service.write(&self.key.path("encapsulate"), &json!({}))?;
        if let Some(path) = &self.ciphertext {
            bytes::write(path, &answer::bytes(&made, "ciphertext")?)?;
        }
        give(service, &self.output, &made, "shared_secret")
    }
}

impl Decapsulate {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let mut body = Map::new();
        let ciphertext = self.input.read()?;
        body.insert("ciphertext".to_owned(), json!(answer::encode(&ciphertext)));
        put(&mut body, "version", self.version);
        let recovered = service.write(&self.key.path("decapsulate"), &Value::Object(body))?;
        give(service, &self.output, &recovered, "shared_secret")
    }
}
