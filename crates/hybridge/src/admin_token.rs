//! The token of the local administrator, in a file that only its owner may read.
//! Made at the first start; whoever can read the file may do everything.

use std::path::{Path, PathBuf};

use hybridge_api::{Access, TokenSource};
use hybridge_keys::token::{Digest, Secret};

use zeroize::Zeroizing;

use crate::command_error::{CommandError, Kind};
use crate::private_file;
use crate::serving::Api;

/// The administrator's token.
#[derive(Debug)]
pub(crate) struct AdminToken {
    path: PathBuf,
    digest: Digest,
    /// Only right after it was made: it is shown once.
    made: Option<Secret>,
}

impl AdminToken {
    /// Its name in the data directory.
    pub(crate) const FILE: &str = "admin.token";

    /// Reads the file, or makes it (0600) with a new token.
    ///
    /// # Errors
    /// `File`: others can read it, it holds no token, or it cannot be made.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        if path.try_exists().unwrap_or(true) {
            return Self::read(path);
        }
        let secret = Secret::generate().map_err(|error| CommandError::new(Kind::Internal, error))?;
        put(path, &secret)?;
        Ok(Self {
            path: path.to_owned(),
            digest: secret.digest(),
            made: Some(secret),
        })
    }

    fn read(path: &Path) -> Result<Self, CommandError> {
        let text = private_file::read(path)?;
        let digest = Digest::parse(text.trim()).map_err(|error| {
            CommandError::new(Kind::File, error)
                .context(format!("cannot use {}", path.display()))
                .hint("remove the file: the next start makes a new one")
        })?;
        Ok(Self {
            path: path.to_owned(),
            digest,
            made: None,
        })
    }

    /// One line for the terminal, with the token if it was made just now.
    pub(crate) fn note(&self) -> String {
        match &self.made {
            Some(secret) => format!(
                "admin token: {} (kept in {})",
                secret.reveal(),
                self.path.display()
            ),
            None => format!("admin token: in {}", self.path.display()),
        }
    }

    /// The API with this token as the only way in.
    pub(crate) fn guarding(&self, config: hybridge_api::Config) -> Api {
        let tokens = TokenSource::admin(self.digest.clone(), config.rate.into());
        Api {
            config,
            access: Access::new(tokens),
            keys: None,
        }
    }
}

/// Where the token of a data directory is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(AdminToken::FILE)
}

/// The text of the file, if there is one.
///
/// # Errors
/// `File`: others can read it.
pub(crate) fn text(path: &Path) -> Result<Option<Zeroizing<String>>, CommandError> {
    if path.try_exists().unwrap_or(true) {
        private_file::read(path).map(Some)
    } else {
        Ok(None)
    }
}

/// Puts a new token into the file.
///
/// # Errors
/// `File`: it cannot be written.
pub(crate) fn put(path: &Path, secret: &Secret) -> Result<(), CommandError> {
    private_file::write(path, format!("{}\n", secret.reveal()).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_start_makes_it_and_later_starts_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(AdminToken::FILE);
        let first = AdminToken::open(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = AdminToken::open(&path).unwrap();
        assert!(first.digest.is_same(&again.digest));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(first.note().contains(text.trim()), "shown once");
        assert!(!again.note().contains(text.trim()), "and not again");
    }

    #[test]
    fn a_file_without_a_token_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(AdminToken::FILE);
        private_file::write(&path, b"secret\n").unwrap();
        let error = AdminToken::open(&path).unwrap_err();
        assert_eq!(error.kind, Kind::File);
        assert_eq!(error.hints, ["remove the file: the next start makes a new one"]);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(AdminToken::FILE);
        AdminToken::open(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            AdminToken::open(&path)
                .unwrap_err()
                .line()
                .contains("others may read")
        );
    }
}
