//! A process under test: started, watched through /proc, stopped by its own id.
//! Nothing here is found or stopped by name.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// A running process and its children; it ends with this value.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts a command pinned to one core, in silence.
    pub(super) fn start(core: usize, command: &[&str]) -> anyhow::Result<Self> {
        Self::start_on(&core.to_string(), command)
    }

    /// Starts a command on a list of cores (`0`, `0,1`), in silence.
    pub(super) fn start_on(cores: &str, command: &[&str]) -> anyhow::Result<Self> {
        let child = Command::new("taskset")
            .args(["-c", cores])
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", command.join(" ")))?;
        Ok(Self { child })
    }

    /// Waits until somebody listens on a loopback port.
    pub(super) fn wait_for(&mut self, port: u16) -> anyhow::Result<()> {
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status} before it listened on port {port}");
            }
            pause(Duration::from_millis(25));
        }
        bail!("nobody listens on port {port} after ten seconds")
    }

    /// CPU time of all its threads and children so far, in nanoseconds (/proc/PID/task/*/schedstat).
    pub(super) fn cpu_ns(&self) -> u64 {
        self.family().into_iter().map(cpu_ns).sum()
    }

    /// CPU time of the process itself so far, threads that have ended included, in seconds (/proc/PID/stat,
    /// which counts hundredths).
    pub(super) fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        ticks(&stat).unwrap_or_default() / 100.0
    }

    /// Resident memory of it and its children, in bytes (VmRSS).
    pub(super) fn resident(&self) -> u64 {
        self.family().into_iter().map(resident).sum()
    }

    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&parent) = family.get(next) {
            let children =
                fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
            family.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
            next += 1;
        }
        family
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for id in self.family().into_iter().rev() {
            let _stopped = Command::new("kill")
                .arg(id.to_string())
                .stderr(Stdio::null())
                .status();
        }
        for _ in 0..200 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            pause(Duration::from_millis(25));
        }
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver of processes has nothing better to wait on"
)]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// User and system time: the 14th and 15th field (proc_pid_stat(5)); the second, in parentheses, may hold spaces.
fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn cpu_ns(id: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else {
        return 0;
    };
    let stats = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    stats
        .filter_map(|stat| stat.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1000 1 1";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("7 (x"), None);
    }
}
