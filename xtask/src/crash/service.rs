//! The real binary under test: started over the storage layer, killed, looked at.
//!
//! Also the one place here that reads a clock or waits.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::control::Control;
use super::http::Client;

/// The longest time for a start on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Where a service keeps its things, and what runs it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) binary: PathBuf,
    /// The compiled storage layer.
    pub(super) layer: PathBuf,
    /// Everything on the disk that fails: the data directory and the witness beside it.
    pub(super) disk: PathBuf,
    pub(super) log: PathBuf,
    /// The filter of the log.
    pub(super) filter: &'static str,
}

/// A running service; killed when this is dropped.
#[derive(Debug)]
pub(super) struct Service {
    child: Child,
    place: Place,
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

/// How a start ended.
#[derive(Debug)]
pub(super) enum Started {
    Serving(Service),
    /// It ended by itself, and said this.
    Ended(ExitStatus, String),
}

impl Place {
    pub(super) fn home(&self) -> PathBuf {
        self.disk.join("data")
    }

    /// Starts the service and waits until it answers, or has ended.
    pub(super) fn start(&self, control: &Control) -> anyhow::Result<Started> {
        fs::create_dir_all(&self.disk)?;
        fs::set_permissions(&self.disk, fs::Permissions::from_mode(0o700))?;
        // One that was killed leaves it, and it names an address that may be somebody else's by now.
        let announced = self.home().join("api.address");
        let _absent = fs::remove_file(&announced);
        let log = File::options().create(true).append(true).open(&self.log)?;
        let from = log.metadata()?.len();
        let mut child = Command::new(&self.binary)
            .args(["serve", "--api", "127.0.0.1:0", "--log", self.filter, "--data"])
            .arg(self.home())
            .env("LD_PRELOAD", &self.layer)
            .env("HYBRIDGE_FAULTS_FOLDER", &self.disk)
            .env("HYBRIDGE_FAULTS_CONTROL", &control.path)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let ready = within(START_LIMIT, || {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(Err(status)));
            }
            Ok(self.answers(&announced).map(Ok))
        });
        match ready {
            Ok(Some(Ok((address, token)))) => Ok(Started::Serving(Service {
                child,
                place: self.clone(),
                address,
                token,
            })),
            Ok(Some(Err(status))) => Ok(Started::Ended(status, self.said(from))),
            Ok(None) | Err(_) => {
                let _killed = child.kill();
                let _reaped = child.wait();
                bail!("no answer within {START_LIMIT:?}: {}", self.said(from))
            }
        }
    }

    /// Starts a service that must come up.
    pub(super) fn serve(&self, control: &Control) -> anyhow::Result<Service> {
        match self.start(control)? {
            Started::Serving(service) => Ok(service),
            Started::Ended(status, said) => bail!("does not start, {status}: {said}"),
        }
    }

    fn answers(&self, announced: &Path) -> Option<(SocketAddr, String)> {
        let text = fs::read_to_string(announced).ok()?;
        let address = text.trim().strip_prefix("http://")?.parse().ok()?;
        let token = fs::read_to_string(self.home().join("admin.token")).ok()?;
        let reply = Client::new(address, "").get("/health").ok()?;
        (reply.status > 0).then(|| (address, token.trim().to_owned()))
    }

    /// What it wrote to its log from there on; the end of it.
    pub(super) fn said(&self, from: u64) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let from = usize::try_from(from).unwrap_or(0).min(bytes.len());
        let text = String::from_utf8_lossy(&bytes[from..]).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(6)..].join(" / ")
    }
}

impl Service {
    pub(super) fn client(&self) -> Client {
        Client::new(self.address, &self.token)
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// True while it runs.
    pub(super) fn is_alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits until it has ended.
    pub(super) fn end(mut self) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(sent.success(), "kill -TERM {id} failed");
        let ended = within(START_LIMIT, || Ok(self.child.try_wait()?))?;
        ended.context("did not end after SIGTERM")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Compiles the storage layer.
pub(super) fn compile(root: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let layer = folder.join("faults.so");
    let built = Command::new("cc")
        .args(["-O2", "-Wall", "-shared", "-fPIC", "-o"])
        .arg(&layer)
        .arg(root.join("xtask/src/crash/faults.c"))
        .args(["-ldl", "-lpthread"])
        .output()
        .context("cannot run cc")?;
    ensure!(
        built.status.success(),
        "cc: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    Ok(layer)
}

/// Looks again and again until there is an answer, or the limit has passed.
pub(super) fn within<T>(
    limit: Duration,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let end = now() + limit;
    loop {
        let late = now() >= end;
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        if late {
            return Ok(None);
        }
        pause(Duration::from_millis(5));
    }
}

#[expect(clippy::disallowed_methods, reason = "a driver of processes reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver of processes has nothing better to wait on"
)]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
