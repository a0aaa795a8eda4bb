//! The key file: the root key of one machine, beside the store that it opens.
//!
//! Always mode 0600, always replaced as a whole. A rekey writes `root.key.next` first; it becomes
//! `root.key` once the root record that it opens is committed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use hybridge_store::StoreId;
use zeroize::Zeroizing;

use crate::recipient::{TextError, text};

/// Name of the file in the data directory.
pub const NAME: &str = "root.key";
/// Name while a rekey is on its way.
pub const NEXT_NAME: &str = "root.key.next";

const PREFIX: &str = "HYBRIDGE-ROOT-KEY-V1";
const KEY_LEN: usize = 32;
const LEN_MAX: u64 = 64 * 1024;

/// What a key file says.
pub(super) struct KeyFile {
    pub(super) store: String,
    pub(super) sealing: u32,
    pub(super) key: Zeroizing<Vec<u8>>,
}

pub(super) fn write(store: StoreId, sealing: u32, key: &[u8]) -> Zeroizing<String> {
    let line = text::write(&format!("{PREFIX}:{store}:{sealing}"), key);
    let mut file = Zeroizing::new(String::with_capacity(1024));
    file.push_str(
        "# Root key of a Hybridge key store. It is for one machine: whoever reads this file can read every\n\
         # key of the store, and a copy of the disk holds both. Keep it at mode 0600, out of images and out of\n\
         # backups (backups carry their own encryption). Where that is not enough, give the store another seal:\n\
         #   hybridge rekey --passphrase        asked for at each start\n\
         #   hybridge rekey --shares 3-of-5     shares that several people hold\n",
    );
    file.push_str(&line);
    file.push('\n');
    file
}

pub(super) fn read(file: &str) -> Result<KeyFile, KeyFileError> {
    let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let mut lines = file.lines().filter(is_content);
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(KeyFileError::NotAKeyFile);
    };
    let (prefix, key) = text::read(line)?;
    let &[PREFIX, store, sealing] = &prefix.split(':').collect::<Vec<_>>()[..] else {
        return Err(KeyFileError::NotAKeyFile);
    };
    let sealing = sealing.parse().map_err(|_detail| KeyFileError::NotAKeyFile)?;
    if key.len() != KEY_LEN {
        return Err(KeyFileError::NotAKeyFile);
    }
    Ok(KeyFile {
        store: store.to_owned(),
        sealing,
        key,
    })
}

/// The sealing that a key file's text says it is of.
///
/// # Errors
/// [`KeyFileError`] for what is no key file.
pub fn sealing(file: &str) -> Result<u32, KeyFileError> {
    read(file).map(|file| file.sealing)
}

/// The text of a key file; `None` where there is no file.
///
/// # Errors
/// [`KeyFileError::Open`] when others may read it, and what reading gives.
pub fn load(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeyFileError::Io(error)),
    };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { mode });
    }
    if found.len() > LEN_MAX {
        return Err(KeyFileError::NotAKeyFile);
    }
    Ok(Some(Zeroizing::new(fs::read_to_string(path)?)))
}

/// Writes a key file under its final name or not at all: temporary file, sync, rename, sync of the folder.
///
/// # Errors
/// What writing gives.
pub fn store(path: &Path, file: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let temporary = path.with_extension("writing");
    let mut out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    // The mode above counts only where the file is new.
    out.set_permissions(fs::Permissions::from_mode(0o600))?;
    out.write_all(file.as_bytes())?;
    out.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}

/// Makes `root.key.next` the key file.
///
/// # Errors
/// What renaming gives.
pub fn promote(folder: &Path) -> io::Result<()> {
    fs::rename(folder.join(NEXT_NAME), folder.join(NAME))?;
    File::open(folder)?.sync_all()
}

/// Removes a file that holds a root key; nothing happens where there is none.
///
/// # Errors
/// What removing gives.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(path.parent().unwrap_or_else(|| Path::new(".")))?.sync_all(),
    }
}

/// Why a key file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("it is not a key file of a Hybridge store")]
    NotAKeyFile,
    #[error("the line with the key is damaged")]
    Text(#[from] TextError),
    #[error("others can read it (mode {mode:o}); set it to 600")]
    Open { mode: u32 },
    #[error("it cannot be read")]
    Io(#[from] io::Error),
}
