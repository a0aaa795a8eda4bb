//! The lock that keeps a second process out, and files that appear with a name that survives a crash.
//!
//! The lock is advisory and belongs to the process: the operating system drops it when the process ends,
//! however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::fault::{Fault, FaultKind};

/// Held as long as the store is open.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Locks `PATH.lock`.
///
/// # Errors
/// [`FaultKind::Locked`] when another process, or another store of this one, holds it.
pub(crate) fn lock(path: &Path) -> Result<Lock, Fault> {
    let path = with_suffix(path, ".lock");
    let file = private_options()
        .open(&path)
        .map_err(|error| Fault::io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(Fault::new(FaultKind::Locked, &path, "the lock is taken")),
        Err(TryLockError::Error(error)) => Err(Fault::io(&path, &error)),
    }
}

/// Makes an empty file, readable by its owner only, if there is none; its name is durable afterwards.
/// Says whether the file is new.
pub(crate) fn create(path: &Path) -> Result<bool, Fault> {
    let made = private_options().create_new(true).open(path).and_then(|file| {
        file.sync_all()?;
        sync_folder(path)
    });
    match made {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Fault::io(path, &error)),
    }
}

/// Replaces a small file at once: readers see the old bytes or the new ones, also after a crash.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let fresh = with_suffix(path, ".new");
    let written = private_options()
        .truncate(true)
        .open(&fresh)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&fresh, path)?;
            sync_folder(path)
        });
    written.map_err(|error| Fault::io(path, &error))
}

/// Makes the names in a file's folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
