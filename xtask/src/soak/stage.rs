//! The scene: a folder with certificate and configuration, the edge, the echo upstream behind it, and the
//! edge's own HTTP interface.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use super::limits::Limits;
use super::process::{Process, Talking, poll};

/// Below the range from which the kernel takes ports for outgoing connections: the upstream's port must
/// still be free when it comes back.
const PORTS: std::ops::Range<u16> = 21_000..31_000;

/// What the edge is configured with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Weight of the canary arm, in parts per ten thousand.
    pub(super) weight: u64,
    pub(super) second: bool,
}

/// What is run, and how.
#[derive(Debug)]
pub(super) struct Programs {
    /// The program under test.
    pub(super) edge: PathBuf,
    /// Upstream and clients.
    pub(super) load: PathBuf,
    /// The upstream's role: `echo`, or `liar`.
    pub(super) upstream: &'static str,
    pub(super) limits: Limits,
}

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Stage {
    folder: TempDir,
    programs: Programs,
    pub(super) edge: Process,
    upstream: Process,
    ports: Ports,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    api: SocketAddr,
    first: SocketAddr,
    second: SocketAddr,
    upstream: SocketAddr,
}

impl Stage {
    /// Starts edge and upstream.
    pub(super) fn build(programs: Programs) -> anyhow::Result<Self> {
        let missing = programs.edge.display();
        ensure!(
            programs.edge.exists(),
            "{missing} is missing: run cargo build --release"
        );
        let folder = tempfile::tempdir()?;
        make_certificate(folder.path())?;
        let ports = Ports::find()?;
        let shape = Shape {
            weight: 0,
            second: false,
        };
        let config = folder.path().join("edge.toml");
        write(&config, &ports.config(folder.path(), &programs.limits, shape))?;
        let upstream = programs.start_upstream(folder.path(), ports.upstream)?;
        let words = ["edge", "--config", &*config.to_string_lossy()];
        let edge = programs.start("edge", &programs.edge, &words, &folder.path().join("edge.log"))?;
        let stage = Self {
            folder,
            programs,
            edge,
            upstream,
            ports,
        };
        listening(ports.first).with_context(|| stage.log_end())?;
        listening(ports.api)?;
        Ok(stage)
    }

    /// Starts the clients of one cycle.
    pub(super) fn clients(&self, connections: usize, seed: u64) -> anyhow::Result<Talking> {
        let (first, second) = (self.ports.first.to_string(), self.ports.second.to_string());
        let program = self.programs.load.to_string_lossy();
        let (connections, seed) = (connections.to_string(), seed.to_string());
        let words = [&*program, "load", &first, &second, &connections, &seed];
        Talking::start("load", &words, &self.programs.limits)
    }

    /// Kills the upstream, connections and all, and starts it again.
    pub(super) fn restart_upstream(&mut self) -> anyhow::Result<()> {
        self.upstream.kill()?;
        self.upstream = self
            .programs
            .start_upstream(self.folder.path(), self.ports.upstream)?;
        Ok(())
    }

    /// Writes the configuration anew, sends SIGHUP, and waits until it is in force.
    pub(super) fn reload(&self, shape: Shape) -> anyhow::Result<()> {
        let text = self
            .ports
            .config(self.folder.path(), &self.programs.limits, shape);
        write(&self.folder.path().join("edge.toml"), &text)?;
        self.edge.signal("HUP")?;
        let taken = poll(Duration::from_secs(20), || {
            let metrics = self.metrics()?;
            let taken = has_second(&metrics) == shape.second && weight(&metrics) == Some(shape.weight);
            Ok(taken.then_some(()))
        })?;
        taken.with_context(|| format!("the reload to {shape:?} had no effect: {}", self.log_end()))
    }

    /// Is the second route in force?
    pub(super) fn has_second(&self) -> anyhow::Result<bool> {
        Ok(has_second(&self.metrics()?))
    }

    /// Changes the canary's weight through the API, and checks that it is in force.
    pub(super) fn set_weight(&self, weight_now: u64) -> anyhow::Result<()> {
        let body = format!("{{\"canary\": {{\"rung\": \"require\", \"weight\": {weight_now}}}}}");
        self.http("POST", "/v1/routes/soak", &body)?;
        let seen = weight(&self.metrics()?);
        ensure!(
            seen == Some(weight_now),
            "the weight is {seen:?} and not {weight_now}"
        );
        Ok(())
    }

    /// What `/metrics` says.
    pub(super) fn metrics(&self) -> anyhow::Result<String> {
        self.http("GET", "/metrics", "")
    }

