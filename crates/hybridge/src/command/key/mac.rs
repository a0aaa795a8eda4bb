//! `hybridge key mac` and `mac-verify`: message authentication codes over files.
//! A tag that is not genuine is a negative verdict, not an error.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::Named;
use super::policy::put;
use super::sign::{give, judge};
use crate::command_error::{CommandError, Ending};
use crate::service::bytes::{self, Input, Output};
use crate::service::{Service, answer};

/// Authenticate a message with the primary version (HMAC, FIPS 198-1)
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key mac app/webhooks --input body.json --output body.tag")]
pub(crate) struct Mac {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    output: Output,
}

/// Say whether a tag is genuine
///
/// Ends with exit code 1 where it is not.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key mac-verify app/webhooks --input body.json --tag body.tag")]
pub(crate) struct MacVerify {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    input: Input,

    /// File with the tag
    #[arg(long, value_name = "FILE")]
    tag: PathBuf,

    /// The version that made it [default: the primary one]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

impl Mac {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        self.output.check()?;
        let body = json!({"message": answer::encode(&self.input.read()?)});
        let made = service.write(&self.key.path("mac"), &body)?;
        give(service, &self.output, &made, "tag")
    }
}

impl MacVerify {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut body = Map::new();
        let tag = bytes::read(&self.tag)?;
        body.insert("message".to_owned(), json!(answer::encode(&self.input.read()?)));
        body.insert("tag".to_owned(), json!(answer::encode(&tag)));
        put(&mut body, "version", self.version);
        let verified = service.write(&self.key.path("mac-verify"), &Value::Object(body))?;
        judge(service, &verified, "tag")
    }
}
