//! `hybridge edge`: the data plane alone, from a configuration file.
//! Makes nothing of its own: certificates, data and the API are there if the file says so.

use std::path::PathBuf;

use clap::Args;

use crate::admin_token::AdminToken;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::data_directory::DataDirectory;
use crate::file::{File, Step};
use crate::prober::ScanProber;
use crate::serving::{Api, Bound, Plan};
use crate::source::Source;
use crate::terminal;

/// Run the data plane alone, from a configuration file
///
/// Nothing is created: certificates are those of the file. The API and the console run if the file
/// has an `[api]` table; the client register is kept if it names a `data` directory. SIGHUP reads the
/// file again, SIGTERM drains.
#[derive(Args, Debug)]
pub(crate) struct Edge {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "HYBRIDGE_CONFIG", hide_env_values = true)]
    config: PathBuf,
}

impl Edge {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let file = File::open(&self.config)?;
        file.validate()?;
        let data = file.data.as_deref().map(DataDirectory::open).transpose()?;
        let plan = Plan {
            source: Source {
                path: Some(self.config),
                own: None,
                api: None,
            },
            state: data.as_ref().map(|data| data.path().to_owned()),
            api: api(&file, data.as_ref())?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .cannot(Kind::Internal, "start the runtime")?
            .block_on(async {
                let bound = Bound::open(plan)?;
                for route in bound.edge().routes() {
                    let (name, mode) = (&route.config.name, route.config.mode.name());
                    terminal::note(&format!(
                        "{name}: {mode} {} -> {}",
                        route.listen, route.config.upstream.address
                    ));
                }
                if let Some(address) = bound.api_address() {
                    terminal::note(&format!("console: http://{address}/"));
                }
                bound.serve(ScanProber::in_arc()).await
            })
    }
}

/// The API, if the file has one, and the token that opens it.
fn api(file: &File, data: Option<&DataDirectory>) -> Result<Option<Api>, CommandError> {
    let Some(config) = file.api.clone() else {
        return Ok(None);
    };
    let beside = data.map(|data| data.path().join(AdminToken::FILE));
    let Some(path) = config.token_file.clone().or(beside) else {
        let error = file.wrong(&[Step::Key("api")], "the API lets nobody in without a token");
        return Err(error.hint("name a data directory, or set api.token_file"));
    };
    let token = AdminToken::open(&path)?;
    terminal::note(&token.note());
    Ok(Some(token.guarding(config)))
}
