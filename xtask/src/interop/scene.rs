//! What a case has to work with: a folder and ports of its own, the peers, a limit of time.
//!
//! `Workshop` is made once for a run, `Scene` for each case. What a case starts ends with it.

use std::cell::{Cell, OnceCell};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use super::clock::Deadline;
use super::credentials::Credentials;
use super::peers::{Peer, Peers};
use super::process::{self, Ran, Started};

/// For everything that a case does.
const CASE: Duration = Duration::from_secs(120);
/// For one program that does its work and ends.
const ONE_RUN: Duration = Duration::from_secs(30);
/// For a server to listen, or a peer to write its log.
const SOON: Duration = Duration::from_secs(15);

/// Ports below those that the kernel gives to connections (32768 and up by default).
const PORT_FIRST: u16 = 20_000;
const PORT_COUNT: u16 = 12_000;

/// What all cases of a run share.
#[derive(Debug)]
pub(super) struct Workshop {
    /// Our own binary.
    pub(super) hybridge: PathBuf,
    pub(super) peers: Peers,
    pub(super) credentials: Credentials,
    /// The port of the service that tells what reached it.
    pub(super) origin: u16,
    /// For what is made once, such as the compiled Go program.
    pub(super) folder: TempDir,
    pub(super) go_program: OnceCell<PathBuf>,
    ports: Cell<u16>,
}

impl Workshop {
    /// Gathers what the cases need.
    ///
    /// # Errors
    /// No temporary folder, no certificates, no port.
    pub(super) fn open(hybridge: PathBuf, peers: Peers) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hybridge-interop-").tempdir()?;
        Ok(Self {
            credentials: Credentials::make(folder.path().to_owned(), &peers)?,
            origin: super::origin::serve()?,
            ports: Cell::new(u16::try_from(std::process::id() % u32::from(PORT_COUNT))?),
            go_program: OnceCell::new(),
            hybridge,
            peers,
            folder,
        })
    }

    /// A port of this machine on which nobody listens.
    fn port(&self) -> anyhow::Result<u16> {
        let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
        let found = (1..=PORT_COUNT)
            .map(|step| PORT_FIRST + (self.ports.get() + step) % PORT_COUNT)
            .find(free)
            .context("no free port")?;
        self.ports.set(found - PORT_FIRST);
        Ok(found)
    }
}

/// One case at work.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) workshop: &'a Workshop,
    folder: TempDir,
    deadline: Deadline,
    programs: Cell<usize>,
}

