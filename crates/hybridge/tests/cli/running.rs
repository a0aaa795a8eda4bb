//! A service that runs for one test, and commands that ask it. They work in a directory of the test's own.
//! Commands find the service by the data directory that it announces itself in.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::hybridge::{Finished, Up, command, directory};

/// The configuration's name beside the data directory.
const CONFIG: &str = "hybridge.toml";

/// `hybridge up` with a data directory of its own; it ends with this value.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) up: Up,
    folder: TempDir,
    data: PathBuf,
}

impl Running {
    pub(crate) fn start() -> Self {
        let (folder, data) = directory();
        let up = Up::start(&data, &[]);
        Self { up, folder, data }
    }

    /// With further arguments; `config` is the text of a configuration file.
    pub(crate) fn configured(config: &str) -> Self {
        let (folder, data) = directory();
        let file = std::fs::File::create(folder.path().join(CONFIG));
        let written = file.and_then(|mut file| file.write_all(config.as_bytes()));
        written.expect("a directory of our own");
        Self::on(folder, data)
    }

    /// On another data directory in the same folder.
    pub(crate) fn at(folder: TempDir, data: PathBuf) -> Self {
        Self::on(folder, data)
    }

    fn on(folder: TempDir, data: PathBuf) -> Self {
        let config = folder.path().join(CONFIG);
        let arguments = ["--config", config.to_str().expect("plain names")];
        let arguments: &[&str] = if config.exists() { &arguments } else { &[] };
        let up = Up::start(&data, arguments);
        Self { up, folder, data }
    }

    /// The same data directory after an orderly stop and a start.
    pub(crate) fn restarted(self) -> Self {
        let Self { up, folder, data } = self;
        up.stop();
        Self::on(folder, data)
    }

    /// The same data directory after the process was killed in the middle of it all.
    pub(crate) fn killed_and_restarted(self) -> Self {
        let Self { up, folder, data } = self;
        drop(up);
        Self::on(folder, data)
    }

    /// Stops; the directory in which commands worked, and the data directory in it.
    pub(crate) fn stopped(self) -> (TempDir, PathBuf) {
        self.up.stop();
        (self.folder, self.data)
    }

    /// Runs a command again and again until it says this; for what the schedule does on its own.
    #[track_caller]
    pub(crate) fn until(&self, arguments: &[&str], says: &str) {
        let said = (0..2_000).any(|_attempt| self.run(arguments).stdout.contains(says));
        assert!(said, "{arguments:?} never said {says:?}");
    }

    /// Where commands work.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data_directory(&self) -> &Path {
        &self.data
    }

    /// The content of a file that a command wrote.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder().join(name)).expect("a command wrote it")
    }

    /// Makes a file for a command.
    pub(crate) fn put(&self, name: &str, content: &[u8]) {
        let path = self.folder().join(name);
        let mut file = std::fs::File::create(path).expect("a directory of our own");
        file.write_all(content).expect("a directory of our own");
    }

    /// Runs a command to its end; it finds the service by HYBRIDGE_DATA.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[], b"").0
    }

    /// Runs a command with further variables and something on standard input; gives its raw output, too.
    pub(crate) fn run_with(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
        input: &[u8],
    ) -> (Finished, Vec<u8>) {
        let mut command = command(arguments);
        command.env("HYBRIDGE_DATA", &self.data);
        command
            .envs(variables.iter().copied())
            .current_dir(self.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A command that reads nothing may have ended already.
        let _unread = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let finished = Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        };
        (finished, output.stdout)
    }

    /// Runs a command that must end well, and gives its standard output.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.stderr);
        finished.stdout
    }

    /// As [`Self::done`], with `--json`.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).expect("JSON on standard output")
    }

    /// Runs a command that must end with this code, and gives its standard error.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}: {}", finished.stderr);
        finished.stderr
    }
}
