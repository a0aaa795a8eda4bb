//! What a run found: one table, and the violations. Deciding is pure, so that tests can show that each
//! rule is able to fail.

use std::time::Duration;

use serde::Deserialize;

use super::cycle::DESCRIPTOR_SLACK;
use super::process::Resources;

const MIB: u64 = 1 << 20;
/// An allocator keeps some of what was freed, and not the same each time: 10 % and 8 MiB.
const MEMORY_SLACK: u64 = 8 * MIB;

/// What became of the connections of one load process.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Counts {
    pub(super) opened: u64,
    pub(super) completed: u64,
    pub(super) half_closed: u64,
    pub(super) reset: u64,
    pub(super) record_cut: u64,
    pub(super) hello_cut: u64,
    pub(super) upstream_reset: u64,
    pub(super) upstream_killed: u64,
    pub(super) corrupt: u64,
    pub(super) failed: u64,
    pub(super) failures: Vec<String>,
    pub(super) bytes: u64,
}

/// One cycle.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    pub(super) counts: Counts,
    /// The most connections that were open at once.
    pub(super) peak: usize,
    pub(super) during: Resources,
    pub(super) after: Resources,
    pub(super) open: f64,
    pub(super) half_open: f64,
    pub(super) reloads: usize,
    pub(super) weights: usize,
}

/// The drain.
#[derive(Clone, Debug)]
pub(super) struct Drain {
    pub(super) counts: Counts,
    pub(super) connections: usize,
    /// Open some seconds after SIGTERM.
    pub(super) open: usize,
    /// Of 20 attempts after the listener had closed.
    pub(super) refused: usize,
    pub(super) code: Option<i32>,
    /// From the last client's end.
    pub(super) ended_after: Duration,
}

/// All that was found.
#[derive(Debug)]
pub(super) struct Report {
    connections: usize,
    seed: u64,
    start: Resources,
    cycles: Vec<Cycle>,
    drain: Option<Drain>,
}

impl Report {
    pub(super) const fn new(connections: usize, seed: u64, start: Resources) -> Self {
        Self {
            connections,
            seed,
            start,
            cycles: Vec::new(),
            drain: None,
        }
    }

    pub(super) fn cycle(&mut self, cycle: Cycle) {
        self.cycles.push(cycle);
    }

    pub(super) fn drain(&mut self, drain: Drain) {
        self.drain = Some(drain);
    }

