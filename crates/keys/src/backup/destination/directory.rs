//! A folder of backups: temporary file, sync, name, sync of the folder.
//!
//! A name is given by a hard link, which refuses one that exists, where a rename would replace it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Content, Destination, DestinationError, Pending, Stored};

/// A folder on a file system of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// A folder that exists, or is made with mode 0700.
    ///
    /// # Errors
    /// [`DestinationError`] when it cannot be made.
    pub fn open(path: &Path) -> Result<Self, DestinationError> {
        let directory = Self {
            path: path.to_owned(),
        };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| DestinationError::new(directory.place(), "the folder cannot be made", source))?;
        Ok(directory)
    }

    fn with<'a, T: Send + 'static>(
        &'a self,
        what: String,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(work)
                .await
                .map_err(io::Error::other)
                .flatten();
            done.map_err(|source| DestinationError::new(self.place(), what, source))
        })
    }
}

impl Destination for Directory {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn put<'a>(&'a self, name: &'a str, content: Content<'a>) -> Pending<'a, ()> {
        let (folder, to) = (self.path.clone(), self.path.join(name));
        let temporary = self.path.join(format!(".{name}.putting"));
        let what = format!("{name} cannot be written");
        match content {
            Content::Bytes(bytes) => {
                let bytes = bytes.to_vec();
                self.with(what, move || {
                    write(&temporary, &mut &bytes[..])?;
                    place(&temporary, &to, &folder)
                })
            }
            Content::File(path) if path.parent() == Some(&self.path) => {
                let path = path.to_owned();
                self.with(what, move || place(&path, &to, &folder))
            }
            Content::File(path) => {
                let path = path.to_owned();
                self.with(what, move || {
                    write(&temporary, &mut File::open(path)?)?;
                    place(&temporary, &to, &folder)
                })
            }
        }
    }

    fn read<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<u8>> {
        let path = self.path.join(name);
        self.with(format!("{name} cannot be read"), move || fs::read(path))
    }

    fn fetch<'a>(&'a self, name: &'a str, to: &'a Path) -> Pending<'a, ()> {
        let (path, to) = (self.path.join(name), to.to_owned());
        self.with(format!("{name} cannot be copied"), move || {
            write(&to, &mut File::open(path)?)
        })
    }

    fn list(&self) -> Pending<'_, Vec<Stored>> {
        let path = self.path.clone();
        self.with("the folder cannot be listed".to_owned(), move || list(&path))
    }

    fn delete<'a>(&'a self, name: &'a str) -> Pending<'a, ()> {
        let (folder, path) = (self.path.clone(), self.path.join(name));
        self.with(
            format!("{name} cannot be deleted"),
            move || match fs::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
                Ok(()) => File::open(folder)?.sync_all(),
            },
        )
    }
}

fn write(path: &Path, content: &mut impl io::Read) -> io::Result<()> {
    let mut out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    io::copy(content, &mut out)?;
    out.flush()?;
    out.sync_all()
}

/// Gives a synced file its name, unless the name is taken.
fn place(from: &Path, to: &Path, folder: &Path) -> io::Result<()> {
    // A hard link refuses a name that exists; a rename would replace it.
    fs::hard_link(from, to)?;
    fs::remove_file(from)?;
    File::open(folder)?.sync_all()
}

fn list(path: &Path) -> io::Result<Vec<Stored>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if meta.is_file() && !name.starts_with('.') {
            found.push(Stored {
                name,
                bytes: meta.len(),
            });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}
