//! `hybridge key create`: makes a key with its first version.
//! The algorithm and the policy are the purpose's where nobody says otherwise.

use clap::Args;
use serde_json::{Value, json};

use super::{Named, policy::NewKey, view};
use crate::command_error::{CommandError, Ending};
use crate::service::Service;

/// Make a key
///
/// Without --algorithm it is a post-quantum one for the purpose. Sent again after a lost answer, it is still
/// made once.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge key create app/signing --purpose sign --label team=payments
  hybridge key create app/exchange --purpose kem --algorithm MLKEM1024-P384
  hybridge key create app/archive --purpose encrypt --lifetime 30y --dual-control")]
pub(crate) struct Create {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    new: NewKey,
}

impl Create {
    pub(crate) fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut body = self.new.body();
        body.insert("name".to_owned(), json!(self.key.name));
        let made = service.create("/v1/keys", &Value::Object(body))?;
        service.print(&made, |key| view::key("made", key))
    }
}
