//! Files that only we may read: checked before they are read, replaced in one step when written.
//! The owner and the mode count, for directories too.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::command_error::{CommandError, Explain, Kind};

/// Refuses a file or directory that others can read or write, or that belongs to somebody else.
///
/// # Errors
/// `File`, with the `chmod` or `chown` that mends it.
pub(crate) fn require_private(path: &Path) -> Result<(), CommandError> {
    let metadata = std::fs::metadata(path).cannot(Kind::File, format!("look at {}", path.display()))?;
    let own = rustix::process::geteuid().as_raw();
    judge(path, &metadata, own)
}

fn judge(path: &Path, metadata: &Metadata, own: u32) -> Result<(), CommandError> {
    let shown = path.display();
    if metadata.uid() != own {
        let message = format!(
            "{shown} belongs to user {}, not to user {own}, who runs this",
            metadata.uid()
        );
        return Err(CommandError::message(Kind::File, message)
            .hint(format!("run as its owner, or chown -R {own} {shown}")));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        let (message, right) = if metadata.is_dir() {
            ("enter", 700)
        } else {
            ("read", 600)
        };
        let message =
            format!("others may {message} {shown} (mode {mode:04o}), and private keys are in there");
        return Err(CommandError::message(Kind::File, message).hint(format!("chmod {right} {shown}")));
    }
    Ok(())
}

/// Reads a private file.
///
/// # Errors
/// `File`: it is not there, not private, or not text.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, CommandError> {
    require_private(path)?;
    let text = std::fs::read_to_string(path).cannot(Kind::File, format!("read {}", path.display()))?;
    Ok(Zeroizing::new(text))
}

/// Puts a private file (0600) in place in one step: readers see the old content or the new one, a
/// power loss included.
///
/// # Errors
/// `File`: it cannot be written.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Always the same name: what a killed process left half written is replaced by the next attempt.
    name.push(".new");
    let new = path.with_file_name(name);
    let replace = || {
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        sync_directory(folder)
    };
    replace().cannot(Kind::File, format!("write {}", path.display()))
}

/// Makes renames in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use tempfile::NamedTempFile;

    use super::*;

    #[test]
    fn what_is_written_is_private_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(&**read(&path).unwrap(), "new");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn what_a_killed_attempt_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        File::create(folder.path().join("key.new")).unwrap();
        write(&path, b"whole").unwrap();
        assert_eq!(&**read(&path).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let file = NamedTempFile::new().unwrap();
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o604)).unwrap();
        let error = read(file.path()).unwrap_err();
        assert_eq!(error.kind, Kind::File);
        assert!(error.line().contains("(mode 0604)"), "{}", error.line());
        assert_eq!(error.hints, [format!("chmod 600 {}", file.path().display())]);
    }

    #[test]
    fn a_file_of_somebody_else_is_refused() {
        let file = NamedTempFile::new().unwrap();
        let metadata = file.as_file().metadata().unwrap();
        let error = judge(Path::new("/data/key"), &metadata, metadata.uid() + 1).unwrap_err();
        assert!(
            error.line().starts_with("/data/key belongs to user "),
            "{}",
            error.line()
        );
    }
}
