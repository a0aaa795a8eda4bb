//! OpenBao's transit engine: raft storage (which syncs, as ours does), a file audit device, no TLS.
//! It is loaded by wrk, with a request of our choosing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use tempfile::TempDir;

use super::super::load::{Achieved, parse_wrk};
use super::super::measure::clock;
use super::super::process::{Process, pause};
use super::http::{self, Request};
use super::operations::{ECDSA, ED25519, ENCRYPT, created};
use super::service::{Cores, Place, write};
use super::{Sample, Subject};

const PORT: u16 = 19_520;
const CLUSTER_PORT: u16 = 19_521;
/// 64 bytes, as our own load has.
const MESSAGE: &str =
    "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWg==";

/// The programs.
pub(super) struct OpenBao {
    binary: PathBuf,
    /// A Debian root with wrk.
    root: PathBuf,
}

/// One that runs, unsealed, with a transit engine.
struct Running {
    process: Process,
    token: String,
    _folder: TempDir,
}

/// A request for wrk.
struct Shot<'a> {
    /// `N` in it is the request's number.
    path: &'a str,
    body: &'a str,
}

impl OpenBao {
    /// Where it is, or why it is left out.
    pub(super) fn find(peers: &Path) -> Result<Self, String> {
        let (binary, root) = (peers.join("gobin/bao"), peers.join("trixie"));
        for program in [&binary, &root.join("usr/bin/wrk")] {
            if !program.exists() {
                return Err(format!("{} is missing", program.display()));
            }
        }
        Ok(Self { binary, root })
    }

    /// CPU time of signatures and encryptions, and how many go.
    pub(super) fn costs(&self, place: &Place, seconds: u64) -> anyhow::Result<Vec<Sample>> {
        let running = self.start(place, Cores::Apart)?;
        let mut samples = Vec::new();
        for (figure, operation, kind, member) in [
            (ED25519, "sign", "ed25519", "input"),
            (ECDSA, "sign", "ecdsa-p256", "input"),
            (ENCRYPT, "encrypt", "aes256-gcm96", "plaintext"),
        ] {
            running.write(
                &format!("transit/keys/{kind}"),
                &json!({"type": kind}).to_string(),
            )?;
            let shot = Shot {
                path: &format!("/v1/transit/{operation}/{kind}"),
                body: &json!({member: MESSAGE}).to_string(),
            };
            let (cost, achieved) = self.cost(&running, Cores::Apart, seconds, &shot)?;
            samples.push(Sample::new(Subject::OpenBao, figure, cost));
            let rate = figure.replace("CPU us", "requests/s");
            samples.push(Sample::new(Subject::OpenBao, rate, achieved.rate));
        }
        Ok(samples)
    }

