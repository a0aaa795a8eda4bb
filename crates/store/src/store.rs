//! The store's handle: what callers hold, cheap to clone.
//!
//! Records are sealed in the caller's thread where a precondition makes their next version certain, so that
//! the one writer is not the one who encrypts everything. When the last handle is dropped the store is
//! drained and closed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::backend::Backend;
use crate::commit::Commit;
use crate::fault::{CommitError, Damage, Fault, OpenError};
use crate::keyring::Keyring;
use crate::log::{ENTRY_LEN_MAX, Head, StoreId};
use crate::open::{self, Notice, Opened, Options};
use crate::record::{Id, Precondition, Transaction, Write};
use crate::sqlite::Sqlite;
use crate::state::State;
use crate::writer::{Draft, Job, Message, Work};

/// An open store.
#[derive(Clone)]
pub struct Store {
    pub(crate) state: Arc<State>,
    engine: Arc<Engine>,
    pub(crate) opened: Arc<Opened>,
}

/// The writer's queue and the threads behind it.
struct Engine {
    /// None only while the last handle is dropped.
    messages: Option<Sender<Message>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in a SQLite file, or makes a new one. Nothing is read but the header, the end of the
    /// log and the list of known damage, so the time does not grow with the store.
    ///
    /// # Errors
    /// [`OpenError`]: the file's fault, or an older image was put back, as a witness testifies.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        Self::over(Box::new(Sqlite::open(path)?), path, options)
    }

    /// Opens the store that a backend keeps; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn over(backend: Box<dyn Backend>, path: &Path, options: Options) -> Result<Self, OpenError> {
        open::open(backend, path, options)
    }

    pub(crate) fn running(
        state: Arc<State>,
        opened: Opened,
        messages: Sender<Message>,
        threads: Vec<JoinHandle<()>>,
    ) -> Self {
        let engine = Engine {
            messages: Some(messages),
            threads: Mutex::new(threads),
        };
        Self {
            state,
            engine: Arc::new(engine),
            opened: Arc::new(opened),
        }
    }

    /// Hands a transaction to the writer at once; the answer comes when it is durable, or refused.
    ///
    /// The order in which transactions are judged is the order of the calls. The future's errors:
    /// [`CommitError::Conflict`] and [`CommitError::Damaged`] for a precondition, [`CommitError::Sealed`],
    /// [`CommitError::Full`] after which the store goes on, [`CommitError::Failed`] after which it does not.
    pub fn commit(&self, transaction: Transaction) -> Commit {
        match self.draft(transaction) {
            Ok(work) => self.send(work),
            Err(refused) => Commit::refused(refused),
        }
    }

    /// Replaces the root record, small bytes of which two checksummed copies are kept. Works while sealed.
    pub fn put_root(&self, bytes: Vec<u8>) -> Commit {
        self.send(Work {
            root: Some(bytes),
            ..Work::default()
        })
    }

    /// The end of the log; at least everything acknowledged so far.
    #[must_use]
    pub fn head(&self) -> Head {
        self.state.head()
    }

    /// The store's id, made at its creation.
    #[must_use]
    pub fn id(&self) -> StoreId {
        self.state.id
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.state.path
    }

    /// What happened when the store was opened.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// What an operator should know: healed copies, unreachable witnesses, an accepted rollback.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.state.notices()
    }

    /// The fault after which the store refuses everything, if there was one.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<Fault>> {
        self.state.failure()
    }

    /// From now on records can be written and read. The keyring is believed: who unseals has proved it.
    pub fn unseal(&self, keyring: Keyring) {
        self.state.set_keyring(Some(Arc::new(keyring)));
    }

    /// Forgets the keyring; it is erased once the last read or write that uses it has ended.
    pub fn seal(&self) {
        self.state.set_keyring(None);
    }

    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.state.keyring().is_none()
    }

    /// The damaged records that are known so far, also from earlier runs. [`Store::check`] looks at all.
    #[must_use]
    pub fn damaged(&self) -> Vec<Damage> {
        self.state.damaged()
    }

    /// Commits what was handed in, checkpoints and ends the writer. Other handles are closed with this one.
    ///
    /// # Errors
    /// A fault of the last checkpoint. What was acknowledged is durable all the same.
    pub fn close(self) -> Result<(), Fault> {
        let (answer, closed) = mpsc::channel();
        let sent = self.engine.tell(Message::Close(answer));
        let closed = sent.ok().and_then(|()| closed.recv().ok()).unwrap_or(Ok(()));
        self.engine.join();
        closed
    }

    /// Hands work in without waiting for the answer.
    pub(crate) fn hand_in(&self, work: Work) {
        let _closed = self.engine.send(Job { work, answer: None });
    }

    pub(crate) fn send(&self, work: Work) -> Commit {
        let (answer, waiting) = oneshot::channel();
        match self.engine.send(Job {
            work,
            answer: Some(answer),
        }) {
            Ok(()) => Commit::pending(waiting),
            Err(closed) => Commit::refused(closed),
        }
    }

    fn draft(&self, transaction: Transaction) -> Result<Work, CommitError> {
        refuse_malformed(&transaction)?;
        let Transaction {
            preconditions,
            writes,
            entries,
        } = transaction;
        let drafts = self.drafts(&preconditions, writes)?;
        Ok(Work {
            preconditions,
            drafts,
            entries,
            ..Work::default()
        })
    }

    /// Seals what can be sealed here: the first put of a record whose version a precondition makes certain.
    fn drafts(&self, conditions: &[Precondition], writes: Vec<Write>) -> Result<Vec<Draft>, CommitError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let keyring = self.state.keyring().ok_or(CommitError::Sealed)?;
        let certain = conditions
            .iter()
            .filter_map(|known| Some((known.id(), known.version()?)));
        let mut certain: HashMap<&Id, u64> = certain.collect();
        let each = writes.into_iter().map(|write| {
            let before = certain.remove(write.id());
            Ok(match (write, before) {
                (Write::Put(id, value), Some(before)) => {
                    Draft::Sealed(keyring.seal(self.state.id, &id, before.saturating_add(1), &value)?)
                }
                (Write::Put(id, value), None) => Draft::Plain(id, value),
                (Write::Delete(id), _) => Draft::Delete(id),
            })
        });
        each.collect()
    }
}

fn refuse_malformed(transaction: &Transaction) -> Result<(), CommitError> {
    let conditions = transaction.preconditions.iter().map(Precondition::id);
    let ids = conditions.chain(transaction.writes.iter().map(Write::id));
    if ids.into_iter().any(|id| !id.is_well_formed()) {
        return Err(CommitError::Invalid {
            what: "the identity of a record",
        });
    }
    if transaction
        .entries
        .iter()
        .any(|entry| entry.len() > ENTRY_LEN_MAX)
    {
        return Err(CommitError::Invalid {
            what: "the length of a log entry",
        });
    }
    Ok(())
}

impl Engine {
    fn tell(&self, message: Message) -> Result<(), CommitError> {
        let messages = self.messages.as_ref().ok_or(CommitError::Closed)?;
        messages
            .send(message)
            .map_err(|_writer_is_gone| CommitError::Closed)
    }

    fn send(&self, job: Job) -> Result<(), CommitError> {
        self.tell(Message::Job(Box::new(job)))
    }

    /// Waits for the threads, unless it is one of them that drops the last handle.
    fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads
            .into_iter()
            .filter(|thread| thread.thread().id() != thread::current().id())
        {
            let _ended_by_a_panic = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.messages = None;
        self.join();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Store({}, {:?})", self.state.path.display(), self.state.id)
    }
}
