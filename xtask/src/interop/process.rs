//! Other programs: run to their end within a limit, or started and kept until they are dropped.
//!
//! Output goes to files and not to pipes, so nothing blocks on a full one, and what a peer said is there
//! when a case fails. A process that is still running when its owner goes is killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::clock::Deadline;

/// What a program said until it ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    /// Both streams, for programs that use either for the same thing.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Itself when the program succeeded.
    ///
    /// # Errors
    /// The status and the end of what it said.
    pub(super) fn succeeded(self) -> anyhow::Result<Self> {
        ensure!(
            self.status.success(),
            "ended with {}: {}",
            self.status,
            tail(&self.text(), 6)
        );
        Ok(self)
    }
}

/// A program that runs in the background.
#[derive(Debug)]
pub(super) struct Started {
    child: Child,
    /// Both streams.
    pub(super) log: PathBuf,
}

impl Started {
    /// What it said so far.
    pub(super) fn said(&self) -> String {
        read(&self.log)
    }

    /// Fails when the process has ended.
    ///
    /// # Errors
    /// Its status and the end of its log.
    pub(super) fn alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("ended early with {status}: {}", tail(&self.said(), 6)),
        }
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub(super) fn terminate(&mut self, deadline: Deadline) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(sent.success(), "kill -TERM {id} failed");
        let ended = deadline.poll(|| Ok(self.child.try_wait()?))?;
        ended.context("did not end after SIGTERM")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// Runs a program whose streams go to `place` with `.out` and `.err`.
///
/// # Errors
/// When it cannot be started, or has not ended by the deadline (it is killed then).
pub(super) fn run(command: &mut Command, place: &Path, deadline: Deadline) -> anyhow::Result<Ran> {
    let (out, err) = (place.with_extension("out"), place.with_extension("err"));
    let shown = shown(command);
    let mut child = command
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .spawn()
        .with_context(|| shown.clone())?;
    let ended = deadline.poll(|| Ok(child.try_wait()?))?;
    let Some(status) = ended else {
        kill(&mut child);
        let said = format!("{}\n{}", read(&out), read(&err));
        bail!("`{shown}` did not end in time: {}", tail(&said, 6));
    };
    Ok(Ran {
        status,
        stdout: read(&out),
        stderr: read(&err),
    })
}

/// Starts a program whose streams both go to `log`.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start(command: &mut Command, log: &Path) -> anyhow::Result<Started> {
    let both = File::create(log)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(both.try_clone()?)
        .stderr(both)
        .spawn()
        .with_context(|| shown(command))?;
    Ok(Started {
        child,
        log: log.to_owned(),
    })
}

fn kill(child: &mut Child) {
    // Either may fail only because the process has ended already.
    let _ended = child.kill();
    let _reaped = child.wait();
}

/// A file as text; what is not UTF-8 is replaced, and a file that is missing is empty.
pub(super) fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last `count` lines that are not blank, in one line.
pub(super) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_tail_is_the_last_lines_that_say_something() {
        assert_eq!(tail("a\n\n b \nc\n\n", 2), "b / c");
        assert_eq!(tail("", 2), "");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let soon = Deadline::after(Duration::from_millis(50));
        let error = run(
            Command::new("sleep").arg("60"),
            &folder.path().join("sleep"),
            soon,
        )
        .unwrap_err();
        assert!(error.to_string().contains("`sleep 60` did not end in time"));
    }

    #[test]
    fn both_streams_and_the_status_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo out; echo err >&2; exit 3";
        let later = Deadline::after(Duration::from_secs(10));
        let ran = run(
            Command::new("sh").args(["-c", script]),
            &folder.path().join("sh"),
            later,
        )
        .unwrap();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out\n", "err\n"));
        assert!(
            ran.succeeded()
                .unwrap_err()
                .to_string()
                .contains("exit status: 3")
        );
    }
}
