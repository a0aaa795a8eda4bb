//! Where the API of a data directory listens, for commands on the same machine.
//! The file is there while the service runs; it names an address and nothing secret.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::command_error::CommandError;
use crate::data_directory;
use crate::private_file;

const FILE: &str = "api.address";

/// An address that is announced while this value lives.
#[derive(Debug)]
pub(crate) struct ApiAddress(PathBuf);

impl ApiAddress {
    /// Puts the address into its file (0600), in one step.
    ///
    /// # Errors
    /// `File`: it cannot be written.
    pub(crate) fn announce(folder: &Path, address: SocketAddr) -> Result<Self, CommandError> {
        let path = folder.join(FILE);
        private_file::write(&path, format!("http://{address}\n").as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for ApiAddress {
    fn drop(&mut self) {
        // A file that stays names an address where nobody answers, which is what a command will say.
        let _removed = std::fs::remove_file(&self.0);
    }
}

/// The address that is announced in a data directory by a process that runs. A file that a killed process left
/// behind counts for nothing: whoever listens there now must not be handed the administrator's token.
pub(crate) fn read(folder: &Path) -> Option<String> {
    if !data_directory::is_in_use(folder) {
        return None;
    }
    let text = private_file::read(&folder.join(FILE)).ok()?;
    let address = text.trim();
    (!address.is_empty()).then(|| address.to_owned())
}
