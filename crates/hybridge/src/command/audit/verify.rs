//! `hybridge audit verify`: an export, or the log of a store that does not run, against public keys.
//!
//! Nothing of the service is asked or believed. A store's log can be read while it is sealed; entries after
//! its last checkpoint are not signed yet, which is said.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use hybridge_keys::audit::{self, Head, PublicKey, Report, Tampered, Verifier};
use hybridge_keys::{Keys, OpenError};
use serde_json::{Value, json};

use super::stopped;
use crate::command_error::{CommandError, Ending, Explain, Kind, chain_line};
use crate::data_directory::{self, DataDirectory, Surroundings};
use crate::layout::row;
use crate::service::{ServiceArgs, answer};
use crate::{key_service, terminal};

/// Entries that are read at once.
const PAGE: usize = 1000;

/// Verify the log, with the public key alone
///
/// Finds what was changed, removed, put in, moved or cut off, and says where; ends with exit code 1 then.
/// Without FILE, the log of the store in the data directory is verified; the service must not run.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge audit verify log.jsonl --key audit.pem
  hybridge audit verify log.jsonl --key audit.pem --expect 4711:6b86b273ff34fce19d6b804eff5a3f57…
  hybridge audit verify --data /var/lib/hybridge --key audit.pem")]
pub(super) struct Verify {
    /// The export
    file: Option<PathBuf>,

    /// A public key that signs the log, in PEM; may be repeated
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,

    /// A head of the log that is known from elsewhere: it must occur
    #[arg(long, value_name = "NUMBER:HASH", value_parser = parse_head)]
    expect: Option<Head>,

    /// Accept that the export ends without a signature, as one of a stopped service does
    ///
    /// Then only --expect finds that its last entries were cut off.
    #[arg(long, requires = "file")]
    unsigned_end: bool,
}

fn parse_head(text: &str) -> Result<Head, String> {
    let malformed = || "write NUMBER:HASH, the hash as 64 hexadecimal digits".to_owned();
    let (sequence, digits) = text.split_once(':').ok_or_else(malformed)?;
    let mut hash = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(malformed());
    }
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_malformed| malformed())?;
    }
    let sequence = sequence.parse().map_err(|_malformed| malformed())?;
    Ok(Head { sequence, hash })
}

/// What was found, or what is wrong.
type Finding = Result<Report, String>;

impl Verify {
    pub(super) fn run(self, service: &ServiceArgs) -> Result<Ending, CommandError> {
        let keys = public_keys(&self.keys)?;
        let (what, finding) = match &self.file {
            Some(path) => (path.display().to_string(), self.export(path, &keys)?),
            None => {
                let folder = match &service.data {
                    Some(folder) => folder.clone(),
                    None => data_directory::default_path(&Surroundings::of_process())?,
                };
                (folder.display().to_string(), self.store(&folder, &keys)?)
            }
        };
        let mut value = in_json(&what, &finding);
        if let (Some(_export), Ok(report)) = (&self.file, &finding) {
            value["end_signed"] = json!(report.is_end_signed);
        }
        let text = if service.json {
            crate::service::json(&value)?
        } else {
            in_words(&value)
        };
        terminal::print(&text)?;
        Ok(if finding.is_ok() {
            Ending::Done
        } else {
            Ending::Negative
        })
    }

    fn export(&self, path: &Path, keys: &[PublicKey]) -> Result<Finding, CommandError> {
        let reading = || format!("read {}", path.display());
        let file = File::open(path).cannot(Kind::File, reading())?;
        let mut failed: Option<io::Error> = None;
        let lines = BufReader::new(file)
            .split(b'\n')
            .map_while(|line| line.map_err(|error| failed = Some(error)).ok());
        let verified = if self.unsigned_end {
            audit::verify_without_end(lines, keys, self.expect)
        } else {
            audit::verify(lines, keys, self.expect)
        };
        match failed {
            Some(error) => Err(error).cannot(Kind::File, reading()),
            None => Ok(verified.map_err(|tampered| tampered.to_string())),
        }
    }

