//! The control page: a small file that the storage layer under the service has mapped, and that we write.
//!
//! Eight bytes a field, in the machine's order, as `struct control` in `faults.c` lays them out. A write to
//! the file is seen in the mapping at once: both are the same page of the kernel.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A field of the page, by its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    /// Steps so far: writes, truncations, syncs, renames, removals.
    Steps = 0,
    /// The step to die at; 0 is none.
    KillAt = 1,
    /// 0 before the step, 1 after it, 2 in the middle of what it writes.
    Mode = 2,
    /// Seeds which unsynced writes are forgotten at the death; 0 keeps them.
    Power = 3,
    /// 1 while no file can grow.
    Full = 4,
    /// Syncs so far.
    Syncs = 5,
    /// The sync that fails; 0 is none.
    FsyncFailAt = 6,
    /// 1 once it has died of a step.
    Killed = 7,
    /// Which sync failed: 1 the database's, 2 another file's.
    Failed = 8,
    /// Seconds by which the wall clock runs ahead.
    Skew = 9,
    /// 1 while syncs do nothing and say that they did.
    Lie = 10,
}

const FIELDS: usize = 11;

/// The page of one run.
#[derive(Debug)]
pub(super) struct Control {
    file: File,
    pub(super) path: PathBuf,
}

impl Control {
    /// Makes a page of zeros.
    pub(super) fn make(path: &Path) -> anyhow::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        file.write_all_at(&[0; FIELDS * 8], 0)?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    pub(super) fn set(&self, field: Field, value: u64) -> anyhow::Result<()> {
        Ok(self.file.write_all_at(&value.to_ne_bytes(), field as u64 * 8)?)
    }

    pub(super) fn value(&self, field: Field) -> anyhow::Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, field as u64 * 8)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// No fault from now on; the clock stays as far ahead as it is.
    pub(super) fn calm(&self) -> anyhow::Result<()> {
        use Field::{Failed, FsyncFailAt, Full, KillAt, Killed, Lie, Mode, Power, Steps, Syncs};
        let faults = [
            Steps,
            KillAt,
            Mode,
            Power,
            Full,
            Syncs,
            FsyncFailAt,
            Killed,
            Failed,
            Lie,
        ];
        faults.into_iter().try_for_each(|field| self.set(field, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_and_the_clock_survives_the_calm() {
        let folder = tempfile::tempdir().unwrap();
        let control = Control::make(&folder.path().join("control")).unwrap();
        control.set(Field::Full, 1).unwrap();
        control.set(Field::Skew, 90_000).unwrap();
        assert_eq!(control.value(Field::Full).unwrap(), 1);
        control.calm().unwrap();
        assert_eq!(control.value(Field::Full).unwrap(), 0);
        assert_eq!(control.value(Field::Skew).unwrap(), 90_000);
    }
}
