//! A plan: what a transaction will write, worked out before anything of it is written.
//!
//! Preconditions are judged against what the writer's transaction shows, that is after all transactions
//! before this one. A refusal therefore leaves nothing to take back.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Draft, Sealer, Work};
use crate::backend::Backend;
use crate::fault::{CommitError, Damage, Fault};
use crate::record::Id;
use crate::row::Row;
use crate::versions::Versions;

pub(super) struct Plan<'a> {
    pub(super) changes: Vec<Change<'a>>,
}

pub(super) enum Change<'a> {
    /// A row to be written, and whether there was none before.
    Put(Cow<'a, Row>, bool),
    Delete(&'a Id),
}

/// A fault of the storage outside, a refusal of this transaction inside.
type Judged<T> = Result<Result<T, CommitError>, Fault>;

struct Planner<'a, 'w> {
    backend: &'a mut dyn Backend,
    versions: &'a mut Versions,
    sealer: Sealer<'a>,
    /// Versions after the writes of this transaction so far.
    ahead: HashMap<&'w Id, u64>,
    changes: Vec<Change<'w>>,
}

impl<'w> Plan<'w> {
    pub(super) fn of(
        work: &'w Work,
        backend: &mut dyn Backend,
        versions: &mut Versions,
        sealer: Sealer<'_>,
    ) -> Judged<Self> {
        let changes = Vec::with_capacity(work.drafts.len());
        let mut planner = Planner {
            backend,
            versions,
            sealer,
            ahead: HashMap::new(),
            changes,
        };
        let judged = planner.judge(work)?;
        let planned = match judged {
            Ok(()) => planner.plan(work)?,
            refused => refused,
        };
        Ok(planned.map(|()| Plan {
            changes: planner.changes,
        }))
    }
}

impl<'w> Planner<'_, 'w> {
    fn judge(&mut self, work: &'w Work) -> Judged<()> {
        for precondition in &work.preconditions {
            let version = match self.version(precondition.id())? {
                Ok(version) => version,
                Err(refused) => return Ok(Err(refused)),
            };
            if !precondition.holds(version) {
                return Ok(Err(CommitError::Conflict(precondition.id().clone())));
            }
        }
        Ok(Ok(()))
    }

    fn plan(&mut self, work: &'w Work) -> Judged<()> {
        for draft in &work.drafts {
            let planned = match draft {
                Draft::Sealed(row) => self.put_sealed(row)?,
                Draft::Plain(id, value) => self.put_plain(id, value)?,
                Draft::Delete(id) => {
                    self.ahead.insert(id, 0);
                    self.changes.push(Change::Delete(id));
                    Ok(())
                }
            };
            if planned.is_err() {
                return Ok(planned);
            }
        }
        for id in &work.reseal {
            if let Err(refused) = self.reseal(id)? {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(()))
    }

    /// A sealed row is used as it is when its version and epoch are what they must be now.
    fn put_sealed(&mut self, row: &'w Row) -> Judged<()> {
        let before = match self.version(&row.id)? {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(keyring) = self.sealer.1 else {
            return Ok(Err(CommitError::Sealed));
        };
        if row.version == before + 1 && row.epoch == keyring.current() {
            self.push(&row.id, Cow::Borrowed(row), before);
            return Ok(Ok(()));
        }
        match keyring.open(self.sealer.0.id, row) {
            Ok(record) => self.put_plain(&row.id, &record.value),
            Err(_from_another_keyring) => Ok(Err(CommitError::Sealed)),
        }
    }

    fn put_plain(&mut self, id: &'w Id, value: &[u8]) -> Judged<()> {
        let before = match self.version(id)? {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(keyring) = self.sealer.1 else {
            return Ok(Err(CommitError::Sealed));
        };
        let sealed = keyring.seal(self.sealer.0.id, id, before + 1, value);
        Ok(sealed.map(|row| self.push(id, Cow::Owned(row), before)))
    }

    /// Moves a record to the current epoch; its version stays. Absent and damaged ones are passed over.
    fn reseal(&mut self, id: &'w Id) -> Judged<()> {
        let Some(keyring) = self.sealer.1 else {
            return Ok(Err(CommitError::Sealed));
        };
        let Some(Ok(row)) = self.backend.row(id)? else {
            return Ok(Ok(()));
        };
        if row.epoch == keyring.current() {
            return Ok(Ok(()));
        }
        let Ok(record) = keyring.open(self.sealer.0.id, &row) else {
            return Ok(Ok(()));
        };
        let sealed = keyring.seal(self.sealer.0.id, id, row.version, &record.value);
        Ok(sealed.map(|moved| self.changes.push(Change::Put(Cow::Owned(moved), false))))
    }

    fn push(&mut self, id: &'w Id, row: Cow<'w, Row>, before: u64) {
        self.ahead.insert(id, row.version);
        self.changes.push(Change::Put(row, before == 0));
    }

    /// The version of a record as this transaction would find it, 0 when it is absent.
    fn version(&mut self, id: &Id) -> Judged<u64> {
        if let Some(version) = self.ahead.get(id) {
            return Ok(Ok(*version));
        }
        if let Some(version) = self.versions.find(id) {
            return Ok(Ok(version));
        }
        let version = match self.backend.row(id)? {
            None => 0,
            Some(Ok(row)) => row.version,
            Some(Err(Damage { id, .. })) => return Ok(Err(CommitError::Damaged(id))),
        };
        self.versions.keep(id.clone(), version);
        Ok(Ok(version))
    }
}
