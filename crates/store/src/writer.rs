//! The writer: one thread that judges transactions in order and commits them in groups.
//!
//! Whatever waits when the last group is durable makes the next group: one transaction of the backend, one
//! sync, then all of them are answered. A conflict answers that transaction alone. When a statement fails the
//! group is rolled back and each transaction tried by itself, so that one which meets a malformed page or
//! needs too much room does not take the others with it. When a commit fails for any reason but a full disk
//! or a lock, nobody knows what is on disk: the store fails and stays so until it is opened again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::backend::{Backend, Pace};
use crate::commit::Answer;
use crate::copies;
use crate::fault::{CommitError, Damage, Fault, FaultKind};
use crate::keyring::Keyring;
use crate::log::{Entry, Head};
use crate::open::Notice;
use crate::read::{count_name, seals_name};
use crate::record::{Committed, Id, Precondition, Table};
use crate::row::Row;
use crate::state::State;
use crate::versions::Versions;

mod plan;

use plan::{Change, Plan};

const GROUP_MAX: usize = 1024;

/// What the writer is asked to do in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) preconditions: Vec<Precondition>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) root: Option<Vec<u8>>,
    /// Build the index anew.
    pub(crate) rebuild: bool,
    /// Write a damaged copy of the root record anew.
    pub(crate) heal: bool,
    /// Move these records to the current epoch.
    pub(crate) reseal: Vec<Id>,
    /// Note these in the file.
    pub(crate) notes: Vec<Damage>,
    /// These turned out to be sound.
    pub(crate) forget: Vec<Id>,
}

/// A write on its way: sealed already where the version was certain.
pub(crate) enum Draft {
    Sealed(Row),
    Plain(Id, Zeroizing<Vec<u8>>),
    Delete(Id),
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sealed(row) => write!(out, "Sealed({})", row.id),
            Self::Plain(id, _) => write!(out, "Plain({id}, <redacted>)"),
            Self::Delete(id) => write!(out, "Delete({id})"),
        }
    }
}

pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) answer: Option<oneshot::Sender<Answer>>,
}

pub(crate) enum Message {
    Job(Box<Job>),
    Close(Sender<Result<(), Fault>>),
}

pub(crate) struct Writer {
    backend: Box<dyn Backend>,
    state: Arc<State>,
    head: Head,
    versions: Versions,
    witness: Option<Nudges>,
}

/// The writer's ends of [`crate::witness::Signals`].
pub(crate) struct Nudges {
    pub(crate) nudges: SyncSender<()>,
    pub(crate) _ended: Sender<()>,
}

/// Counters that a group changes.
#[derive(Default)]
struct Counts {
    rows: BTreeMap<Table, i64>,
    seals: BTreeMap<u32, i64>,
}

/// Why a group was not committed. It is rolled back.
enum Setback {
    /// Before the commit: nothing is on disk.
    Statement(Fault),
    /// At the commit.
    Commit(Fault),
}

impl Writer {
    pub(crate) fn new(backend: Box<dyn Backend>, state: Arc<State>, witness: Option<Nudges>) -> Self {
        let head = state.head();
        Self {
            backend,
            state,
            head,
            versions: Versions::default(),
            witness,
        }
    }

    /// Works until every handle is gone or one of them closes the store.
    pub(crate) fn run(mut self, messages: &Receiver<Message>) {
        let mut group = Vec::new();
        let closing = loop {
            let closing = self.gather(messages, &mut group);
            self.settle(&mut group);
            if let Some(closing) = closing {
                break closing;
            }
            self.rest(Pace::Busy);
        };
        let closed = self.backend.close();
        drop(self);
        if let Closing::Asked(answer) = closing {
            let _nobody_waits = answer.send(closed);
        }
    }

