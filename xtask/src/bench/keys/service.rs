//! Our service in a directory of its own, and the load that our binary makes.
//! Rate limits and scheduled backups are off: they would be what is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::super::process::Process;
use super::super::servers::{LOAD_CORE, SERVER_CORE};
use super::http::{self, Request};

/// Where our service listens.
pub(super) const PORT: u16 = 19_500;

/// The binary, and where data directories go: on the disk that builds are on.
pub(super) struct Place {
    pub(super) binary: PathBuf,
    scratch: PathBuf,
}

/// On which cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cores {
    /// The server on one, the load on another.
    Apart,
    /// Both on all of the two.
    Together,
}

impl Cores {
    pub(super) fn server(self) -> String {
        match self {
            Self::Apart => SERVER_CORE.to_string(),
            Self::Together => format!("{SERVER_CORE},{LOAD_CORE}"),
        }
    }

    pub(super) fn load(self) -> String {
        match self {
            Self::Apart => LOAD_CORE.to_string(),
            Self::Together => format!("{SERVER_CORE},{LOAD_CORE}"),
        }
    }
}

/// A service that runs.
pub(super) struct Service<'a> {
    place: &'a Place,
    cores: Cores,
    folder: TempDir,
    process: Option<Process>,
}

impl Place {
    pub(super) fn new(root: &Path) -> anyhow::Result<Self> {
        let binary = root.join("target/release/hybridge");
        ensure!(
            binary.exists(),
            "{} is missing: run cargo build --release -p hybridge first",
            binary.display()
        );
        let scratch = root.join("target/tmp");
        fs::create_dir_all(&scratch)?;
        Ok(Self { binary, scratch })
    }

    /// A directory that goes with its value.
    pub(super) fn folder(&self) -> anyhow::Result<TempDir> {
        let folder = tempfile::Builder::new()
            .prefix("bench-keys-")
            .tempdir_in(&self.scratch);
        folder.context("cannot make a directory")
    }

    /// A command of our binary on some cores.
    pub(super) fn command(&self, cores: &str) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", cores]).arg(&self.binary).stdin(Stdio::null());
        command
    }

    /// Runs a command of our binary that prints JSON.
    pub(super) fn json(&self, cores: &str, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = self.command(cores).args(arguments).arg("--json").output()?;
        ensure!(
            output.status.success(),
            "hybridge {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("hybridge {}: no JSON", arguments.join(" ")))
    }
}

impl<'a> Service<'a> {
    /// A fresh service.
    pub(super) fn fresh(place: &'a Place, cores: Cores) -> anyhow::Result<Self> {
        let folder = place.folder()?;
        write(
            &folder.path().join("hybridge.toml"),
            &format!(
                "[api]\nlisten = \"127.0.0.1:{PORT}\"\n[api.rate]\nper_second = 0\n[backup]\nevery = \"0s\"\n"
            ),
        )?;
        let mut service = Self {
            place,
            cores,
            folder,
            process: None,
        };
        service.start()?;
        Ok(service)
    }

    /// Starts it and waits until it listens.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        let (config, data) = (self.path("hybridge.toml"), self.path("data"));
        let binary = self.place.binary.to_string_lossy();
        let command = [&*binary, "serve", "--config", &config, "--data", &data];
        let mut process = Process::start_on(&self.cores.server(), &command)?;
        process
            .wait_for(PORT)
            .context("hybridge serve did not start; run it by hand to see why")?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops it, as SIGTERM does.
    pub(super) fn stop(&mut self) {
        self.process = None;
    }

    pub(super) fn process(&self) -> anyhow::Result<&Process> {
        self.process.as_ref().context("it does not run")
    }

    /// A path in its directory.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    pub(super) fn place(&self) -> &'a Place {
        self.place
    }

    /// The administrator's token as a header field.
    pub(super) fn authorization(&self) -> anyhow::Result<String> {
        let token = fs::read_to_string(self.path("data/admin.token"))?;
        Ok(format!("authorization: Bearer {}\r\n", token.trim()))
    }

    /// Looks one key up; whether it was there.
    pub(super) fn has(&self, name: &str, fields: &str) -> bool {
        let path = format!("/v1/keys/{name}");
        let request = Request {
            method: "GET",
            path: &path,
            fields,
            body: "",
        };
        matches!(http::ask(PORT, &request), Ok((200, _)))
    }

    fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let api = format!("http://127.0.0.1:{PORT}");
        let token = self.path("data/admin.token");
        ["bench", "keys", "--api", &api, "--token-file", &token, "--json"]
            .iter()
            .chain(arguments)
            .map(|argument| (*argument).to_owned())
            .collect()
    }

    /// Runs a load to its end.
    pub(super) fn load(&self, arguments: &[&str]) -> anyhow::Result<Load> {
        let all = self.arguments(arguments);
        let output = self.place.command(&self.cores.load()).args(&all).output()?;
        let problem = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "bench keys {}: {problem}",
            arguments.join(" ")
        );
        Load::parse(&output.stdout)
    }

    /// Starts a load that lasts until it is stopped.
    pub(super) fn background(&self, arguments: &[&str]) -> anyhow::Result<Background> {
        let all = self.arguments(arguments);
        let mut command = self.place.command(&self.cores.load());
        command.args(&all).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(Background(command.spawn()?))
    }
}

/// A load under way.
pub(super) struct Background(Child);

impl Background {
    /// Ends it, as Ctrl-C does, and returns what it did.
    pub(super) fn stop(self) -> anyhow::Result<Load> {
        let id = self.0.id().to_string();
        let stopped = Command::new("kill").args(["-INT", &id]).status()?;
        ensure!(stopped.success(), "the load had ended already");
        Load::parse(&self.0.wait_with_output()?.stdout)
    }
}

/// What a load did.
#[derive(Debug)]
pub(super) struct Load(Value);

impl Load {
    fn parse(printed: &[u8]) -> anyhow::Result<Self> {
        let report: Value = serde_json::from_slice(printed).context("bench keys printed no JSON")?;
        Ok(Self(report))
    }

    /// A figure of the report.
    pub(super) fn number(&self, name: &str) -> anyhow::Result<f64> {
        let found = self.0.get(name).and_then(Value::as_f64);
        found.with_context(|| format!("bench keys reports no {name}: {}", self.0))
    }

    /// Items that were answered.
    pub(super) fn items(&self) -> anyhow::Result<f64> {
        Ok(self.number("requests")? * self.number("batch")?)
    }

    /// Requests that were refused or failed, in words; none is an empty text.
    pub(super) fn refusals(&self) -> String {
        let statuses = self.0["statuses"].as_object().into_iter().flatten();
        let refused = statuses.filter(|(status, _)| !status.starts_with('2'));
        let failed = self.0["failures"].as_object().into_iter().flatten();
        refused
            .chain(failed)
            .map(|(what, count)| format!("{count} {what}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Passes where every request succeeded.
    pub(super) fn flawless(self) -> anyhow::Result<Self> {
        match self.refusals().as_str() {
            "" => Ok(self),
            refusals => bail!("requests failed: {refusals}"),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "scratch files of one run, written before anything reads them"
)]
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_is_told() {
        let report =
            br#"{"requests": 9, "batch": 2, "statuses": {"200": 9, "429": 1}, "failures": {"timeout": 3}}"#;
        let load = Load::parse(report).unwrap();
        assert!((load.items().unwrap() - 18.0).abs() < 1e-9);
        assert_eq!(load.refusals(), "1 429, 3 timeout");
        assert!(load.flawless().is_err());
    }
}
