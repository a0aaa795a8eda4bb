//! Our side: the configuration of an edge, the running process, and what its API tells.
//!
//! One edge has one route, named `web`. Everything is read over the API, as an operator would.

use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::credentials::Kind;
use super::handshake::Handshake;
use super::http::Api;
use super::process::Started;
use super::scene::Scene;

/// The data directory, beside the file.
const DATA: &str = "state";

/// The file of `hybridge edge`, as far as the cases need it.
#[derive(Debug, Serialize)]
struct File {
    data: &'static str,
    api: Listen,
    process: Process,
    route: Vec<Route>,
}

#[derive(Debug, Serialize)]
struct Listen {
    listen: String,
}

#[derive(Debug, Serialize)]
struct Process {
    drain: &'static str,
}

/// `[[route]]`.
#[derive(Debug, Serialize)]
pub(super) struct Route {
    name: &'static str,
    listen: String,
    mode: &'static str,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rung: Option<&'static str>,
    accept_proxy: &'static str,
    certificate: Vec<Pair>,
    upstream: Upstream,
}

#[derive(Debug, Serialize)]
struct Pair {
    chain: String,
    key: String,
}

/// `[route.upstream]`.
#[derive(Debug, Serialize)]
struct Upstream {
    address: String,
    send_proxy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<UpstreamTls>,
}

/// `[route.upstream.tls]`.
#[derive(Debug, Serialize)]
struct UpstreamTls {
    name: &'static str,
    authorities: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rung: Option<&'static str>,
}

impl Route {
    fn new(mode: &'static str, protocol: &'static str, upstream: u16) -> Self {
        Self {
            name: "web",
            listen: String::new(),
            mode,
            protocol,
            rung: None,
            accept_proxy: "off",
            certificate: Vec::new(),
            upstream: Upstream {
                address: format!("127.0.0.1:{upstream}"),
                send_proxy: "off",
                tls: None,
            },
        }
    }

    /// TLS in, plaintext out.
    pub(super) fn terminate(rung: &'static str, upstream: u16) -> Self {
        Self {
            rung: Some(rung),
            ..Self::new("terminate", "http", upstream)
        }
    }

    /// Plaintext in, TLS out.
    pub(super) fn originate(rung: &'static str, upstream: u16, scene: &Scene<'_>) -> Self {
        Self {
            rung: Some(rung),
            ..Self::new("originate", "http", upstream).over_tls(None, scene)
        }
    }

    /// Bytes pass untouched.
    pub(super) fn observe(upstream: u16) -> Self {
        Self::new("observe", "tcp", upstream)
    }

    /// Bytes instead of HTTP.
    pub(super) fn tcp(self) -> Self {
        Self {
            protocol: "tcp",
            ..self
        }
    }

    /// With certificates of these kinds.
    pub(super) fn certificates(self, kinds: &[Kind], scene: &Scene<'_>) -> Self {
        let credentials = scene.credentials();
        let pair = |kind: &Kind| Pair {
            chain: credentials.chain(*kind).display().to_string(),
            key: credentials.key_path(*kind).display().to_string(),
        };
        Self {
            certificate: kinds.iter().map(pair).collect(),
            ..self
        }
    }

    /// TLS towards the upstream, trusting the authority of the run.
    pub(super) fn over_tls(mut self, rung: Option<&'static str>, scene: &Scene<'_>) -> Self {
        self.upstream.tls = Some(UpstreamTls {
            name: "localhost",
            authorities: scene.credentials().authority_path().display().to_string(),
            rung,
        });
        self
    }

    /// A PROXY header first, towards the upstream.
    pub(super) fn sending_proxy(mut self, version: &'static str) -> Self {
        self.upstream.send_proxy = version;
        self
    }

    /// A PROXY header expected from whoever connects.
    pub(super) fn requiring_proxy(self) -> Self {
        Self {
            accept_proxy: "required",
            ..self
        }
    }
}

/// A running edge with one route, named `web`.
#[derive(Debug)]
pub(super) struct Edge {
    /// Where clients connect.
    pub(super) port: u16,
    api: Api,
    process: Started,
}

/// `GET /v1/routes`, the part that cases look at.
#[derive(Debug, Deserialize)]
pub(super) struct RouteView {
    pub(super) totals: Totals,
}

#[derive(Debug, Deserialize)]
pub(super) struct Totals {
    pub(super) handshakes: u64,
    pub(super) failures: u64,
    pub(super) missed_upgrades: u64,
}

impl Edge {
    /// Starts an edge and waits until it listens.
    ///
    /// # Errors
    /// It ends, or does not listen in time.
    pub(super) fn start(scene: &Scene<'_>, mut route: Route) -> anyhow::Result<Self> {
        let (port, api) = (scene.port()?, scene.port()?);
        route.listen = format!("127.0.0.1:{port}");
        if route.mode == "terminate" && route.certificate.is_empty() {
            route = route.certificates(&[Kind::Ecdsa], scene);
        }
        let file = File {
            data: DATA,
            api: Listen {
                listen: format!("127.0.0.1:{api}"),
            },
            process: Process { drain: "2s" },
            route: vec![route],
        };
        let path = scene.file("hybridge.toml", toml::to_string(&file)?)?;
        let mut command = Command::new(&scene.workshop.hybridge);
        command.args(["edge", "--config"]).arg(path);
        let process = scene.serve(&mut command, port).context("our edge")?;
        let api = Api::of(api, &scene.folder().join(DATA))?;
        Ok(Self { port, api, process })
    }

    /// The recent handshakes, oldest first, once there are `count` of them.
    ///
    /// # Errors
    /// There are fewer after a while.
    pub(super) fn handshakes(&self, scene: &Scene<'_>, count: usize) -> anyhow::Result<Vec<Handshake>> {
        let what = format!("{count} handshakes in /v1/handshakes");
        let mut found = scene.until(&what, || {
            let text = self.api.get("/v1/handshakes?limit=1000")?;
            let records: Vec<Handshake> = serde_json::from_str(&text).context("/v1/handshakes")?;
            Ok((records.len() >= count).then_some(records))
        })?;
        found.reverse();
        Ok(found)
    }

    /// The one handshake that there was.
    ///
    /// # Errors
    /// There is none after a while, or there are more.
    pub(super) fn handshake(&self, scene: &Scene<'_>) -> anyhow::Result<Handshake> {
        let mut records = self.handshakes(scene, 1)?;
        ensure!(records.len() == 1, "one handshake expected, seen: {records:#?}");
        records.pop().context("no handshake")
    }

    /// The route with its totals.
    ///
    /// # Errors
    /// The API does not answer.
    pub(super) fn route(&self) -> anyhow::Result<RouteView> {
        let text = self.api.get("/v1/routes/web")?;
        serde_json::from_str(&text).context("/v1/routes/web")
    }

    /// Changes the route at run time.
    ///
    /// # Errors
    /// The API refuses.
    pub(super) fn change(&self, json: &str) -> anyhow::Result<()> {
        self.api.post("/v1/routes/web", json)?;
        Ok(())
    }

    /// Drains the edge, which must end well and without a panic in its log.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn end(mut self, scene: &Scene<'_>) -> anyhow::Result<()> {
        scene.end(&mut self.process).context("our edge")?;
        let log = self.process.said();
        ensure!(!log.contains("panicked"), "our edge panicked: {log}");
        Ok(())
    }
}
