//! `hybridge serve`, running: started, stopped, killed, and asked by clients with one token or another.
//! Nothing of our own environment reaches it, and no process outlives its test.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hybridge_client::{Client, Credentials, Options, Token};
use tempfile::TempDir;

/// The folder of a test: the data directory, the configuration and the log.
pub(crate) struct Home {
    folder: TempDir,
    config: String,
}

/// A service that runs; it ends with this value.
pub(crate) struct Service {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    token: PathBuf,
}

impl Home {
    /// With the defaults.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With this configuration.
    pub(crate) fn with(config: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            config: config.to_owned(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data directory.
    pub(crate) fn store(&self) -> PathBuf {
        self.path("data")
    }

    /// Everything that all its processes wrote to standard output and standard error.
    pub(crate) fn log(&self) -> String {
        let read = |name| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        format!("{}{}", read("stdout"), read("stderr"))
    }

    /// Starts the service, and waits until it is ready.
    pub(crate) fn start(&self) -> Service {
        let config = self.path("hybridge.toml");
        std::fs::write(&config, &self.config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hybridge"));
        command.args(["serve", "--log", "debug", "--config"]).arg(config);
        if !self.config.contains("listen") {
            command.args(["--api", "127.0.0.1:0"]);
        }
        command.arg("--data").arg(self.store());
        let stderr = File::options()
            .create(true)
            .append(true)
            .open(self.path("stderr"))
            .unwrap();
        let mut child = command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut url = None;
        for line in lines.map_while(Result::ok) {
            let found = line.split_whitespace().find(|word| word.starts_with("http://"));
            url = url.or_else(|| found.map(|word| word.trim_end_matches('/').to_owned()));
            if line.starts_with("stop") {
                break;
            }
        }
        let url = url.unwrap_or_else(|| unreachable!("it did not start: {}", self.log()));
        let token = self.store().join("admin.token");
        Service { child, url, token }
    }

    /// Runs it to its end, which must come by itself; gives the exit code and what it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hybridge"))
            .args(arguments)
            .env_clear()
            .env("HYBRIDGE_DATA", self.store())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }
}

impl Service {
    /// The token of the local administrator.
    pub(crate) fn admin_token(&self) -> String {
        std::fs::read_to_string(&self.token).unwrap().trim().to_owned()
    }

    /// Asks as the local administrator.
    pub(crate) fn admin(&self) -> Client {
        client(&self.url, Some(&self.admin_token()))
    }

    /// Asks with this token.
    pub(crate) fn with_token(&self, token: &str) -> Client {
        client(&self.url, Some(token))
    }

    /// Asks as nobody.
    pub(crate) fn nobody(&self) -> Client {
        client(&self.url, None)
    }

    /// Ends it without warning, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits; the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A client at that address.
pub(crate) fn client(url: &str, token: Option<&str>) -> Client {
    let credentials = Credentials {
        token: token.map(|token| Token::new(token).unwrap()),
        certificate: None,
    };
    Client::new(url, &credentials, Options::default()).unwrap()
}

/// Every file below a folder, with its content.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(content) = std::fs::read(&path) {
            found.push((path, content));
        }
    }
    found
}
