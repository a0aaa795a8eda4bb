//! `hybridge config show`: the effective configuration, defaults included.
//! As TOML it is a configuration file again; private keys are named and never read.

use std::path::PathBuf;

use clap::Args;

use crate::command_error::{CommandError, Ending, Kind};
use crate::data_directory::{self, Surroundings};
use crate::file::effective::Effective;
use crate::terminal;

/// Show the effective configuration, defaults included
///
/// The output is a configuration file again. It names key files and never shows what is in them.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The file
    #[arg(env = "HYBRIDGE_CONFIG", hide_env_values = true)]
    file: Option<PathBuf>,

    /// The data directory, over what the file says
    #[arg(long, value_name = "DIR", env = "HYBRIDGE_DATA", hide_env_values = true)]
    data: Option<PathBuf>,

    /// Print JSON instead of TOML
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let file = super::open(self.file)?;
        file.validate()?;
        let data = match self.data.or_else(|| file.data.clone()) {
            Some(data) => data,
            None => data_directory::default_path(&Surroundings::of_process())?,
        };
        let effective = Effective::new(&data, &file);
        let text = if self.json {
            json(&effective)
        } else {
            toml::to_string(&effective).map_err(internal)
        }?;
        terminal::print(&text)?;
        Ok(Ending::Done)
    }
}

fn json(effective: &Effective) -> Result<String, CommandError> {
    serde_json::to_string_pretty(effective)
        .map(|text| text + "\n")
        .map_err(internal)
}

fn internal(error: impl Into<anyhow::Error>) -> CommandError {
    CommandError::new(Kind::Internal, error)
}
