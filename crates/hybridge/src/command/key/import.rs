//! `hybridge key import`: brings a key in that was made elsewhere.
//! The material is read once and sent; nothing of it is kept or shown.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{Named, policy::NewKey, view};
use crate::command_error::{CommandError, Ending};
use crate::service::{Service, answer, bytes};

/// Bring a key in
///
/// PKCS#8 in PEM or DER (RFC 5958), or the raw secret: the seed of a post-quantum key, the bytes of a symmetric
/// one. The algorithm is found in PKCS#8; a raw secret needs --algorithm unless it is the purpose's default.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge key import legacy/signing --purpose sign --from key.pem")]
pub(crate) struct Import {
    #[command(flatten)]
    key: Named,

    /// File with the key, `-` for standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    #[command(flatten)]
    new: NewKey,
}

impl Import {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let material = bytes::read(&self.from)?;
        let mut body = self.new.body();
        body.insert("material".to_owned(), json!(answer::encode(&material)));
        let made = service.create(&self.key.path("import"), &Value::Object(body))?;
        service.print(&made, |key| view::key("imported", key))
    }
}