    fn gather(&mut self, messages: &Receiver<Message>, group: &mut Vec<Job>) -> Option<Closing> {
        while group.len() < GROUP_MAX {
            let message = match messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Disconnected) => return Some(Closing::Forgotten),
                Err(TryRecvError::Empty) if !group.is_empty() => break,
                Err(TryRecvError::Empty) => {
                    self.rest(Pace::Quiet);
                    match messages.recv() {
                        Ok(message) => message,
                        Err(_disconnected) => return Some(Closing::Forgotten),
                    }
                }
            };
            match message {
                Message::Job(job) => group.push(*job),
                Message::Close(answer) => return Some(Closing::Asked(answer)),
            }
        }
        None
    }

    fn rest(&mut self, pace: Pace) {
        if self.state.failure().is_none()
            && let Err(fault) = self.backend.rest(pace)
        {
            self.state.fail(Arc::new(fault));
        }
    }

    /// Commits a group and answers every job of it.
    fn settle(&mut self, group: &mut Vec<Job>) {
        if group.is_empty() {
            return;
        }
        let answers = self.answers(group);
        for (job, answer) in group.drain(..).zip(answers) {
            if let Some(waiting) = job.answer {
                let _nobody_waits = waiting.send(answer);
            }
        }
        if let Some(witness) = &self.witness {
            let _heard_already = witness.nudges.try_send(());
        }
    }

    fn answers(&mut self, group: &[Job]) -> Vec<Answer> {
        if let Some(fault) = self.state.failure() {
            return refuse(group, &CommitError::Failed(fault));
        }
        match self.attempt_with_sound_index(group) {
            Ok(answers) => answers,
            Err(Setback::Statement(fault)) if group.len() == 1 || self.state.failure().is_some() => {
                refuse(group, &self.statement_failed(fault))
            }
            Err(Setback::Statement(_)) => group
                .iter()
                .flat_map(|job| self.answers(std::slice::from_ref(job)))
                .collect(),
            Err(Setback::Commit(fault)) => refuse(group, &self.commit_failed(fault)),
        }
    }

    fn statement_failed(&self, fault: Fault) -> CommitError {
        match fault.kind {
            FaultKind::Full => CommitError::Full(Arc::new(fault)),
            FaultKind::Corrupt | FaultKind::Index | FaultKind::Locked => {
                CommitError::Refused(Arc::new(fault))
            }
            _ => self.failed(fault),
        }
    }

    fn commit_failed(&self, fault: Fault) -> CommitError {
        match fault.kind {
            FaultKind::Full => CommitError::Full(Arc::new(fault)),
            FaultKind::Locked => CommitError::Refused(Arc::new(fault)),
            _ => self.failed(fault),
        }
    }

    fn failed(&self, fault: Fault) -> CommitError {
        let fault = Arc::new(fault);
        self.state.fail(Arc::clone(&fault));
        CommitError::Failed(fault)
    }

    /// A damaged entry of the index is met at most once: then the index is built anew.
    fn attempt_with_sound_index(&mut self, group: &[Job]) -> Result<Vec<Answer>, Setback> {
        match self.attempt(group) {
            Err(Setback::Statement(fault)) if fault.kind == FaultKind::Index => {
                let work = Work {
                    rebuild: true,
                    ..Work::default()
                };
                self.attempt(&[Job { work, answer: None }])?;
                self.attempt(group)
            }
            settled => settled,
        }
    }

    fn attempt(&mut self, group: &[Job]) -> Result<Vec<Answer>, Setback> {
        self.backend.begin().map_err(Setback::Statement)?;
        let written = self.write_group(group);
        let (answers, head) = match written {
            Ok(done) => done,
            Err(fault) => return Err(self.roll_back(Setback::Statement(fault))),
        };
        if let Err(fault) = self.backend.commit() {
            return Err(self.roll_back(Setback::Commit(fault)));
        }
        self.head = head;
        self.state.set_head(head);
        Ok(answers)
    }

    fn roll_back(&mut self, setback: Setback) -> Setback {
        self.versions.clear();
        if let Err(fault) = self.backend.rollback() {
            self.state.fail(Arc::new(fault));
        }
        setback
    }

    fn write_group(&mut self, group: &[Job]) -> Result<(Vec<Answer>, Head), Fault> {
        let keyring = self.state.keyring();
        let mut head = self.head;
        let mut counts = Counts::default();
        let mut answers = Vec::with_capacity(group.len());
        for job in group {
            let planned = Plan::of(
                &job.work,
                &mut *self.backend,
                &mut self.versions,
                (&self.state, keyring.as_deref()),
            )?;
            answers.push(match planned {
                Ok(plan) => Ok(self.write_one(&job.work, plan, &mut head, &mut counts)?),
                Err(refused) => Err(refused),
            });
        }
        for (table, change) in counts.rows.iter().filter(|(_, change)| **change != 0) {
            self.backend.add(&count_name(*table), *change)?;
        }
        for (epoch, change) in counts.seals {
            self.backend.add(&seals_name(epoch), change)?;
        }
        Ok((answers, head))
    }

    fn write_one(
        &mut self,
        work: &Work,
        plan: Plan<'_>,
        head: &mut Head,
        counts: &mut Counts,
    ) -> Result<Committed, Fault> {
        for change in plan.changes {
            self.change(change, counts)?;
        }
        let first = head.sequence + 1;
        for bytes in &work.entries {
            *head = head.after(bytes);
            self.backend.append(&Entry {
                sequence: head.sequence,
                hash: head.hash,
                bytes: bytes.clone(),
            })?;
        }
        self.keep_house(work)?;
        Ok(Committed {
            entries: first..head.sequence + 1,
            head: *head,
        })
    }

    fn change(&mut self, change: Change<'_>, counts: &mut Counts) -> Result<(), Fault> {
        match change {
            Change::Put(row, is_new) => {
                if is_new {
                    self.backend.insert(&row)?;
                } else {
                    self.backend.update(&row)?;
                }
                *counts.rows.entry(row.id.table).or_default() += i64::from(is_new);
                *counts.seals.entry(row.epoch).or_default() += 1;
                self.versions.keep(row.id.clone(), row.version);
            }
            Change::Delete(id) => {
                if self.backend.delete(id)? {
                    *counts.rows.entry(id.table).or_default() -= 1;
                }
                if self.state.is_damaged(id) {
                    self.backend.forget(id)?;
                    self.state.forget(id);
                }
                self.versions.keep(id.clone(), 0);
            }
        }
        Ok(())
    }

    fn keep_house(&mut self, work: &Work) -> Result<(), Fault> {
        if let Some(root) = &work.root {
            copies::write(&mut *self.backend, copies::ROOT, root)?;
        }
        if work.heal
            && let Some(side) = copies::heal(&mut *self.backend, copies::ROOT)?
        {
            self.state.add_notice(Notice::RootHealed { side });
        }
        if work.rebuild {
            self.backend.rebuild()?;
            self.state.add_notice(Notice::IndexRebuilt);
        }
        for damage in &work.notes {
            self.backend.note(damage)?;
        }
        for id in &work.forget {
            self.backend.forget(id)?;
        }
        Ok(())
    }
}

enum Closing {
    Asked(Sender<Result<(), Fault>>),
    Forgotten,
}

fn refuse(group: &[Job], error: &CommitError) -> Vec<Answer> {
    group.iter().map(|_job| Err(error.clone())).collect()
}

type Sealer<'a> = (&'a State, Option<&'a Keyring>);
