//! The metrics of the process and of what all routes share, and what the system says of its use.
//! `Usage::read` is the only part that touches the machine: two small files of Linux's `/proc`.

use std::fmt;
use std::fs;

use prometheus_client::registry::Unit;

use super::ProcessMetrics;
use super::page::{Family, Labels, Page};
use crate::register::State;

/// What the process uses of the machine; `None` where the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Memory that is in RAM, in bytes.
    pub resident_bytes: Option<u64>,
    /// Processor time of all threads, user and system, in seconds.
    pub cpu_seconds: Option<f64>,
}

/// Linux counts processor time for `/proc` in hundredths of a second on every architecture that we run on.
const TICKS_PER_SECOND: f64 = 100.0;

impl Usage {
    /// Asks the system, in some 30 microseconds.
    pub fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self {
            resident_bytes: resident_bytes(&status),
            cpu_seconds: cpu_seconds(&stat),
        }
    }
}

/// `VmRSS:     10320 kB`, where kB are 1024 bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// Fields 14 and 15 (user and system time); the second field, the program's name, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

pub(super) fn write(page: &mut Page<'_>, process: &ProcessMetrics) -> fmt::Result {
    let version = vec![("version", process.version.into())];
    page.infos(
        &Family::new("hybridge_build", "The program that is running."),
        [version],
    )?;
    page.counters(
        &Family::new(
            "hybridge_edge_records_dropped",
            "Handshakes that are missing in lists and register; counters have them.",
        ),
        alone(process.dropped_records),
    )?;
    write_clients(page, process)?;
    write_usage(page, process)
}

fn write_clients(page: &mut Page<'_>, process: &ProcessMetrics) -> fmt::Result {
    let states = State::ALL.into_iter().zip(process.clients.states);
    page.gauges(
        &Family::new(
            "hybridge_clients",
            "Clients in the register, by how far they are.",
        ),
        states.map(|(state, count)| (vec![("state", state.name().into())], count)),
    )?;
    page.gauges(
        &Family::new("hybridge_clients_limit", "Clients that the register can hold."),
        alone(process.clients_max),
    )?;
    page.counters(
        &Family::new(
            "hybridge_clients_evicted",
            "Clients that made room for others since the start.",
        ),
        alone(process.clients.evicted),
    )
}

fn write_usage(page: &mut Page<'_>, process: &ProcessMetrics) -> fmt::Result {
    let started = std::time::Duration::from_micros(process.started_us.unsigned_abs()).as_secs_f64();
    page.gauges(
        &Family::with_unit(
            "process_start_time",
            Unit::Seconds,
            "Start of the process, in seconds since the Unix epoch.",
        ),
        alone(started),
    )?;
    page.gauges(
        &Family::with_unit(
            "process_resident_memory",
            Unit::Bytes,
            "Memory of the process that is in RAM.",
        ),
        process.usage.resident_bytes.into_iter().flat_map(alone),
    )?;
    page.counters(
        &Family::with_unit(
            "process_cpu",
            Unit::Seconds,
            "Processor time of all threads, user and system.",
        ),
        process.usage.cpu_seconds.into_iter().flat_map(alone),
    )
}

fn alone<V>(value: V) -> [(Labels<'static>, V); 1] {
    [(Labels::new(), value)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_says() {
        let status = "Name:\thybridge\nVmPeak:\t  20000 kB\nVmRSS:\t   10320 kB\nThreads:\t3\n";
        assert_eq!(resident_bytes(status), Some(10_320 * 1024));
        let stat = "4242 (a ) b) S 1 4242 4242 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 3 0 100 1000 200";
        assert_eq!(cpu_seconds(stat), Some(2.0));
    }

    #[test]
    fn says_nothing_where_the_system_does_not() {
        assert_eq!(resident_bytes("Name:\thybridge\n"), None);
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(cpu_seconds("1 (x) S 1 2"), None);
    }
}
