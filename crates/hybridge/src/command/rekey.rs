//! `hybridge rekey`: another seal for an open service: a key file, a passphrase, or shares.
//! Shares come once: each is written to a file of its own before the command ends well.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use hybridge_keys::recipient::Recipient;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::seal::{PATIENCE, shown};
use super::unseal::typed;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::layout::row;
use crate::service::ServiceArgs;
use crate::service::answer::text;
use crate::{backups, private_file, terminal};

/// Give the key store a new root key and another seal
///
/// All records move to new keys, and what opened the store before opens it no more; its old backups still open
/// as they did. The service stays open meanwhile. With --shares, each holder gets one line, and so many of
/// them open the store together; a line for a holder with a recipient can be opened by that holder alone.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("protector").required(true).multiple(false))]
#[command(after_long_help = "Examples:
  hybridge rekey --passphrase
  hybridge rekey --shares 2/3 --holder alice --holder bob --holder carol --output shares
  hybridge rekey --shares 3/5 --holder alice=@alice.recipient --holder bob=@bob.recipient \\
      --holder carol --holder dave --holder erin --output shares
  hybridge rekey --key-file")]
pub(crate) struct Rekey {
    /// A key file in the data directory: the service opens by itself, on one machine
    #[arg(long, group = "protector")]
    key_file: bool,

    /// A passphrase, which is asked for twice
    #[arg(long, group = "protector")]
    passphrase: bool,

    /// A passphrase in the first line of a file
    #[arg(long, value_name = "FILE", group = "protector")]
    passphrase_file: Option<PathBuf>,

    /// Shares: how many are needed, of how many
    #[arg(long, value_name = "T/N", group = "protector", value_parser = parse_shares, requires = "output")]
    shares: Option<Shares>,

    /// Who holds a share, once for each; with a recipient (or @FILE with one), the share is sealed to it
    #[arg(long = "holder", value_name = "NAME[=RECIPIENT]", requires = "shares")]
    holders: Vec<String>,

    /// Folder for the shares (made with mode 0700); a file for each holder
    #[arg(long, value_name = "DIR", requires = "shares")]
    output: Option<PathBuf>,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Clone, Copy, Debug)]
struct Shares {
    threshold: u8,
    holders: usize,
}

fn parse_shares(text: &str) -> Result<Shares, String> {
    let malformed = || "write how many are needed of how many, like 2/3".to_owned();
    let (threshold, holders) = text
        .split_once('/')
        .or_else(|| text.split_once("-of-"))
        .ok_or_else(malformed)?;
    Ok(Shares {
        threshold: threshold.parse().map_err(|_malformed| malformed())?,
        holders: holders.parse().map_err(|_malformed| malformed())?,
    })
}

impl Rekey {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let body = self.body()?;
        if let Some(folder) = &self.output {
            make_folder(folder)?;
        }
        let service = self.service.open()?.patient(PATIENCE);
        let mut answered = service.write("/v1/seal/rekey", &body)?;
        let written = match &self.output {
            Some(folder) => keep_all(folder, &mut answered)?,
            None => String::new(),
        };
        service.print(&answered, |answered| shown(&answered["seal"]) + &written)
    }

    fn body(&self) -> Result<Value, CommandError> {
        if self.key_file {
            return Ok(json!({"key_file": {}}));
        }
        if let Some(path) = &self.passphrase_file {
            return Ok(json!({"passphrase": *backups::passphrase(path)?}));
        }
        if self.passphrase {
            return Ok(json!({"passphrase": *typed_twice()?}));
        }
        let Some(shares) = self.shares else {
            return Err(CommandError::message(
                Kind::Usage,
                "nothing says what shall keep the root key",
            ));
        };
        if shares.holders != self.holders.len() {
            let message = format!("{} holders are named, not {}", self.holders.len(), shares.holders);
            return Err(CommandError::message(Kind::Usage, message).hint("name each with --holder NAME"));
        }
        let holders: Result<Vec<_>, _> = self.holders.iter().map(|text| holder(text)).collect();
        Ok(json!({"shares": {"threshold": shares.threshold, "holders": holders?}}))
    }
}

fn typed_twice() -> Result<Zeroizing<String>, CommandError> {
    let first = typed("New passphrase: ")?;
    if first != typed("Once more: ")? {
        return Err(CommandError::message(Kind::Usage, "the two are not the same"));
    }
    Ok(first)
}

fn holder(text: &str) -> Result<Value, CommandError> {
    let Some((name, recipient)) = text.split_once('=') else {
        return Ok(json!({"name": text}));
    };
    let line = match recipient.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .cannot(Kind::File, format!("read the recipient of {name} in {path}"))?,
        None => recipient.to_owned(),
    };
    let line = line.trim();
    Recipient::parse(line)
        .map_err(|error| CommandError::new(Kind::Usage, error).context(format!("the recipient of {name}")))?;
    Ok(json!({"name": name, "recipient": line}))
}

fn make_folder(folder: &Path) -> Result<(), CommandError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.cannot(Kind::File, format!("make {}", folder.display()))?;
    private_file::require_private(folder)
}

/// Writes the shares and takes them out of the answer.
fn keep_all(folder: &Path, answered: &mut Value) -> Result<String, CommandError> {
    let lost = "the new seal is in force and this share is lost: rekey again before the service stops";
    let shares = answered["shares"].as_array_mut().into_iter().flatten();
    let written = shares.map(|share| keep(folder, share).map_err(|error| error.hint(lost)));
    let written = written.collect::<Result<String, _>>()?;
    terminal::note(
        "each holder takes one file; keep no copies together, and try them before the service stops",
    );
    Ok(written)
}

/// Writes one share and takes it out of the answer.
fn keep(folder: &Path, share: &mut Value) -> Result<String, CommandError> {
    let line = share["line"].take();
    let line = Zeroizing::new(format!("{}\n", line.as_str().unwrap_or_default()));
    let name: String = text(share, "holder")
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '-' })
        .collect();
    let path = folder.join(format!("share-{}-{name}.txt", text(share, "index")));
    private_file::write(&path, line.as_bytes())?;
    share["file"] = json!(path);
    Ok(row("written", &path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_written_in_two_ways() {
        for text in ["2/3", "2-of-3"] {
            let shares = parse_shares(text).unwrap();
            assert_eq!((shares.threshold, shares.holders), (2, 3));
        }
        for text in ["", "2", "2/x", "300/301"] {
            assert!(parse_shares(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_leaves_the_answer_for_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut share = json!({"index": 2, "holder": "../bob", "line": "hybridge-share-v1:secret"});
        keep(folder.path(), &mut share).unwrap();
        let path = folder.path().join("share-2----bob.txt");
        assert_eq!(
            &**private_file::read(&path).unwrap(),
            "hybridge-share-v1:secret\n"
        );
        assert!(share["line"].is_null());
    }
}
