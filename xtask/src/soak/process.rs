//! The processes of a soak run: started with the highest descriptor limit, asked by signal, looked at
//! through /proc, and talked to line by line. This file alone reads the clock and waits.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::limits::Limits;

/// What a process uses, as the kernel counts it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resources {
    pub(super) descriptors: usize,
    /// VmRSS, in bytes.
    pub(super) resident: u64,
}

/// A process; killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    name: &'static str,
}

/// A process that is given commands and answers with lines.
#[derive(Debug)]
pub(super) struct Talking {
    process: Process,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program with a log for what it says.
    pub(super) fn start(
        name: &'static str,
        words: &[&str],
        limits: &Limits,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = raised(words, limits);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name })
    }

    /// Sends a signal by its name, for example `HUP`.
    pub(super) fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status()?;
        ensure!(sent.success(), "cannot send {signal} to {}", self.name);
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for its end.
    pub(super) fn ended(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let ended = poll(limit, || Ok(self.child.try_wait()?))?;
        ended.with_context(|| format!("{} has not ended after {limit:?}", self.name))
    }

    /// Fails if it has ended.
    pub(super) fn alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}", self.name),
        }
    }

    /// Its descriptors and memory now.
    pub(super) fn resources(&self) -> anyhow::Result<Resources> {
        let id = self.child.id();
        let gone = || format!("{} is gone", self.name);
        let descriptors = fs::read_dir(format!("/proc/{id}/fd")).with_context(gone)?.count();
        let status = fs::read_to_string(format!("/proc/{id}/status")).with_context(gone)?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = resident.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        let resident = kibibytes.context("no VmRSS in /proc")? * 1024;
        Ok(Resources {
            descriptors,
            resident,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Talking {
    /// Starts a program whose output is read line by line.
    pub(super) fn start(name: &'static str, words: &[&str], limits: &Limits) -> anyhow::Result<Self> {
        let mut command = raised(words, limits);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let read = BufReader::new(output).lines().map_while(Result::ok);
            read.take_while(|line| sender.send(line.clone()).is_ok())
                .for_each(drop);
        });
        Ok(Self {
            process: Process { child, name },
            input,
            lines,
        })
    }

    /// Gives a command and waits for its `ok`; what follows the word is returned.
    pub(super) fn ask(&mut self, command: &str) -> anyhow::Result<String> {
        writeln!(self.input, "{command}")?;
        self.expect("ok", Duration::from_secs(60))
            .with_context(|| format!("asked for {command:?}"))
    }

    /// Waits for a line that begins with a word; what follows it is returned.
    pub(super) fn expect(&self, word: &str, limit: Duration) -> anyhow::Result<String> {
        let line = self.lines.recv_timeout(limit);
        let line = line.with_context(|| format!("{} did not say {word:?}", self.process.name))?;
        let rest = line.strip_prefix(word);
        rest.map(|rest| rest.trim().to_owned())
            .with_context(|| format!("{} said {line:?} and not {word:?}", self.process.name))
    }

    /// Waits for its end, which must be a success.
    pub(super) fn finished(mut self) -> anyhow::Result<()> {
        let status = self.process.ended(Duration::from_secs(60))?;
        ensure!(status.success(), "{} ended with {status}", self.process.name);
        Ok(())
    }
}

/// A command under a shell that has raised the soft limit to the hard one.
fn raised(words: &[&str], limits: &Limits) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -n {} 2>/dev/null; exec \"$@\"", limits.descriptors);
    command.args(["-c", &script, "soak"]).args(words);
    command
}

/// Looks again and again until there is an answer, or the limit has passed.
pub(super) fn poll<T>(
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
        pause(Duration::from_millis(25));
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