    /// Keys made per second.
    pub(super) fn creations(&self, place: &Place, seconds: u64) -> anyhow::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for (algorithm, kind) in [("AES-256-GCM", "aes256-gcm96"), ("Ed25519", "ed25519")] {
            let running = self.start(place, Cores::Together)?;
            let shot = Shot {
                path: "/v1/transit/keys/made-N",
                body: &json!({"type": kind}).to_string(),
            };
            let (_, achieved) = self.cost(&running, Cores::Together, seconds, &shot)?;
            samples.push(Sample::new(Subject::OpenBao, created(algorithm), achieved.rate));
        }
        Ok(samples)
    }

    /// The server's CPU time for one request, in microseconds, and what the load achieved.
    fn cost(
        &self,
        running: &Running,
        cores: Cores,
        seconds: u64,
        shot: &Shot<'_>,
    ) -> anyhow::Result<(f64, Achieved)> {
        let before = running.process.cpu_s();
        let achieved = self.wrk(running, cores, seconds, shot)?;
        let spent = running.process.cpu_s() - before;
        Ok((spent * 1e6 / f64::from(u32::try_from(achieved.count)?), achieved))
    }

    fn wrk(
        &self,
        running: &Running,
        cores: Cores,
        seconds: u64,
        shot: &Shot<'_>,
    ) -> anyhow::Result<Achieved> {
        let folder = tempfile::tempdir_in(self.root.join("tmp"))?;
        let script = folder.path().join("load.lua");
        write(&script, &lua(&running.token, shot))?;
        let inside = Path::new("/").join(script.strip_prefix(&self.root)?);
        let url = format!("http://127.0.0.1:{PORT}");
        let output = std::process::Command::new("taskset")
            .args(["-c", &cores.load(), "chroot"])
            .arg(&self.root)
            .args([
                "wrk",
                "-t1",
                "-c64",
                "--latency",
                "-d",
                &format!("{seconds}s"),
                "-s",
            ])
            .arg(&inside)
            .arg(&url)
            .output()
            .context("cannot run wrk")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        parse_wrk(&text).with_context(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Starts a fresh one, initialises and unseals it, and mounts transit.
    fn start(&self, place: &Place, cores: Cores) -> anyhow::Result<Running> {
        let folder = place.folder()?;
        std::fs::create_dir(folder.path().join("raft"))?;
        let config = folder.path().join("openbao.hcl");
        write(&config, &hcl(folder.path()))?;
        let (binary, config) = (self.binary.to_string_lossy(), config.to_string_lossy());
        let command = [&*binary, "server", "-config", &config];
        let mut process = Process::start_on(&cores.server(), &command)?;
        process.wait_for(PORT).context("openbao did not start")?;
        let mut running = Running {
            process,
            token: String::new(),
            _folder: folder,
        };
        let made = running.write("sys/init", r#"{"secret_shares":1,"secret_threshold":1}"#)?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        running.token = text(&made["root_token"]);
        let key = text(&made["keys"][0]);
        running.write("sys/unseal", &json!({"key": key}).to_string())?;
        running.wait_until_active()?;
        running.write("sys/mounts/transit", r#"{"type":"transit"}"#)?;
        Ok(running)
    }
}

impl Running {
    fn request(&self, path: &str, body: &str) -> anyhow::Result<(u16, serde_json::Value)> {
        let fields = match self.token.as_str() {
            "" => String::new(),
            token => format!("x-vault-token: {token}\r\n"),
        };
        http::ask(
            PORT,
            &Request {
                method: if body.is_empty() { "GET" } else { "POST" },
                path: &format!("/v1/{path}"),
                fields: &fields,
                body,
            },
        )
    }

    fn write(&self, path: &str, body: &str) -> anyhow::Result<serde_json::Value> {
        let (status, answer) = self.request(path, body)?;
        ensure!(
            (200..300).contains(&status),
            "openbao: {path}: {status}: {answer}"
        );
        Ok(answer)
    }

    /// A single node elects itself first.
    fn wait_until_active(&self) -> anyhow::Result<()> {
        let began = clock();
        while !matches!(self.request("sys/health", ""), Ok((200, _))) {
            if clock().duration_since(began) > Duration::from_secs(30) {
                bail!("openbao did not become active");
            }
            pause(Duration::from_millis(50));
        }
        Ok(())
    }
}

fn hcl(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "storage \"raft\" {{\n  path = \"{folder}/raft\"\n  node_id = \"bench\"\n}}\n\
         listener \"tcp\" {{\n  address = \"127.0.0.1:{PORT}\"\n  tls_disable = true\n}}\n\
         audit \"file\" \"bench\" {{\n  options {{\n    file_path = \"{folder}/audit.log\"\n  }}\n}}\n\
         api_addr = \"http://127.0.0.1:{PORT}\"\ncluster_addr = \"http://127.0.0.1:{CLUSTER_PORT}\"\n\
         log_level = \"error\"\nui = false\n"
    )
}

fn lua(token: &str, shot: &Shot<'_>) -> String {
    let Shot { path, body } = shot;
    format!(
        "wrk.method = \"POST\"\nwrk.body = '{body}'\nwrk.headers[\"X-Vault-Token\"] = \"{token}\"\n\
         wrk.headers[\"Content-Type\"] = \"application/json\"\nlocal number = 0\n\
         request = function()\n  number = number + 1\n  local path = string.gsub(\"{path}\", \"N$\", number)\n  \
         return wrk.format(nil, path)\nend\n"
    )
}
