//! `hybridge rekey`: another seal for an open service: a key file, a passphrase, or shares.
//! Shares come once: each is written to a file of its own, and read back from there to prove that it arrived.
//! Only then does the service put the new seal in force.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use hybridge_crypto::digest::sha256;
use hybridge_keys::recipient::Recipient;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::seal::{PATIENCE, shown};
use super::unseal::typed;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::layout::row;
use crate::service::answer::text;
use crate::service::{Service, ServiceArgs};
use crate::{backups, private_file, terminal};

/// What a file of a share is called by first.
const FILE_PREFIX: &str = "share-";
const ADVICE: &str =
    "each holder takes one file; keep no copies together, and try them before the service stops";
const UNCHANGED: &str =
    "nothing was changed: what opened the store before still does; remove the folder, and rekey again";
const UNCERTAIN: &str = "unless the service refused it, the new seal may be in force: keep the shares and what opened the store before \
     until hybridge seal-status says which it is";

/// Give the key store a new root key and another seal
///
/// All records move to new keys, and what opened the store before opens it no more; its old backups still open
/// as they did. The service stays open meanwhile. With --shares, each holder gets one line, and so many of
/// them open the store together; a line for a holder with a recipient can be opened by that holder alone.
///
/// The new seal of --shares is in force once all files are written and read back, and the service was shown
/// that they hold the shares; until then, what opened the store before still does. Where fewer shares than are
/// needed are in the clear, digests of the files prove that they arrived, not that their holders can open them:
/// let the holders try their identities before the service stops.
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

    /// Folder for the shares (made with mode 0700) without shares in it; a file for each holder
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
            Some(folder) => {
                let kept = keep_all(folder, &mut answered).map_err(|error| error.hint(UNCHANGED))?;
                confirm(&service, &mut answered, &kept)?;
                terminal::note(ADVICE);
                kept.iter()
                    .map(|kept| row("written", &kept.path.display().to_string()))
                    .collect()
            }
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

/// A folder of our own without shares: those of the seal in force must not be replaced before the new ones
/// open anything.
fn make_folder(folder: &Path) -> Result<(), CommandError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.cannot(Kind::File, format!("make {}", folder.display()))?;
    private_file::require_private(folder)?;
    let look = || format!("look into {}", folder.display());
    for entry in folder.read_dir().cannot(Kind::File, look())? {
        let name = entry.cannot(Kind::File, look())?.file_name();
        if name.to_string_lossy().starts_with(FILE_PREFIX) {
            let message = format!("there are shares in {} already", folder.display());
            return Err(CommandError::message(Kind::File, message).hint("name another folder with --output"));
        }
    }
    Ok(())
}

/// A share that was written.
struct Kept {
    path: PathBuf,
    is_sealed: bool,
}

/// Writes the shares and takes them out of the answer.
fn keep_all(folder: &Path, answered: &mut Value) -> Result<Vec<Kept>, CommandError> {
    let shares = answered["shares"].as_array_mut().into_iter().flatten();
    shares.map(|share| keep(folder, share)).collect()
}

/// Writes one share and takes it out of the answer.
fn keep(folder: &Path, share: &mut Value) -> Result<Kept, CommandError> {
    let line = share["line"].take();
    let line = Zeroizing::new(format!("{}\n", line.as_str().unwrap_or_default()));
    let name: String = text(share, "holder")
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '-' })
        .collect();
    let path = folder.join(format!("{FILE_PREFIX}{}-{name}.txt", text(share, "index")));
    private_file::write(&path, line.as_bytes())?;
    share["file"] = json!(path);
    Ok(Kept {
        path,
        is_sealed: share["sealed"] == true,
    })
}

/// Shows the service what lies in the files, and puts the seal that it answers in the place of the old one.
fn confirm(service: &Service, answered: &mut Value, kept: &[Kept]) -> Result<(), CommandError> {
    let proof = proof(&answered["pending"], kept).map_err(|error| error.hint(UNCHANGED))?;
    let confirmed = service.write("/v1/seal/rekey/confirm", &proof);
    answered["seal"] = confirmed.map_err(|error| error.hint(UNCERTAIN))?;
    answered["pending"] = Value::Null;
    Ok(())
}

/// The shares in the clear, or digests of all lines, as the service asks for.
fn proof(pending: &Value, kept: &[Kept]) -> Result<Value, CommandError> {
    let mut shares = Vec::new();
    let mut digests = Vec::new();
    for Kept { path, is_sealed } in kept {
        let content = private_file::read(path)?;
        let line = content.trim_end();
        digests.push(hex(&sha256(line.as_bytes())));
        if !is_sealed {
            shares.push(json!(line));
        }
    }
    Ok(if pending["proof"] == "digests" {
        json!({"id": pending["id"], "digests": digests})
    } else {
        json!({"id": pending["id"], "shares": shares})
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    #[test]
    fn shares_in_the_folder_are_not_replaced() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("shares");
        make_folder(&folder).unwrap();
        keep(&folder, &mut json!({"index": 1, "holder": "a", "line": "x"})).unwrap();
        let error = make_folder(&folder).unwrap_err();
        assert!(error.line().contains("already"), "{}", error.line());
    }

    #[test]
    fn a_proof_is_what_lies_in_the_files_as_it_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut shares = json!([
            {"index": 1, "holder": "a", "sealed": false, "line": "abc"},
            {"index": 2, "holder": "b", "sealed": true, "line": "def"},
        ]);
        let shares = shares.as_array_mut().unwrap();
        let kept: Vec<_> = shares
            .iter_mut()
            .map(|share| keep(folder.path(), share).unwrap())
            .collect();
        let shown = proof(&json!({"id": "7", "proof": "shares"}), &kept).unwrap();
        assert_eq!(shown, json!({"id": "7", "shares": ["abc"]}));
        let shown = proof(&json!({"id": "7", "proof": "digests"}), &kept).unwrap();
        // FIPS 180-4, the example "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(shown["digests"][0], abc);
        assert_eq!(shown["digests"].as_array().unwrap().len(), 2);
        assert!(shown["shares"].is_null());
    }
}
