//! The data directory: where it is, that only we can read it, and that only one process uses it.
//! The lock is the system's and ends with the process, however that ends.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::command_error::{CommandError, Explain, Kind};
use crate::private_file;

/// Where the data goes when nobody says so, shown in help.
pub(crate) const DEFAULT: &str =
    "/var/lib/hybridge for root, else $XDG_DATA_HOME/hybridge or ~/.local/share/hybridge";

/// A data directory that is ours alone while this value lives.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    /// Held for its lock, which the system drops with the process.
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory (0700) if need be, checks who can read it, and locks it.
    ///
    /// # Errors
    /// `File`: it cannot be made, others can read it, it belongs to somebody else, or another
    /// process uses it.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.cannot(Kind::File, format!("make the data directory {}", path.display()))
            .map_err(|error| error.hint("choose a place that you may write to with --data DIR"))?;
        // First, so that what is checked is what is locked and used, whatever becomes of a symbolic link.
        let path = path
            .canonicalize()
            .cannot(Kind::File, format!("find {}", path.display()))?;
        private_file::require_private(&path)?;
        let lock = lock(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// The absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The variables that the default depends on.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) is_root: bool,
    pub(crate) xdg_data_home: Option<OsString>,
    pub(crate) home: Option<OsString>,
}

impl Surroundings {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self {
            is_root: rustix::process::geteuid().is_root(),
            xdg_data_home: std::env::var_os("XDG_DATA_HOME"),
            home: std::env::var_os("HOME"),
        }
    }
}

/// The default place (XDG Base Directory Specification: a relative `XDG_DATA_HOME` is ignored).
///
/// # Errors
/// `Usage`: there is no home either.
pub(crate) fn default_path(surroundings: &Surroundings) -> Result<PathBuf, CommandError> {
    if surroundings.is_root {
        return Ok(PathBuf::from("/var/lib/hybridge"));
    }
    let absolute = |value: &Option<OsString>| {
        value
            .as_ref()
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data_home = absolute(&surroundings.xdg_data_home)
        .or_else(|| absolute(&surroundings.home).map(|home| home.join(".local/share")));
    data_home.map(|path| path.join("hybridge")).ok_or_else(|| {
        CommandError::message(
            Kind::Usage,
            "no place for data: neither XDG_DATA_HOME nor HOME is set",
        )
        .hint("name one with --data DIR or HYBRIDGE_DATA")
    })
}

/// Takes the lock and leaves our process id in it, for whoever comes second.
fn lock(directory: &Path) -> Result<File, CommandError> {
    let path = directory.join("lock");
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let mut file = opened.cannot(Kind::File, format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(directory, &mut file)),
        Err(TryLockError::Error(error)) => {
            return Err(error).cannot(Kind::File, format!("lock {}", path.display()));
        }
    }
    let noted = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    noted.cannot(Kind::File, format!("write {}", path.display()))?;
    Ok(file)
}

/// Whether a running process uses the directory, as its lock says. Nothing is made, nothing is taken.
pub(crate) fn is_in_use(directory: &Path) -> bool {
    let Ok(lock) = File::open(directory.join("lock")) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn in_use(directory: &Path, lock: &mut File) -> CommandError {
    let mut holder = String::new();
    let _best_effort = lock.take(20).read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "another process".to_owned(),
        id => format!("process {id}"),
    };
    CommandError::message(
        Kind::File,
        format!("{} is in use by {holder}", directory.display()),
    )
    .hint("stop that one first, or give this one its own directory with --data DIR")
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_default_follows_root_and_xdg_and_home() {
        let place = |is_root, xdg: Option<&str>, home: Option<&str>| {
            let surroundings = Surroundings {
                is_root,
                xdg_data_home: xdg.map(OsString::from),
                home: home.map(OsString::from),
            };
            default_path(&surroundings).map(|path| path.display().to_string())
        };
        assert_eq!(
            place(true, Some("/x"), Some("/root")).unwrap(),
            "/var/lib/hybridge"
        );
        assert_eq!(place(false, Some("/x"), Some("/home/a")).unwrap(), "/x/hybridge");
        assert_eq!(
            place(false, Some("relative"), Some("/home/a")).unwrap(),
            "/home/a/.local/share/hybridge"
        );
        assert_eq!(place(false, None, None).unwrap_err().kind, Kind::Usage);
    }

    #[test]
    fn a_new_directory_is_ours_alone_and_can_be_opened_again() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/b");
        let first = DataDirectory::open(&path).unwrap();
        assert_eq!(mode(first.path()), 0o700);
        drop(first);
        DataDirectory::open(&path).unwrap();
    }

    #[test]
    fn the_second_process_is_told_who_is_first() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let _first = DataDirectory::open(&path).unwrap();
        let error = DataDirectory::open(&path).unwrap_err();
        assert_eq!(error.kind, Kind::File);
        assert!(
            error
                .line()
                .ends_with(&format!("is in use by process {}", std::process::id())),
            "{}",
            error.line()
        );
    }

    #[test]
    fn a_directory_is_in_use_while_its_process_holds_it() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        assert!(!is_in_use(&path), "there is none");
        let held = DataDirectory::open(&path).unwrap();
        assert!(is_in_use(&path));
        drop(held);
        assert!(!is_in_use(&path), "the lock file stays, the lock does not");
    }

    #[test]
    fn a_directory_that_others_can_read_is_refused_with_the_remedy() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::set_permissions(temporary.path(), Permissions::from_mode(0o750)).unwrap();
        let error = DataDirectory::open(temporary.path()).unwrap_err();
        assert!(error.line().contains("(mode 0750)"), "{}", error.line());
        assert_eq!(error.hints, [format!("chmod 700 {}", temporary.path().display())]);
    }

    #[test]
    fn a_symbolic_link_is_followed_once_and_its_target_judged() {
        let temporary = tempfile::tempdir().unwrap();
        let target = temporary.path().canonicalize().unwrap().join("target");
        std::fs::create_dir(&target).unwrap();
        std::fs::set_permissions(&target, Permissions::from_mode(0o755)).unwrap();
        let link = temporary.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let error = DataDirectory::open(&link).unwrap_err();
        assert_eq!(error.hints, [format!("chmod 700 {}", target.display())]);
        std::fs::set_permissions(&target, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(DataDirectory::open(&link).unwrap().path(), target);
    }
}
