//! Bytes that commands take and give: from a file or standard input, to a file or standard output.
//!
//! A terminal gets neither raw bytes nor secrets, unless `--output -` asks for exactly that. Files are written
//! in one step and only their owner may read them.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use zeroize::Zeroizing;

use super::json;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::{private_file, terminal};

/// More cannot be sent anyway.
const INPUT_LEN_MAX: u64 = 64 << 20;

/// Where the bytes come from.
#[derive(Args, Clone, Debug)]
pub(crate) struct Input {
    /// File to read, `-` for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
}

/// Where the bytes go.
#[derive(Args, Clone, Debug)]
pub(crate) struct Output {
    /// File to write (only its owner may read it), `-` for standard output, be it a terminal
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Input {
    /// Reads all of it.
    ///
    /// # Errors
    /// As [`read`].
    pub(crate) fn read(&self) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        read(&self.input)
    }
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// `File`: it cannot be read, or is larger than 64 MiB.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if is_dash(path) {
        std::io::stdin()
            .lock()
            .take(INPUT_LEN_MAX + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(INPUT_LEN_MAX + 1).read_to_end(&mut bytes))
    };
    read.cannot(Kind::File, format!("read {}", named(path)))?;
    if bytes.len() as u64 > INPUT_LEN_MAX {
        let message = format!("{} is larger than {} MiB", named(path), INPUT_LEN_MAX >> 20);
        return Err(CommandError::message(Kind::File, message));
    }
    Ok(bytes)
}

fn named(path: &Path) -> String {
    if is_dash(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

impl Output {
    /// Refuses before anything is done what would be refused afterwards.
    ///
    /// # Errors
    /// `Usage`: the bytes would go to a terminal, and nobody asked for that.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        if self.would_be_shown(terminal::is_output_watched()) {
            let message = "the result would be shown on this terminal";
            return Err(CommandError::message(Kind::Usage, message)
                .hint("write it to a file with --output FILE, or show it with --output -"));
        }
        Ok(())
    }

    /// Would a terminal show it, and nobody said so?
    const fn would_be_shown(&self, watched: bool) -> bool {
        self.output.is_none() && watched
    }

    /// Gives the bytes away.
    ///
    /// # Errors
    /// `File`: they cannot be written.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<Ending, CommandError> {
        match &self.output {
            Some(path) if !is_dash(path) => write(path, bytes)?,
            _ => terminal::print_bytes(bytes)?,
        }
        Ok(Ending::Done)
    }

    /// Gives an answer away as JSON.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn write_json(&self, value: &Value) -> Result<Ending, CommandError> {
        self.write(Zeroizing::new(json(value)?).as_bytes())
    }
}

/// Writes a file (0600) in one step. What is there and is no file (a pipe, a device) is written to instead.
///
/// # Errors
/// `File`: it cannot be written.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let written = OpenOptions::new().write(true).open(path);
        return written
            .and_then(|mut file| file.write_all(bytes))
            .cannot(Kind::File, format!("write {}", path.display()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match (folder, path.file_name()) {
        (None, Some(name)) => private_file::write(&Path::new(".").join(name), bytes),
        _ => private_file::write(path, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_a_result_only_where_somebody_said_so() {
        let to = |output: Option<&str>| Output {
            output: output.map(PathBuf::from),
        };
        assert!(to(None).would_be_shown(true));
        assert!(!to(None).would_be_shown(false));
        assert!(!to(Some("-")).would_be_shown(true));
        assert!(!to(Some("file")).would_be_shown(true));
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