    /// Is anybody still listening for clients?
    pub(super) fn refuses(&self) -> bool {
        matches!(TcpStream::connect(self.ports.first), Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused)
    }

    fn http(&self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.ports.api).context("the API does not answer")?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let token = std::fs::read_to_string(self.folder.path().join("admin.token"))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.ports.api,
            token.trim(),
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        Ok(answer)
    }

    /// The last lines of the edge's log.
    pub(super) fn log_end(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("edge.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(3).collect();
        lines.join(" / ")
    }
}

impl Programs {
    fn start(
        &self,
        name: &'static str,
        program: &Path,
        rest: &[&str],
        log: &Path,
    ) -> anyhow::Result<Process> {
        let program = program.to_string_lossy();
        let words = [&[&*program], rest].concat();
        Process::start(name, &words, &self.limits, log)
    }

    fn start_upstream(&self, folder: &Path, address: SocketAddr) -> anyhow::Result<Process> {
        let words = [self.upstream, &*address.to_string()];
        let upstream = self.start("upstream", &self.load, &words, &folder.join("upstream.log"))?;
        listening(address).context("the upstream does not come up")?;
        Ok(upstream)
    }
}

impl Ports {
    fn find() -> anyhow::Result<Self> {
        // Runs of different processes look in different places.
        let begin = PORTS.start + u16::try_from(std::process::id() % 9_000)?;
        let mut free = (begin..PORTS.end)
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .filter(|address| TcpListener::bind(address).is_ok());
        let mut next = || free.next().context("no free port on the loopback");
        Ok(Self {
            api: next()?,
            first: next()?,
            second: next()?,
            upstream: next()?,
        })
    }

    fn config(&self, folder: &Path, limits: &Limits, shape: Shape) -> String {
        let mut text = format!(
            "[api]\nlisten = \"{}\"\ntoken_file = \"admin.token\"\n[process]\ndrain = \"60s\"\n",
            self.api
        );
        text += &self.route(folder, limits, ("soak", self.first), shape.weight);
        if shape.second {
            text += &self.route(folder, limits, ("second", self.second), 5000);
        }
        text
    }

    fn route(
        &self,
        folder: &Path,
        limits: &Limits,
        (name, listen): (&str, SocketAddr),
        weight: u64,
    ) -> String {
        let (folder, upstream, most) = (folder.display(), self.upstream, limits.descriptors.min(1_000_000));
        format!(
            "[[route]]\nname = \"{name}\"\nlisten = \"{listen}\"\nmode = \"terminate\"\nprotocol = \"tcp\"\n\
             rung = \"upgrade\"\ncanary = {{ rung = \"require\", weight = {weight} }}\n\
             upstream = {{ address = \"{upstream}\" }}\n\
             certificate = [{{ chain = \"{folder}/chain.pem\", key = \"{folder}/key.pem\" }}]\n\
             limits = {{ connections = {most}, half_open = {most}, connections_per_client = {most}, half_open_per_client = {most} }}\n"
        )
    }
}

fn has_second(metrics: &str) -> bool {
    value(metrics, "hybridge_edge_connections_open{route=\"second\"}").is_some()
}

/// The canary's weight in parts per ten thousand.
fn weight(metrics: &str) -> Option<u64> {
    let ratio = value(metrics, "hybridge_route_weight_ratio{route=\"soak\"}")?;
    format!("{:.0}", ratio * 10_000.0).parse().ok()
}

/// One number of an OpenMetrics text.
pub(super) fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

fn listening(address: SocketAddr) -> anyhow::Result<()> {
    let up = poll(Duration::from_secs(20), || Ok(TcpStream::connect(address).ok()))?;
    up.map(drop)
        .with_context(|| format!("nobody listens on {address}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "scratch files of one run; the reader is told only after they are whole"
)]
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn make_certificate(folder: &Path) -> anyhow::Result<()> {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
                 -addext subjectAltName=DNS:localhost -keyout key.pem -out chain.pem";
    let made = Command::new("openssl")
        .args(words.split_whitespace())
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()
        .context("cannot run openssl")?;
    if !made.success() {
        bail!("openssl made no certificate");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_by_its_labels() {
        let text = "# TYPE x gauge\nhybridge_route_weight_ratio{route=\"other\"} 1.0\n\
                    hybridge_route_weight_ratio{route=\"soak\"} 0.0731\n";
        assert_eq!(weight(text), Some(731));
        assert_eq!(value(text, "missing"), None);
    }
}
