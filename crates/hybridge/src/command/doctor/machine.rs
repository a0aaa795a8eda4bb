//! The machine: room on the disk, the clock's source, swap, and core dumps of the service.
//! What the system does not tell is said or left out, never guessed.

use std::path::Path;
use std::process::Command;

use super::finding::Finding;

/// Below this share of free space, in percent, there is a warning; below a tenth of it a failure.
const FREE_MIN: u64 = 10;

pub(super) fn check(folder: &Path) -> Vec<Finding> {
    [disk(folder), synchronised(), swap(), dumps(folder)]
        .into_iter()
        .flatten()
        .collect()
}

fn disk(folder: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
    let percent = disk.f_bavail.saturating_mul(100) / disk.f_blocks.max(1);
    let what = format!("{free} MiB are free ({percent} %)");
    Some(if percent * 10 < FREE_MIN {
        Finding::fail("disk", what).mend("make room: a full disk stops every change")
    } else if percent < FREE_MIN {
        Finding::warn("disk", what).mend("make room before it is full")
    } else {
        Finding::ok("disk", what)
    })
}

/// Asks systemd, where there is one.
fn synchronised() -> Option<Finding> {
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .output()
        .ok()
        .filter(|output| output.status.success());
    Some(match asked.as_ref().map(|output| output.stdout.trim_ascii()) {
        Some(b"yes") => Finding::ok("clock", "synchronised over the network"),
        Some(_) => Finding::warn(
            "clock",
            "not synchronised: schedules and expiry follow a clock that drifts",
        )
        .mend("timedatectl set-ntp true"),
        None => Finding::warn("clock", "whether it is synchronised cannot be told here"),
    })
}

fn swap() -> Option<Finding> {
    let swaps = std::fs::read_to_string("/proc/swaps").ok()?;
    Some(if swaps.lines().count() > 1 {
        Finding::warn("swap", "memory may be written to a swap device").mend("swapoff -a, or encrypt it")
    } else {
        Finding::ok("swap", "off")
    })
}

/// The service's own limit where it runs, else that of this shell.
fn dumps(folder: &Path) -> Option<Finding> {
    let id = std::fs::read_to_string(folder.join("lock")).unwrap_or_default();
    let of = |id: &str| std::fs::read_to_string(format!("/proc/{id}/limits")).ok();
    let limits = of(id.trim()).or_else(|| of("self"))?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))?;
    let limit = line.split_whitespace().next()?;
    Some(if limit == "0" {
        Finding::ok("core", "no core dumps")
    } else {
        let what = format!("a crash may write memory, keys in it, to a core dump (limit {limit})");
        Finding::warn("core", what).mend("ulimit -c 0, or LimitCORE=0 in the unit")
    })
}
