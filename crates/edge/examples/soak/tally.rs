//! What became of the connections, counted: every one that was opened is in exactly one count.
//! An early end is excused only by the fate, or by a kill of the upstream; wrong bytes never are.

use serde_json::{Value, json};

use crate::fate::Fate;

/// Failures that are told in full.
const TOLD: usize = 10;

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Everything that was sent came back, and the end was a proper one.
    Complete,
    /// The client killed it, as planned.
    Killed,
    /// It ended early; what had come back was right.
    Broken(String),
    /// It ended with a proper end, but bytes are missing: nobody could tell that from success.
    Truncated(String),
    /// What came back is not what was sent.
    Corrupt(String),
}

/// Counts of one run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) opened: u64,
    pub(crate) completed: u64,
    pub(crate) half_closed: u64,
    pub(crate) reset: u64,
    pub(crate) record_cut: u64,
    pub(crate) hello_cut: u64,
    /// Reset by the upstream, as planned.
    pub(crate) upstream_reset: u64,
    /// Ended early while the upstream process was killed and started again.
    pub(crate) upstream_killed: u64,
    pub(crate) corrupt: u64,
    pub(crate) failed: u64,
    pub(crate) failures: Vec<String>,
    /// Bytes that came back and were compared, those of unfinished exchanges aside.
    pub(crate) bytes: u64,
}

impl Tally {
    /// Counts an ending. `excused`: the connection lived while the upstream process was killed.
    pub(crate) fn ended(&mut self, fate: Fate, ending: Ending, excused: bool) {
        match (ending, fate) {
            (Ending::Corrupt(what), _) => {
                self.corrupt += 1;
                self.tell(fate, &what);
            }
            (Ending::Complete, Fate::HalfClose) => self.half_closed += 1,
            (Ending::Complete, _) => self.completed += 1,
            (Ending::Killed, Fate::CutRecord) => self.record_cut += 1,
            (Ending::Killed, Fate::CutHello) => self.hello_cut += 1,
            (Ending::Killed, _) => self.reset += 1,
            (Ending::Broken(_) | Ending::Truncated(_), _) if excused => self.upstream_killed += 1,
            (Ending::Broken(_), Fate::UpstreamReset) => self.upstream_reset += 1,
            (Ending::Broken(what) | Ending::Truncated(what), _) => {
                self.failed += 1;
                self.tell(fate, &what);
            }
        }
    }

    fn tell(&mut self, fate: Fate, what: &str) {
        if self.failures.len() < TOLD {
            self.failures.push(format!("{fate:?}: {what}"));
        }
    }

    /// For the driver.
    pub(crate) fn json(&self) -> Value {
        json!({
            "opened": self.opened,
            "completed": self.completed,
            "half_closed": self.half_closed,
            "reset": self.reset,
            "record_cut": self.record_cut,
            "hello_cut": self.hello_cut,
            "upstream_reset": self.upstream_reset,
            "upstream_killed": self.upstream_killed,
            "corrupt": self.corrupt,
            "failed": self.failed,
            "failures": self.failures,
            "bytes": self.bytes,
        })
    }
}
