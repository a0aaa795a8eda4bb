//! `hybridge key`: keys of the service, their life and their use, one file per subcommand or pair of them.
//! The service decides; here are arguments, files and tables.

use clap::{Args, Subcommand};
use hybridge_keys::KeyName;

use crate::command_error::{CommandError, Ending};
use crate::service::ServiceArgs;

mod compromise;
mod configure;
mod create;
mod data_key;
mod destroy;
mod encrypt;
mod export;
mod import;
mod kem;
mod list;
mod mac;
mod policy;
mod rotate;
mod show;
mod sign;
mod state;
mod view;

pub(crate) use export::recipient;
pub(crate) use policy::put;

/// Make, use, rotate and destroy keys
///
/// The keys are those of a running service (see `hybridge up` and `hybridge serve`); their secrets stay in it.
/// Bytes come from --input and go to --output as they are; with --json the service's answer is printed, in
/// which bytes are base64url.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge key create app/signing --purpose sign
  hybridge key sign app/signing --input report.pdf --output report.sig
  hybridge key verify app/signing --input report.pdf --signature report.sig
  hybridge key create app/data --purpose encrypt --rotate-every 30d
  hybridge key encrypt app/data --input plain.txt --output sealed.bin")]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(create::Create),
    Import(import::Import),
    Export(export::Export),
    List(list::List),
    Show(show::Show),
    Rotate(rotate::Rotate),
    Enable(state::Enable),
    Disable(state::Disable),
    Compromise(compromise::Compromise),
    Destroy(destroy::Destroy),
    CancelDestroy(state::CancelDestroy),
    Configure(configure::Configure),
    Sign(sign::Sign),
    Verify(sign::Verify),
    Encrypt(encrypt::Encrypt),
    Decrypt(encrypt::Decrypt),
    Rewrap(encrypt::Rewrap),
    DataKey(data_key::DataKey),
    Mac(mac::Mac),
    MacVerify(mac::MacVerify),
    Encapsulate(kem::Encapsulate),
    Decapsulate(kem::Decapsulate),
}

impl Key {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let service = &self.service.open()?;
        match self.action {
            Action::Create(action) => action.run(service),
            Action::Import(action) => action.run(service),
            Action::Export(action) => action.run(service),
            Action::List(action) => action.run(service),
            Action::Show(action) => action.run(service),
            Action::Rotate(action) => action.run(service),
            Action::Enable(action) => action.run(service),
            Action::Disable(action) => action.run(service),
            Action::Compromise(action) => action.run(service),
            Action::Destroy(action) => action.run(service),
            Action::CancelDestroy(action) => action.run(service),
            Action::Configure(action) => action.run(service),
            Action::Sign(action) => action.run(service),
            Action::Verify(action) => action.run(service),
            Action::Encrypt(action) => action.run(service),
            Action::Decrypt(action) => action.run(service),
            Action::Rewrap(action) => action.run(service),
            Action::DataKey(action) => action.run(service),
            Action::Mac(action) => action.run(service),
            Action::MacVerify(action) => action.run(service),
            Action::Encapsulate(action) => action.run(service),
            Action::Decapsulate(action) => action.run(service),
        }
    }
}

/// A key by its name.
#[derive(Args, Clone, Debug)]
pub(crate) struct Named {
    /// Name of the key: 1 to 128 of a-z, 0-9, dot, underscore, hyphen and slash
    #[arg(value_name = "NAME", value_parser = parse_name)]
    name: String,
}

impl Named {
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    fn path(&self, operation: &str) -> String {
        crate::service::path("keys", &self.name, operation)
    }
}

/// Reads the name of a key.
pub(crate) fn parse_name(text: &str) -> Result<String, String> {
    match KeyName::parse(text) {
        Ok(_name) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