impl<'a> Scene<'a> {
    /// An empty folder, and the clock started.
    ///
    /// # Errors
    /// No temporary folder.
    pub(super) fn open(workshop: &'a Workshop) -> anyhow::Result<Self> {
        Ok(Self {
            workshop,
            folder: tempfile::Builder::new().prefix("hybridge-case-").tempdir()?,
            deadline: Deadline::after(CASE),
            programs: Cell::new(0),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) const fn credentials(&self) -> &Credentials {
        &self.workshop.credentials
    }

    /// A peer's program.
    pub(super) fn peer(&self, peer: Peer) -> Command {
        self.workshop.peers.command(peer)
    }

    /// The version of OpenSSL that a peer is built on, major and minor, if it names one.
    ///
    /// # Errors
    /// It cannot be asked.
    pub(super) fn openssl_of(&self, peer: Peer) -> anyhow::Result<Option<(u32, u32)>> {
        let mut command = self.peer(peer);
        let said = self.run(command.args(peer.version_arguments()))?.text();
        Ok(openssl_version(&said))
    }

    /// A port that nobody uses.
    ///
    /// # Errors
    /// None is left.
    pub(super) fn port(&self) -> anyhow::Result<u16> {
        self.workshop.port()
    }

    /// Writes a file into the case's folder.
    ///
    /// # Errors
    /// Those of the disk.
    #[expect(clippy::disallowed_methods, reason = "the file lives no longer than the case")]
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> anyhow::Result<PathBuf> {
        let path = self.folder().join(name);
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    /// Runs a program to its end, whatever its status.
    ///
    /// # Errors
    /// It cannot be started, or does not end in time.
    pub(super) fn run(&self, command: &mut Command) -> anyhow::Result<Ran> {
        self.run_with_input(command, b"")
    }

    /// Runs a program that reads `input` and then the end of its input.
    ///
    /// # Errors
    /// As `run`.
    pub(super) fn run_with_input(&self, command: &mut Command, input: &[u8]) -> anyhow::Result<Ran> {
        let place = self.place(command);
        let stdin = if input.is_empty() {
            Stdio::null()
        } else {
            let name = format!("input-{}", self.programs.get());
            Stdio::from(std::fs::File::open(self.file(&name, input)?)?)
        };
        command.stdin(stdin).current_dir(self.folder());
        process::run(command, &place, self.deadline.within(ONE_RUN))
    }

    /// Runs a program that may need most of the case's time.
    ///
    /// # Errors
    /// As `run`.
    pub(super) fn run_slowly(&self, command: &mut Command) -> anyhow::Result<Ran> {
        let place = self.place(command);
        command.stdin(Stdio::null()).current_dir(self.folder());
        process::run(command, &place, self.deadline)
    }

    /// Starts a program and waits until it listens on `port`.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not listen in time.
    pub(super) fn serve(&self, command: &mut Command, port: u16) -> anyhow::Result<Started> {
        let log = self.place(command).with_extension("log");
        let mut started = process::start(command.current_dir(self.folder()), &log)?;
        let what = format!("`{}` to listen", command.get_program().to_string_lossy());
        self.until(&what, || {
            started.alive()?;
            Ok(is_listening(port).then_some(()))
        })?;
        Ok(started)
    }

    /// Waits a little for what another process does.
    ///
    /// # Errors
    /// It did not happen in time, or `look` failed.
    pub(super) fn until<T>(
        &self,
        what: &str,
        look: impl FnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let found = self.deadline.within(SOON).poll(look)?;
        found.with_context(|| format!("waited in vain for {what}"))
    }

    /// Asks a process to end and expects that it does so well.
    ///
    /// # Errors
    /// It does not end, or ends with a status other than 0.
    pub(super) fn end(&self, process: &mut Started) -> anyhow::Result<()> {
        let status = process.terminate(self.deadline.within(SOON))?;
        ensure!(
            status.success(),
            "ended with {status}: {}",
            process::tail(&process.said(), 6)
        );
        Ok(())
    }

    /// Every log of the case, each with its name.
    pub(super) fn logs(&self) -> Vec<(String, String)> {
        let Ok(files) = std::fs::read_dir(self.folder()) else {
            return Vec::new();
        };
        let is_log = |path: &PathBuf| {
            path.extension()
                .is_some_and(|end| end == "log" || end == "err" || end == "out")
        };
        let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(is_log).collect();
        paths.sort();
        let name = |path: &PathBuf| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        paths
            .iter()
            .map(|path| (name(path), process::read(path)))
            .collect()
    }

    /// A name for the next program's output: its turn and what it is.
    fn place(&self, command: &Command) -> PathBuf {
        let turn = self.programs.get() + 1;
        self.programs.set(turn);
        // The loader's arguments are `--library-path FOLDER PROGRAM`.
        let words = std::iter::once(command.get_program()).chain(command.get_args().skip(2).take(1));
        let stems = words.filter_map(|word| Path::new(word).file_stem());
        let name = stems
            .map(|stem| stem.to_string_lossy().replace('.', "-"))
            .find(|stem| !stem.starts_with("ld-linux"));
        self.folder()
            .join(format!("{turn:02}-{}", name.as_deref().unwrap_or("program")))
    }
}

/// `… OpenSSL/3.0.19 …` or `… OpenSSL 3.0.19 …`.
fn openssl_version(said: &str) -> Option<(u32, u32)> {
    let (_, rest) = said.split_once("OpenSSL")?;
    let mut numbers = rest.trim_start_matches([' ', '/']).split('.');
    let mut next = || numbers.next().and_then(|number| number.parse().ok());
    Some((next()?, next()?))
}

/// Whether something listens on a port of this machine. Reads the kernel's table: a connection would be
/// a client that the server counts.
fn is_listening(port: u16) -> bool {
    let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else {
        return TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    };
    let own = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next().is_some_and(|word| word.ends_with(&own));
        local && words.nth(1) == Some("0A")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_openssl_that_a_peer_is_built_on() {
        assert_eq!(
            openssl_version("curl 7.88.1 libcurl/7.88.1 OpenSSL/3.0.19 zlib/1.2.13"),
            Some((3, 0))
        );
        assert_eq!(openssl_version("3.14.0 OpenSSL 3.5.1 1 Jul 2026"), Some((3, 5)));
        assert_eq!(openssl_version("curl 8.14.1 GnuTLS/3.8.9"), None);
    }

    #[test]
    fn sees_who_listens_without_connecting() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_listening(port));
        drop(listener);
        assert!(!is_listening(port));
    }
}