    fn store(&self, folder: &Path, keys: &[PublicKey]) -> Result<Finding, CommandError> {
        if !stopped::has_store(folder) {
            let message = format!("there is no key store in {}", folder.display());
            return Err(CommandError::message(Kind::File, message));
        }
        let data = DataDirectory::open(folder)
            .map_err(|error| error.hint("of a service that runs, verify an export: hybridge audit export"))?;
        // An older image is what a witness calls a log that was cut.
        match Keys::open(key_service::config(&data)) {
            Ok(store) => Ok(self.entries(&store, keys)),
            Err(OpenError::Fault(fault)) => Err(CommandError::new(Kind::File, fault)),
            Err(error) => Ok(Err(chain_line(&error))),
        }
    }

    fn entries(&self, store: &Keys, keys: &[PublicKey]) -> Finding {
        let end = store.log_head();
        let id = store.store_id();
        let mut verifier = Verifier::new(id, Head::empty(id), keys);
        if let Some(expected) = self.expect {
            verifier = verifier.expecting(expected);
        }
        let mut next = 1;
        while next <= end.sequence {
            let page = store.audit_entries(next, PAGE);
            let page =
                page.map_err(|error| format!("entry {next} or one after it: {}", chain_line(&error)))?;
            let last = page
                .last()
                .ok_or_else(|| Tampered::Chain { sequence: next }.to_string())?;
            next = last.sequence + 1;
            for entry in &page {
                verifier.push(entry).map_err(|tampered| tampered.to_string())?;
            }
        }
        verifier.finish().map_err(|tampered| tampered.to_string())
    }
}

fn public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>, CommandError> {
    const END: &str = "-----END PUBLIC KEY-----";
    let mut keys = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(path).cannot(Kind::File, format!("read {}", path.display()))?;
        for block in text
            .split_inclusive(END)
            .filter(|block| block.contains("-----BEGIN"))
        {
            let key = PublicKey::parse(block.trim_start().as_bytes());
            keys.push(key.map_err(|error| {
                CommandError::new(Kind::File, error).context(format!("cannot use {}", path.display()))
            })?);
        }
    }
    if keys.is_empty() {
        let message = "there is no public key in the file that --key names";
        return Err(CommandError::message(Kind::File, message));
    }
    Ok(keys)
}

fn in_json(what: &str, finding: &Finding) -> Value {
    match finding {
        Ok(report) => json!({
            "log": what,
            "holds": true,
            "entries": report.entries,
            "checkpoints": report.checkpoints,
            "unsigned": report.unsigned,
            "head": format!("{}:{}", report.head.sequence, hex(&report.head.hash)),
        }),
        Err(why) => json!({"log": what, "holds": false, "problem": why}),
    }
}

fn in_words(value: &Value) -> String {
    let text = |pointer| answer::text(value, pointer);
    let head = row("log", &text("log"));
    if value["holds"] == false {
        return head + &row("TAMPERED", &text("problem"));
    }
    let verified = if value["end_signed"] == false {
        "nothing was changed or removed; the end is not signed, later entries may be cut off"
    } else {
        "nothing was changed, removed or cut off"
    };
    head + &row("entries", &text("entries"))
        + &row("checkpoints", &text("checkpoints"))
        + &row("not signed yet", &text("unsigned"))
        + &row("head", &text("head"))
        + &row("verified", verified)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_number_and_a_hash() {
        let text = format!("7:{}", "ab".repeat(32));
        let head = parse_head(&text).unwrap();
        assert_eq!((head.sequence, head.hash), (7, [0xab; 32]));
        for wrong in [
            "",
            "7",
            "7:ab",
            &format!("x:{}", "ab".repeat(32)),
            &format!("7:{}", "zz".repeat(32)),
        ] {
            assert!(parse_head(wrong).is_err(), "{wrong}");
        }
    }
}
