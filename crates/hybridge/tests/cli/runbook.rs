//! The runbook, run: every block of commands in `docs/runbook.md`, in its order, against the real binary.
//!
//! One shell runs them all and stops at the first command that fails. `systemctl` is a script here that starts
//! and stops `hybridge serve` as the unit does; everything else is what is written on the page. Paths of the
//! system become paths in a scratch directory.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts, stops, and says whether it runs (exit code 3 where not, as systemd does).
const SYSTEMCTL: &str = r#"#!/bin/sh
set -eu
DATA=SCRATCH/lib/data
start() {
    hybridge serve --config SCRATCH/etc/keys.toml --data "$DATA" --api 127.0.0.1:0 >>SCRATCH/log 2>&1 &
    echo $! >SCRATCH/pid
    tries=0
    until [ -s "$DATA/api.address" ]; do
        tries=$((tries + 1)); [ $tries -lt 600 ] || { cat SCRATCH/log >&2; exit 1; }
        kill -0 "$(cat SCRATCH/pid)" || { cat SCRATCH/log >&2; exit 1; }
        sleep 0.05
    done
}
stop() {
    kill "$(cat SCRATCH/pid)" 2>/dev/null || return 0
    while [ -e "/proc/$(cat SCRATCH/pid)" ] && ! grep -q '^State:.Z' "/proc/$(cat SCRATCH/pid)/status"; do sleep 0.05; done
}
case "$1" in
    start) start ;;
    stop) stop ;;
    restart) stop; start ;;
    status) kill -0 "$(cat SCRATCH/pid)" 2>/dev/null || exit 3 ;;
    *) exit 1 ;;
esac
"#;

/// The fenced blocks of commands, each with the line of its first command. No other kind of block is on the page.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line) {
            (None, "```sh") => open = Some((number + 2, String::new())),
            (None, line) => assert!(
                !line.starts_with("```"),
                "line {}: a block that is not run",
                number + 1
            ),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, text)), line) => writeln!(text, "{line}").expect("a String takes all"),
        }
    }
    assert!(open.is_none(), "the last block does not end");
    blocks
}

fn executable(path: &Path, text: &str) {
    let mut file = std::fs::File::create(path).expect("a directory of our own");
    file.write_all(text.as_bytes()).expect("a directory of our own");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("our own file");
}

#[test]
fn every_command_of_the_runbook_does_what_it_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbook.md"));
    let blocks = blocks(&page.expect("the runbook is there"));
    assert!(blocks.len() > 25, "{}", blocks.len());
    let folder = tempfile::tempdir().expect("a temporary directory");
    let scratch = folder.path().to_str().expect("plain name");
    for name in ["bin", "lib", "etc", "work"] {
        std::fs::create_dir(folder.path().join(name)).expect("a directory of our own");
    }
    executable(
        &folder.path().join("bin/systemctl"),
        &SYSTEMCTL.replace("SCRATCH", scratch),
    );
    std::fs::File::create(folder.path().join("etc/keys.toml")).expect("a directory of our own");
    let mut script = "set -euo pipefail\ntrap 'systemctl stop hybridge-keys' EXIT\n".to_owned();
    for (line, block) in &blocks {
        let block = block.replace("/var/lib/hybridge", &format!("{scratch}/lib"));
        writeln!(script, "echo \"== docs/runbook.md:{line}\" >&2\n{block}").expect("a String takes all");
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_hybridge"))
        .parent()
        .expect("it is in a directory");
    let output = Command::new("bash")
        .arg("-c")
        .arg(script)
        .env_clear()
        .env(
            "PATH",
            format!("{scratch}/bin:{}:/usr/bin:/bin", binary.display()),
        )
        .env("HOME", scratch)
        .current_dir(folder.path().join("work"))
        .stdin(Stdio::null())
        .output()
        .expect("bash is there");
    let said = String::from_utf8_lossy(&output.stderr);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{said}");
    assert!(
        shown.contains("canaries opened"),
        "the restore ends with its proof: {shown}"
    );
}