    /// Everything that is not as it must be.
    pub(super) fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (index, cycle) in self.cycles.iter().enumerate() {
            let name = format!("cycle {}", index + 1);
            found.extend(of_counts(&cycle.counts).map(|what| format!("{name}: {what}")));
            found.extend(self.of_cycle(cycle).map(|what| format!("{name}: {what}")));
        }
        found.extend(self.of_memory());
        if let Some(drain) = &self.drain {
            found.extend(of_counts(&drain.counts).map(|what| format!("drain: {what}")));
            found.extend(of_drain(drain).map(|what| format!("drain: {what}")));
        }
        found
    }

    fn of_cycle(&self, cycle: &Cycle) -> impl Iterator<Item = String> + use<> {
        let (start, after) = (self.start.descriptors, cycle.after.descriptors);
        let gauges = (cycle.open, cycle.half_open);
        [
            (cycle.peak < self.connections).then(|| {
                format!(
                    "{} of {} connections were open at once",
                    cycle.peak, self.connections
                )
            }),
            (cycle.during.descriptors < 2 * self.connections)
                .then(|| "the edge did not hold two descriptors for each connection".to_owned()),
            (after > start + DESCRIPTOR_SLACK)
                .then(|| format!("{after} descriptors are open without clients, {start} at the start")),
            (gauges != (0.0, 0.0)).then(|| format!("/metrics says open and half open: {gauges:?}")),
            (cycle.counts.upstream_killed == 0)
                .then(|| "nobody noticed that the upstream was killed".to_owned()),
        ]
        .into_iter()
        .flatten()
    }

    fn of_memory(&self) -> Option<String> {
        let (first, last) = (
            self.cycles.first()?.after.resident,
            self.cycles.last()?.after.resident,
        );
        let most = first + first / 10 + MEMORY_SLACK;
        (last > most).then(|| {
            format!(
                "resident memory grew from {} MiB after the first cycle to {} MiB after the last",
                first / MIB,
                last / MIB
            )
        })
    }

    /// The counts, a row each, a column for each cycle and the drain.
    pub(super) fn table(&self) -> String {
        let start = self.start;
        let mut lines = vec![
            format!(
                "{} connections, seed {}; the edge at the start: {} descriptors, {} MiB",
                self.connections,
                self.seed,
                start.descriptors,
                start.resident / MIB
            ),
            String::new(),
            self.row("", |number, _| format!("cycle {number}"), "drain".to_owned()),
            self.row("---", |_, _| "---:".to_owned(), "---:".to_owned()),
        ];
        for (name, count) in ROWS {
            let drained = self.drain.as_ref().map_or(0, |drain| count(&drain.counts));
            lines.push(self.row(
                name,
                |_, cycle| count(&cycle.counts).to_string(),
                drained.to_string(),
            ));
        }
        lines.extend(self.rows_of_the_edge());
        if let Some(drain) = &self.drain {
            let after = drain.ended_after.as_millis();
            lines.push(String::new());
            lines.push(format!(
                "drain: {} of {} connections went on after SIGTERM, {} of 20 new ones were refused, exit code \
                 {:?} {after} ms after the last client",
                drain.open, drain.connections, drain.refused, drain.code
            ));
        }
        lines.join("\n")
    }

    fn rows_of_the_edge(&self) -> Vec<String> {
        let drained = self.drain.as_ref().map_or(0, |drain| drain.counts.bytes / MIB);
        let none = || "-".to_owned();
        let number =
            |name, pick: fn(&Cycle) -> u64, last| self.row(name, |_, cycle| pick(cycle).to_string(), last);
        vec![
            number(
                "MiB echoed and compared",
                |cycle| cycle.counts.bytes / MIB,
                drained.to_string(),
            ),
            number("most open at once", |cycle| cycle.peak as u64, none()),
            number("reloads (SIGHUP)", |cycle| cycle.reloads as u64, none()),
            number("weight changes (API)", |cycle| cycle.weights as u64, none()),
            number(
                "edge descriptors, loaded",
                |cycle| cycle.during.descriptors as u64,
                none(),
            ),
            number(
                "edge descriptors, after",
                |cycle| cycle.after.descriptors as u64,
                none(),
            ),
            number(
                "edge resident MiB, loaded",
                |cycle| cycle.during.resident / MIB,
                none(),
            ),
            number(
                "edge resident MiB, after",
                |cycle| cycle.after.resident / MIB,
                none(),
            ),
        ]
    }

    fn row(&self, name: &str, cell: impl Fn(usize, &Cycle) -> String, last: String) -> String {
        let mut cells = vec![name.to_owned()];
        cells.extend(
            self.cycles
                .iter()
                .enumerate()
                .map(|(index, cycle)| cell(index + 1, cycle)),
        );
        cells.push(last);
        format!("| {} |", cells.join(" | "))
    }
}

type Count = fn(&Counts) -> u64;

const ROWS: [(&str, Count); 10] = [
    ("connections opened", |counts| counts.opened),
    ("complete to the last byte", |counts| counts.completed),
    ("half-closed by the client, complete", |counts| counts.half_closed),
    ("reset by the client", |counts| counts.reset),
    ("cut in a record", |counts| counts.record_cut),
    ("cut in the ClientHello", |counts| counts.hello_cut),
    ("reset by the upstream", |counts| counts.upstream_reset),
    ("ended by the upstream's SIGKILL", |counts| counts.upstream_killed),
    ("bytes wrong", |counts| counts.corrupt),
    ("failed", |counts| counts.failed),
];

fn of_counts(counts: &Counts) -> impl Iterator<Item = String> + use<> {
    let ended: u64 = ROWS[1..].iter().map(|(_, count)| count(counts)).sum();
    let told = counts.failures.join("; ");
    [
        (counts.corrupt > 0).then(|| format!("{} connections brought wrong bytes: {told}", counts.corrupt)),
        (counts.failed > 0).then(|| {
            format!(
                "{} connections failed that nobody had killed: {told}",
                counts.failed
            )
        }),
        (ended != counts.opened).then(|| format!("{} opened, {ended} accounted for", counts.opened)),
    ]
    .into_iter()
    .flatten()
}

fn of_drain(drain: &Drain) -> impl Iterator<Item = String> + use<> {
    let complete = drain.counts.completed + drain.counts.half_closed;
    let all = drain.connections;
    [
        (drain.open != all).then(|| format!("{} of {all} connections outlived SIGTERM", drain.open)),
        (complete != all as u64).then(|| format!("{complete} of {all} connections were completed")),
        (drain.refused != 20).then(|| format!("{} of 20 new connections were refused", drain.refused)),
        (drain.code != Some(0)).then(|| format!("the edge ended with {:?}", drain.code)),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
