//! Backup and restore of a filled store: how long they take, by the commands that an operator uses.
//! One sample each; the service runs while its backup is made, and the restored directory is a new one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::super::measure::clock;
use super::service::{Cores, Service};
use super::{Sample, Subject};

/// Makes a backup of the running service, verifies it, and restores it into an empty directory.
pub(super) fn restore(service: &Service<'_>, keys: u64) -> anyhow::Result<Vec<Sample>> {
    let data = service.path("data");
    let (backups, identity) = (format!("{data}/backups"), format!("{data}/backup.identity"));
    let restored = service.path("restored");
    ensure!(Path::new(&data).exists(), "{data} is missing");
    let mut samples = Vec::new();
    let mut timed = |words: &str, arguments: &[&str]| {
        let value = seconds(service, arguments)?;
        let figure = format!("{keys} keys: {words}, s");
        samples.push(Sample::new(Subject::Hybridge, figure, value));
        anyhow::Ok(())
    };
    timed("backup", &["backup", "create", "--data", &data])?;
    timed(
        "backup verified without restoring",
        &[
            "backup",
            "verify",
            "--destination",
            &backups,
            "--identity",
            &identity,
        ],
    )?;
    timed(
        "restore",
        &[
            "restore",
            "--from",
            &backups,
            "--identity",
            &identity,
            "--data",
            &restored,
        ],
    )?;
    Ok(samples)
}

/// How long a command of our binary takes, in seconds.
fn seconds(service: &Service<'_>, arguments: &[&str]) -> anyhow::Result<f64> {
    let mut command: Command = service.place().command(&Cores::Together.load());
    let began = clock();
    let output = command
        .args(arguments)
        .stdout(Stdio::piped())
        .output()
        .context("cannot run hybridge")?;
    let problem = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "hybridge {}: {problem}",
        arguments.join(" ")
    );
    Ok(clock().duration_since(began).as_secs_f64())
}
