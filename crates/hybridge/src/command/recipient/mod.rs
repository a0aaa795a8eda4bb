//! `hybridge recipient`: post-quantum key pairs that keys and backups are sealed to. Needs no service.
//! The identity is the private half: it is written to a file and never shown.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hybridge_crypto::Algorithm;
use hybridge_keys::export;
use hybridge_keys::recipient::{self, Identity, Recipient as PublicHalf};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Ending, Kind};
use crate::layout::row;
use crate::service::bytes::{self, Output};
use crate::service::json as to_text;
use crate::terminal;

/// KEMs that a recipient may have.
const ACCEPTED: [&str; 2] = ["X-Wing", "MLKEM1024-P384"];

/// Make recipients for exports and backups, and open what was sealed to them
///
/// A recipient is public: give it to whoever seals. Its identity is private: keep it where the service is not.
/// Both are post-quantum (X-Wing or MLKEM1024-P384); there are no others.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge recipient create --output backup.identity > backup.recipient
  hybridge key export app/signing --recipient backup.recipient --output signing.sealed
  hybridge recipient open signing.sealed --identity backup.identity --output signing.p8")]
pub(crate) struct Recipient {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    Show(Show),
    Open(Open),
}

/// Make an identity, and print its recipient
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge recipient create --output backup.identity > backup.recipient")]
struct Create {
    /// X-Wing or MLKEM1024-P384
    #[arg(long, value_name = "NAME", default_value = "X-Wing", value_parser = parse_algorithm)]
    algorithm: &'static Algorithm,

    /// File for the identity (only its owner may read it); must not exist
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// Print the recipient as JSON
    #[arg(long)]
    json: bool,
}

/// Show the recipient in a file, or that of an identity
#[derive(Args, Debug)]
struct Show {
    /// File with a recipient or an identity
    file: PathBuf,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Open what was sealed to a recipient, such as an exported key
///
/// Of a key pair it holds PKCS#8 in DER, of a symmetric key the raw bytes.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge recipient open signing.sealed --identity backup.identity --output signing.p8")]
struct Open {
    /// File that was sealed, `-` for standard input
    file: PathBuf,

    /// File with the identity
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,

    /// What it was sealed as
    #[arg(long, value_name = "TEXT", default_value = export::PURPOSE)]
    purpose: String,

    #[command(flatten)]
    output: Output,
}

fn parse_algorithm(name: &str) -> Result<&'static Algorithm, String> {
    let found =
        Algorithm::by_name(name).filter(|found| ACCEPTED.iter().any(|accepted| found.is_called(accepted)));
    found.ok_or_else(|| "recipients are X-Wing or MLKEM1024-P384".to_owned())
}

impl Recipient {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        match self.action {
            Action::Create(action) => action.run(),
            Action::Show(action) => action.run(),
            Action::Open(action) => action.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<Ending, CommandError> {
        if self.output.try_exists().unwrap_or(true) {
            let message = format!(
                "{} exists; an identity is never written over",
                self.output.display()
            );
            return Err(CommandError::message(Kind::File, message));
        }
        let made = Identity::generate(self.algorithm);
        let identity = made.map_err(|error| CommandError::new(Kind::Internal, error))?;
        let recipient = identity.recipient();
        let line = identity.to_line();
        let file = Zeroizing::new(format!("# recipient: {recipient}\n{}\n", &*line));
        bytes::write(&self.output, file.as_bytes())?;
        terminal::note(&format!(
            "the identity is in {}; keep it safe",
            self.output.display()
        ));
        let text = if self.json {
            to_text(&members(&recipient))?
        } else {
            format!("{recipient}\n")
        };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }
}

impl Show {
    fn run(self) -> Result<Ending, CommandError> {
        let recipient = read(&self.file)?;
        let text = if self.json {
            to_text(&members(&recipient))?
        } else {
            row("algorithm", recipient.algorithm().name)
                + &row("fingerprint", &recipient.fingerprint())
                + &format!("{recipient}\n")
        };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }
}

impl Open {
    fn run(self) -> Result<Ending, CommandError> {
        self.output.check()?;
        let identity = identity(&self.identity)?;
        let sealed = bytes::read(&self.file)?;
        let opened = recipient::open_with(&identity, &self.purpose, &sealed).map_err(|error| {
            CommandError::new(Kind::File, error).context(format!("cannot open {}", self.file.display()))
        })?;
        self.output.write(&opened)
    }
}

/// Reads an identity from a file that only its owner may read.
///
/// # Errors
/// `File`: it is not there, others may read it, or it holds no identity.
pub(crate) fn identity(path: &Path) -> Result<Identity, CommandError> {
    crate::private_file::require_private(path)?;
    let file = bytes::read(path)?;
    Identity::parse(&file).map_err(|error| {
        CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
    })
}

/// The recipient of a file: its own, or that of the identity in it.
fn read(path: &Path) -> Result<PublicHalf, CommandError> {
    let file = bytes::read(path)?;
    let text = String::from_utf8_lossy(&file);
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("hybridge-recipient:"));
    match line {
        Some(line) => PublicHalf::parse(line).map_err(|error| {
            CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
        }),
        None => identity(path).map(|identity| identity.recipient()),
    }
}

fn members(recipient: &PublicHalf) -> Value {
    json!({
        "algorithm": recipient.algorithm().name,
        "fingerprint": recipient.fingerprint(),
        "recipient": recipient.to_string(),
    })
}
