//! `hybridge up`: everything in one process, with certificates of its own.
//! The file's routes are served as they are; the route that is made here stands on rung `upgrade`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use hybridge_edge::config::{Limits, Mode, Protocol, Route, SendProxy, Upstream};
use hybridge_policy::Rung;
use tokio::net::TcpStream;

use crate::built_in::BuiltIn;
use crate::clock;
use crate::command_error::{CommandError, Ending, Explain, Kind};
use crate::data_directory::{self, DataDirectory, Surroundings};
use crate::file::File;
use crate::key_service::{self, KeyService};
use crate::local_authority::{Leaf, LocalAuthority, Name, Origin};
use crate::prober::ScanProber;
use crate::serving::{Bound, Plan};
use crate::source::Source;
use crate::terminal;

/// Protect a service with hybrid post-quantum TLS, everything in one process
///
/// Without --protect a small built-in page is protected: it shows what your own connection
/// negotiated. The first start makes a local certificate authority and a certificate in the data
/// directory; later starts use them again. Nothing else on the machine is changed.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// The service to protect
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_service)]
    protect: Option<String>,

    /// Where clients connect
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,

    /// Where the API and the console listen (loopback only)
    #[arg(long, value_name = "ADDRESS")]
    api: Option<SocketAddr>,

    /// Directory for certificates and the client register
    #[arg(long, value_name = "DIR", env = "HYBRIDGE_DATA", hide_env_values = true, help = format!("Directory for certificates and the client register [default: {}]", data_directory::DEFAULT))]
    data: Option<PathBuf>,

    /// A further name for the certificate, beside localhost, 127.0.0.1 and ::1; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<Name>,

    /// What the service speaks inside TLS
    #[arg(long, value_enum, default_value = "http")]
    protocol: Inside,

    /// A configuration file whose routes are served too
    #[arg(long, value_name = "FILE", env = "HYBRIDGE_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,

    /// Open a data directory that is older than its witness says, and record that
    ///
    /// An older disk image that was put back has keys that were destroyed since, and lacks what was made
    /// since. Without this it is refused.
    #[arg(long)]
    accept_rollback: bool,
}

/// What runs inside TLS.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Inside {
    /// HTTP/1.1, HTTP/2 and WebSocket
    Http,
    /// Any protocol over TCP
    Tcp,
}

/// The name of the route that `up` makes.
const ROUTE: &str = "up";
/// How long the service may take to answer the look at the start.
const LOOK: Duration = Duration::from_secs(1);

