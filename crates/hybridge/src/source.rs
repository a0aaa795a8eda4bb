//! Where the routes come from: a file, the command line, or both; read again at each reload.
//! What is wrong is explained to whoever wrote it: by file and line, or by flag.

use std::path::PathBuf;

use hybridge_edge::Error;
use hybridge_edge::config::{Config, Route};

use crate::command_error::CommandError;
use crate::edge_error::{self, Origin};
use crate::file::File;

/// The origin of a configuration.
pub(crate) struct Source {
    /// The configuration file.
    pub(crate) path: Option<PathBuf>,
    /// A route from the command line.
    pub(crate) own: Option<Route>,
    /// The route in front of the API.
    pub(crate) api: Option<Route>,
}

impl Source {
    /// Reads the configuration as it is now, and the file that it came from.
    ///
    /// # Errors
    /// The file cannot be read or is wrong.
    pub(crate) fn read(&self) -> Result<(Config, Option<File>), CommandError> {
        let file = self.path.as_deref().map(File::open).transpose()?;
        let mut config = file.as_ref().map(|file| file.edge.clone()).unwrap_or_default();
        config.routes.extend(self.own.clone());
        config.routes.extend(self.api.clone());
        Ok((config, file))
    }

    /// Puts an error of the edge into the words of whoever configured it.
    pub(crate) fn explain(&self, error: Error, file: Option<&File>) -> CommandError {
        edge_error::explain(error, |route| match file {
            _ if self.api.as_ref().is_some_and(|api| api.name == route) => Origin::Flag("[api] listen ="),
            Some(file) if self.own.as_ref().is_none_or(|own| own.name != route) => Origin::File(file),
            _ => Origin::Flag("--listen"),
        })
    }
}
