//! `cargo xtask interop --install`: runs `peers.sh`, which is part of this program.
//!
//! The script is safe to run again, and is the only thing here that needs root and a network.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

const SCRIPT: &str = include_str!("peers.sh");

/// Installs the peers into a folder. What is there is left alone.
///
/// # Errors
/// There is no `bash`.
pub(super) fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    let status = Command::new("bash")
        .args(["-c", SCRIPT, "peers.sh"])
        .arg(folder)
        .status()
        .context("bash")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
