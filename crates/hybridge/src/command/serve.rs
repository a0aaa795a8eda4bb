//! `hybridge serve`: the key service and the API, with the routes of a file if there is one.
//! What `up` is without its own route and its own certificates.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use hybridge_crypto::Algorithm;

use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::data_directory::{self, DataDirectory, Surroundings};
use crate::file::File;
use crate::key_service::{self, KeyService};
use crate::prober::ScanProber;
use crate::self_test;
use crate::serving::{Bound, Plan};
use crate::source::Source;
use crate::terminal;

/// Run the key service
///
/// Keys, key exchange, audit log and backups behind an API on loopback. The first start makes the data
/// directory, seals it with a key file for this machine, and prints the administrator's token once. With
/// --config the routes of that file are served too. SIGHUP reads the file again, SIGTERM drains.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where the API and the console listen (loopback only)
    #[arg(long, value_name = "ADDRESS")]
    api: Option<SocketAddr>,

    /// Directory for keys, the audit log and the administrator's token
    #[arg(long, value_name = "DIR", env = "HYBRIDGE_DATA", hide_env_values = true, help = format!("Directory for keys, the audit log and the administrator's token [default: {}]", data_directory::DEFAULT))]
    data: Option<PathBuf>,

    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "HYBRIDGE_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,

    /// Open a data directory that is older than its witness says, and record that
    ///
    /// An older disk image that was put back has keys that were destroyed since, and lacks what was made
    /// since. Without this it is refused.
    #[arg(long)]
    accept_rollback: bool,

    /// For rehearsals: make the self-test of this algorithm fail at the start
    ///
    /// Changes one bit before the test. It shows what a failure does, in the real program: no key is used,
    /// every cryptographic request is answered 503, and health, metrics and the audit log say so. Nothing can
    /// make a test pass.
    #[arg(long, value_name = "ALGORITHM", value_parser = self_test::parse_algorithm)]
    fail_selftest: Option<&'static Algorithm>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let file = self.config.as_deref().map(File::open).transpose()?;
        let chosen = self
            .data
            .clone()
            .or_else(|| file.as_ref().and_then(|file| file.data.clone()));
        let chosen = chosen.map_or_else(|| data_directory::default_path(&Surroundings::of_process()), Ok)?;
        let data = DataDirectory::open(&chosen)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime
            .cannot(Kind::Internal, "start the runtime")?
            .block_on(self.serve(file, &data))
    }

    async fn serve(self, file: Option<File>, data: &DataDirectory) -> Result<Ending, CommandError> {
        let api = file
            .as_ref()
            .and_then(|file| file.api.clone())
            .unwrap_or_default();
        let config = match self.api {
            Some(listen) => hybridge_api::Config { listen, ..api },
            None => api,
        };
        let written = file.as_ref().map(|file| (file.keys.clone(), file.backup.clone()));
        let (written_keys, backup) = written.unwrap_or_default();
        let setup = hybridge_keys::Config {
            accept_rollback: self.accept_rollback,
            ..written_keys.applied(key_service::config(data))
        };
        let keys = KeyService::open(data, setup, config.rate.into(), self.fail_selftest).await?;
        let keys = keys.with_backups(data, &backup)?;
        let token = keys.admin_token().await?;
        let plan = Plan {
            source: Source {
                path: self.config,
                own: None,
                api: None,
            },
            state: Some(data.path().to_owned()),
            api: Some(keys.serving(config)?),
        };
        let bound = Bound::open(plan)?;
        if let Some(address) = bound.api_address() {
            terminal::print(&format!("api         http://{address}/\nstop        Ctrl-C\n"))?;
        }
        terminal::note(&keys.note(token.as_deref()));
        bound.serve(ScanProber::in_arc()).await
    }
}
