//! Running the binary: to its end, or `up` in the background while something is tried on it.
//! Nothing of our own environment reaches it, and no process outlives its test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What a finished command said.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary with these arguments and nothing of our environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hybridge"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs to the end.
pub(crate) fn run(arguments: &[&str]) -> Finished {
    let output = command(arguments)
        .output()
        .expect("the binary was built for this test");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A file with this content, in a directory of the test's own.
pub(crate) fn file(content: &str) -> tempfile::NamedTempFile {
    use std::io::Write;
    let mut file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a temporary file");
    file.write_all(content.as_bytes())
        .expect("a temporary file can be written");
    file
}

/// `hybridge up`, running; it ends with this value.
#[derive(Debug)]
pub(crate) struct Up {
    child: Child,
    /// What it printed once it was ready.
    pub(crate) said: String,
    /// Where the edge listens, `127.0.0.1:PORT`.
    pub(crate) edge: String,
    /// Where the API listens.
    pub(crate) api: String,
}

impl Up {
    /// Starts with these arguments beside those for ports and data, and waits until it is ready.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let data = data.to_str().expect("temporary directories have plain names");
        let mut all = vec![
            "up",
            "--listen",
            "127.0.0.1:0",
            "--api",
            "127.0.0.1:0",
            "--data",
            data,
        ];
        all.extend(arguments);
        let mut child = command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut said = String::new();
        for line in lines.by_ref() {
            let line = line.expect("UTF-8");
            said.push_str(&line);
            said.push('\n');
            if line.starts_with("stop") {
                break;
            }
        }
        let (edge, api) = (address(&said, " at "), address(&said, "http://"));
        Self {
            child,
            said,
            edge,
            api,
        }
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
        let code = self.child.wait().expect("it ends").code();
        let mut stderr = String::new();
        let pipe = self.child.stderr.take().expect("piped");
        BufReader::new(pipe).read_to_string(&mut stderr).expect("UTF-8");
        (code, stderr)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// `hybridge serve`, running; it ends with this value.
#[derive(Debug)]
pub(crate) struct Serve {
    child: Child,
    /// Where the API listens.
    pub(crate) api: String,
}

impl Serve {
    /// Starts with these arguments beside those for the port and the data, and waits until it is ready.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let data = data.to_str().expect("temporary directories have plain names");
        let mut all = vec!["serve", "--api", "127.0.0.1:0", "--data", data];
        all.extend(arguments);
        let mut child = command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let lines = lines.map(|line| line.expect("UTF-8") + "\n");
        let mut said = String::new();
        for line in lines {
            said.push_str(&line);
            if line.starts_with("stop") {
                break;
            }
        }
        let api = address(&said, "http://");
        Self { child, api }
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
        let ended = self.child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(0));
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The address and port after a mark.
fn address(said: &str, mark: &str) -> String {
    let (_, after) = said
        .split_once(mark)
        .expect("what it says at its start names every address");
    after
        .split([' ', '/', '\n'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// An empty directory and a name in it for data.
pub(crate) fn directory() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let data = folder.path().join("data");
    (folder, data)
}
