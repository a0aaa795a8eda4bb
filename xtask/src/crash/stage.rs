//! What one kind of fault plays on: a disk that fails, a ledger that does not, and what was found wrong.
//!
//! Stages share nothing, so that one kind leaves no traces in another. What was found is kept, not thrown.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use super::control::Control;
use super::draw::Draw;
use super::ledger::Ledger;
use super::service::{Place, Service};

/// What every stage of a run is made from.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) binary: PathBuf,
    /// The compiled storage layer.
    pub(super) layer: PathBuf,
    /// Where stages put their folders.
    pub(super) folder: PathBuf,
    pub(super) seed: u64,
    /// Rounds of each kind.
    pub(super) rounds: u64,
    /// How long the load runs in a round at most.
    pub(super) seconds: u64,
}

/// A disk, a ledger, and what was found.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) control: Control,
    pub(super) ledger: Ledger,
    pub(super) folder: PathBuf,
    /// The number of the next deed.
    pub(super) next: AtomicU64,
    findings: Mutex<Vec<String>>,
    /// The hashes of the audit log as they were seen last; they may grow in number and not change.
    pub(super) hashes: Mutex<Vec<String>>,
}

impl Stage {
    /// A new and empty one.
    pub(super) fn make(plan: &Plan, name: &str) -> anyhow::Result<Self> {
        let folder = plan.folder.join(name);
        fs::create_dir_all(&folder)?;
        let place = Place {
            binary: plan.binary.clone(),
            layer: plan.layer.clone(),
            disk: folder.join("disk"),
            log: folder.join("service.log"),
            filter: "info",
        };
        Ok(Self {
            control: Control::make(&folder.join("control"))?,
            ledger: Ledger::open(&folder.join("ledger.jsonl"))?,
            place,
            folder,
            next: AtomicU64::new(1),
            findings: Mutex::default(),
            hashes: Mutex::default(),
        })
    }

    /// Starts the service without any fault; it must come up.
    pub(super) fn serve(&self) -> anyhow::Result<Service> {
        self.control.calm()?;
        self.place.serve(&self.control)
    }

    /// Something is wrong.
    pub(super) fn find(&self, finding: impl Into<String>) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.push(finding.into());
    }

    pub(super) fn has_findings(&self) -> bool {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        !findings.is_empty()
    }

    /// What was found since the last time.
    pub(super) fn take_findings(&self) -> Vec<String> {
        std::mem::take(&mut *self.findings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes everything; for stages on which nothing was found.
    pub(super) fn clear(self) -> anyhow::Result<()> {
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}

impl Plan {
    /// A generator for one place in the run.
    pub(super) fn draw(&self, kind: &str, round: u64) -> Draw {
        let kind = kind.bytes().fold(0_u64, |sum, byte| sum << 8 | u64::from(byte));
        Draw::new(self.seed, kind.wrapping_add(round << 48).wrapping_add(round))
    }
}

/// Copies a folder of files and folders.
pub(super) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
