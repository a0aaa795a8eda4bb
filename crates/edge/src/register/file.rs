//! The register on disk: read once at the start, replaced as a whole when it changed.
//!
//! A reader of the file sees the old or the new content, never half of it, whatever happens to the
//! machine. A file that cannot be understood is set aside under another name, never overwritten; if
//! even that fails, nothing is saved. None of this is fatal: the edge serves traffic all the same.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::client::Client;
use super::v1::{self, DecodeError};

/// The file's name within the data directory.
const NAME: &str = "clients.v1.json";

/// A place to save the register, known to be free or to hold a register.
#[derive(Debug)]
pub(super) struct RegisterFile {
    path: PathBuf,
}

/// Why what is there is of no use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl RegisterFile {
    /// Reads the register of a data directory; without a file the register is empty.
    pub(super) fn open(directory: &Path, now_us: i64) -> (Option<Self>, Vec<Client>) {
        let file = Self {
            path: directory.join(NAME),
        };
        match file.read(now_us) {
            Ok(clients) => (Some(file), clients),
            Err(reason) => (file.set_aside(&reason, now_us), Vec::new()),
        }
    }

    /// Replaces the file: temporary file, sync, rename, sync of the directory.
    pub(super) fn replace(&self, clients: &[Client]) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        let mut temporary = NamedTempFile::new_in(directory)?;
        temporary.write_all(&v1::encode(clients))?;
        temporary.as_file().sync_all()?;
        temporary.persist(&self.path).map_err(|failed| failed.error)?;
        File::open(directory)?.sync_all()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self, now_us: i64) -> Result<Vec<Client>, Unusable> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(v1::decode(&bytes, now_us)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames what is there; `None` if it cannot be renamed, and then nothing may be saved.
    fn set_aside(self, reason: &Unusable, now_us: i64) -> Option<Self> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(format!(".damaged-{}", stamp(now_us)));
        let (path, aside) = (self.path.display().to_string(), PathBuf::from(aside));
        match fs::rename(&self.path, &aside) {
            Ok(()) => {
                let aside = aside.display();
                tracing::warn!(%path, %aside, %reason, "the client register is unreadable: set aside, starting empty");
                Some(self)
            }
            Err(error) => {
                tracing::warn!(%path, %reason, %error, "the client register is unreadable and cannot be set aside: not saving it");
                None
            }
        }
    }
}

/// `20261121T101500.123456Z`: sorts by time and has no character that a shell or a file system minds.
fn stamp(at_us: i64) -> String {
    let at = Timestamp::from_microsecond(at_us).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%S%.6fZ").to_string()
}