impl Up {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        let file = self.config.as_deref().map(File::open).transpose()?;
        let data = DataDirectory::open(&self.directory(file.as_ref())?)?;
        let authority = LocalAuthority::open(&data, clock::now())?;
        let leaf = authority.leaf(&self.names, clock::now())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime
            .cannot(Kind::Internal, "start the runtime")?
            .block_on(self.serve(file, &data, &authority, leaf))
    }

    async fn serve(
        self,
        file: Option<File>,
        data: &DataDirectory,
        authority: &LocalAuthority,
        leaf: Leaf,
    ) -> Result<Ending, CommandError> {
        let own_route =
            self.protect.is_some() || file.as_ref().is_none_or(|file| file.edge.routes.is_empty());
        let built_in = if self.protect.is_none() && own_route {
            Some(BuiltIn::bind()?)
        } else {
            None
        };
        let target = built_in
            .as_ref()
            .map(|page| page.address().to_string())
            .or_else(|| self.protect.clone());
        let route = target.as_ref().map(|target| self.route(target, &leaf));
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
        let keys = KeyService::open(data, setup, config.rate.into(), None).await?;
        let keys = keys.with_backups(data, &backup)?;
        let token = keys.admin_token().await?;
        let plan = Plan {
            source: Source {
                path: self.config.clone(),
                own: route,
                api: None,
            },
            state: Some(data.path().to_owned()),
            api: Some(keys.serving(config)?),
        };
        let bound = Bound::open(plan)?;
        let console = bound
            .api_address()
            .map(|address| format!("http://{address}/"))
            .unwrap_or_default();
        self.announce(&bound, authority, built_in.is_some())?;
        terminal::note(&keys.note(token.as_deref()));
        tokio::select! {
            ended = bound.serve(ScanProber::in_arc()) => ended,
            never = self.look() => match never {},
            never = serve_page(built_in, &console) => match never {},
            never = renew(authority, &self.names, leaf) => match never {},
        }
    }

    fn directory(&self, file: Option<&File>) -> Result<PathBuf, CommandError> {
        let chosen = self
            .data
            .clone()
            .or_else(|| file.and_then(|file| file.data.clone()));
        chosen.map_or_else(|| data_directory::default_path(&Surroundings::of_process()), Ok)
    }

    fn route(&self, upstream: &str, leaf: &Leaf) -> Route {
        Route {
            name: ROUTE.to_owned(),
            listen: self.listen,
            mode: Mode::Terminate,
            protocol: match self.protocol {
                Inside::Http => Protocol::Http,
                Inside::Tcp => Protocol::Tcp,
            },
            upstream: Upstream {
                address: upstream.to_owned(),
                tls: None,
                send_proxy: SendProxy::Off,
                proof: None,
            },
            certificates: vec![leaf.files.clone()],
            rung: Some(Rung::Upgrade),
            canary: None,
            groups: Vec::new(),
            client_auth: None,
            accept_proxy: hybridge_edge::config::AcceptProxy::Off,
            limits: Limits::default(),
        }
    }

    /// An unreachable service is worth a word, not an end: it may come later.
    async fn look(&self) -> Infallible {
        if let Some(service) = &self.protect
            && let Err(why) = reach(service).await
        {
            let meanwhile = match self.protocol {
                Inside::Http => "clients get 502",
                Inside::Tcp => "connections are closed",
            };
            terminal::warn(&format!(
                "{service} cannot be reached now ({why}); {meanwhile} until it answers"
            ));
        }
        std::future::pending().await
    }

    /// What listens where, whom to trust, where to look, how to stop.
    fn announce(&self, bound: &Bound, authority: &LocalAuthority, page: bool) -> Result<(), CommandError> {
        let mut lines = Vec::new();
        let mut urls = Vec::new();
        for view in bound.edge().routes() {
            let what = if page && view.config.name == ROUTE {
                "the built-in page"
            } else {
                &view.config.upstream.address
            };
            lines.push(format!(
                "protecting  {what} at {} ({})",
                view.listen,
                describe(&view)
            ));
            if view.config.name == ROUTE && view.config.protocol == Protocol::Http {
                urls.push(format!("https://localhost:{}/", view.listen.port()));
            }
        }
        let certificate = authority.certificate_path();
        let trust = match urls.first() {
            Some(url) => format!("curl --cacert {} {url}", certificate.display()),
            None => certificate.display().to_string(),
        };
        lines.push(format!("trust       {trust}"));
        if let Some(address) = bound.api_address() {
            lines.push(format!("console     http://{address}/"));
        }
        lines.push("stop        Ctrl-C".to_owned());
        terminal::print(&format!("{}\n", lines.join("\n")))
    }
}

fn describe(view: &hybridge_edge::handle::RouteView) -> String {
    match view.config.mode {
        Mode::Observe => "observing".to_owned(),
        Mode::Terminate | Mode::Originate => format!("rung {}", view.arms.control),
    }
}

/// Reads `HOST:PORT`.
fn parse_service(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let good = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
    if good {
        Ok(text.to_owned())
    } else {
        Err("write HOST:PORT, like 127.0.0.1:8080 or [::1]:8080".to_owned())
    }
}

/// Does somebody answer there?
async fn reach(service: &str) -> Result<(), String> {
    match tokio::time::timeout(LOOK, TcpStream::connect(service)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {LOOK:?}")),
    }
}

async fn serve_page(page: Option<BuiltIn>, console: &str) -> Infallible {
    match page {
        Some(page) => page.serve(console).await,
        None => std::future::pending().await,
    }
}

/// Makes a new leaf whenever one is due; the edge notices the changed file.
async fn renew(authority: &LocalAuthority, names: &[Name], mut leaf: Leaf) -> Infallible {
    /// The longest sleep: a laptop that was closed for a week should not wait another one.
    const CHECK: Duration = Duration::from_secs(3600);
    loop {
        tokio::time::sleep(CHECK).await;
        if clock::now() < leaf.renew_at {
            continue;
        }
        match authority.leaf(names, clock::now()) {
            Ok(current) => {
                if current.origin == Origin::Issued {
                    tracing::info!("the local certificate was renewed");
                }
                leaf = current;
            }
            Err(error) => tracing::error!("the local certificate was not renewed: {}", error.line()),
        }
    }
}
