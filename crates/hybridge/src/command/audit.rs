//! `hybridge audit`: looking at the audit log, taking it away, and verifying it without the service.
//! A log that does not hold together is a finding: exit code 1, and where.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::layout::row;
use crate::private_file;
use crate::service::answer::{items, text};
use crate::service::{Service, ServiceArgs};
use crate::terminal;

use stopped::Stopped;

mod stopped;
mod verify;

/// How often a log that is followed is looked at.
const FOLLOW: Duration = Duration::from_millis(500);
/// Entries in one answer, at most.
const PAGE: usize = 1000;

/// Look at the audit log, take it away, verify it
///
/// Every operation of the key service, allowed or refused, is one entry, chained by hashes and signed now and
/// then. Keep exports, and the public key, where the service is not: what was exported once cannot be changed
/// or shortened unnoticed.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge audit tail -n 20
  hybridge audit tail -f --json | grep refused
  hybridge audit public-key > audit.pem
  hybridge audit export --output log.jsonl
  hybridge audit verify log.jsonl --key audit.pem")]
pub(crate) struct Audit {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    Tail(Tail),
    Export(Export),
    PublicKey(PublicKey),
    Verify(verify::Verify),
}

/// Show the last entries
///
/// One line for each; with --json, one JSON object in a line. The log of a service that does not
/// run is read from the data directory.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hybridge audit tail
  hybridge audit tail -f -n 100
  hybridge audit tail --data /var/lib/hybridge")]
struct Tail {
    /// How many
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    lines: u16,

    /// Show what comes, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

/// Take the log away, as JSON lines that end with a signature over all of it
///
/// The log of a service that does not run is read from the data directory. Nothing can sign the end of it then:
/// `hybridge audit verify --unsigned-end` says how far checkpoints sign it.
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge audit export --output log.jsonl")]
struct Export {
    /// File to write (only its owner may read it), `-` for standard output
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// Only from this entry on
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
}

/// Print the public keys that sign the log, newest first, as PEM
#[derive(Args, Debug)]
#[command(after_long_help = "Example:
  hybridge audit public-key > audit.pem")]
struct PublicKey {}

impl Audit {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        match self.action {
            Action::Tail(tail) => match Stopped::find(&self.service)? {
                Some(stopped) => tail.read(&stopped, self.service.json),
                None => tail.run(&self.service.open()?),
            },
            Action::Export(export) => match Stopped::find(&self.service)? {
                Some(stopped) => export.read(&stopped, self.service.json),
                None => export.run(&self.service.open()?),
            },
            Action::PublicKey(PublicKey {}) => public_key(&self.service.open()?),
            Action::Verify(verify) => verify.run(&self.service),
        }
    }
}

impl Tail {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let mut page = service.read(&format!("/v1/audit?limit={}", self.lines))?;
        loop {
            show(&page, service.is_json())?;
            if !self.follow {
                return Ok(Ending::Done);
            }
            let next = page["next"].as_u64().unwrap_or(1);
            let is_full = items(&page["entries"]).len() == PAGE;
            if !is_full {
                service.run(async |_client| tokio::time::sleep(FOLLOW).await);
            }
            page = service.read(&format!("/v1/audit?from={next}&limit={PAGE}"))?;
        }
    }
}

impl Tail {
    /// The same without the service.
    fn read(self, log: &Stopped, as_json: bool) -> Result<Ending, CommandError> {
        if self.follow {
            let message = "the service does not run, so there is nothing to follow";
            return Err(CommandError::message(Kind::Usage, message).hint("leave -f out"));
        }
        show(&log.tail(usize::from(self.lines))?, as_json)?;
        Ok(Ending::Done)
    }
}

fn show(page: &Value, as_json: bool) -> Result<(), CommandError> {
    let line = |entry: &Value| {
        if as_json {
            format!("{entry}\n")
        } else {
            line(entry)
        }
    };
    let lines: String = items(&page["entries"]).iter().map(line).collect();
    if lines.is_empty() {
        return Ok(());
    }
    terminal::print(&lines)
}

/// `17 2026-11-22T03:45:12.345Z done key.sign app/one token:0123…`.
fn line(entry: &Value) -> String {
    let mut line = text(entry, "sequence");
    for pointer in ["entry/time", "entry/outcome", "entry/event", "entry/principal"] {
        line += &format!(" {}", text(entry, pointer));
    }
    for (name, pointer) in [
        ("key", "entry/key"),
        ("version", "entry/version"),
        ("reason", "entry/reason"),
    ] {
        let value = text(entry, pointer);
        if value != "-" {
            line += &format!(" {name}={value}");
        }
    }
    line + "\n"
}

impl Export {
    fn run(self, service: &Service) -> Result<Ending, CommandError> {
        let path = format!("/v1/audit/export?from={}", self.from);
        self.write(|take| download(service, &path, take))?;
        if self.is_printed() {
            return Ok(Ending::Done);
        }
        let shown = serde_json::json!({"output": self.output, "signed": true});
        service.print(&shown, |shown| row("exported to", &text(shown, "output")))
    }

    /// The same without the service, and so without the signed end.
    fn read(self, log: &Stopped, as_json: bool) -> Result<Ending, CommandError> {
        self.write(|take| log.export(self.from, take))?;
        terminal::warn(
            "the service does not run, so the end of this export is not signed; \
             hybridge audit verify --unsigned-end says how far checkpoints sign it",
        );
        if self.is_printed() {
            return Ok(Ending::Done);
        }
        let shown = serde_json::json!({"output": self.output, "signed": false});
        let text = if as_json {
            crate::service::json(&shown)?
        } else {
            row("exported to", &text(&shown, "output"))
        };
        terminal::print(&text)?;
        Ok(Ending::Done)
    }

    fn is_printed(&self) -> bool {
        self.output == Path::new("-")
    }

    /// Writes what `from` gives, piece by piece until it is told to stop; a file appears when it is whole.
    fn write(
        &self,
        from: impl FnOnce(&mut dyn FnMut(&[u8]) -> bool) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        if self.is_printed() {
            let mut printed = Ok(());
            from(&mut |piece| {
                printed = terminal::print_bytes(piece);
                printed.is_ok()
            })?;
            return printed;
        }
        let folder = self
            .output
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let writing = || format!("write {}", self.output.display());
        let mut file = NamedTempFile::new_in(folder).cannot(Kind::File, writing())?;
        let mut written = Ok(());
        from(&mut |piece| {
            written = file.write_all(piece);
            written.is_ok()
        })?;
        written
            .and_then(|()| file.as_file().sync_all())
            .cannot(Kind::File, writing())?;
        file.persist(&self.output)
            .map_err(|error| error.error)
            .cannot(Kind::File, writing())?;
        private_file::sync_directory(folder).cannot(Kind::File, writing())
    }
}

fn download(service: &Service, path: &str, take: impl FnMut(&[u8]) -> bool) -> Result<(), CommandError> {
    let done = service.run(async |client| client.download(path, take).await);
    done.map_err(|error| service.explain(error))
}

fn public_key(service: &Service) -> Result<Ending, CommandError> {
    let keys = service.read("/v1/audit/public-keys")?;
    service.print(&keys, |keys| {
        let pem = |key: &Value| format!("{}\n", text(key, "pem").trim_end());
        items(keys).iter().map(pem).collect()
    })
}
