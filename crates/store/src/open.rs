//! Opening: the header, the end of the log, the witnesses; then the threads are started.
//!
//! The generation is raised and committed before any witness is told, so that a crash between the two can
//! never look like a rollback.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use hybridge_crypto::random;

use crate::backend::{Backend, Reader, Side};
use crate::copies::{self, Copies, Header, Stage};
use crate::fault::{Fault, FaultKind, OpenError};
use crate::log::{Head, StoreId};
use crate::state::{Found, State};
use crate::store::Store;
use crate::witness::{self, Signals, Standing, Testimony};
use crate::writer::{Nudges, Writer};

/// How a store is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Files that remember how far the store had come; best on another file system than the store.
    pub witness: Vec<PathBuf>,
    /// Opens a store although a witness testifies that it is an older image, or another store.
    pub accept_rollback: bool,
}

/// What happened when a store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// There was no store before.
    pub created: bool,
    /// How often the store was opened, this time included.
    pub generation: u64,
    /// What a witness testified before its word was overruled by [`Options::accept_rollback`].
    pub accepted: Option<Standing>,
}

/// Something that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A copy of the header was damaged and was written anew from the other one.
    HeaderHealed { side: Side },
    /// A copy of the root record was damaged and was written anew from the other one.
    RootHealed { side: Side },
    /// A damaged entry was met in the index, which was built anew from the rows.
    IndexRebuilt,
    /// A witness cannot be read or written; rollback is detected by the others only.
    WitnessUnreachable { path: PathBuf, why: String },
    /// An older image, or another store, was opened at the operator's word.
    RollbackAccepted { ours: Standing, theirs: Standing },
}

pub(crate) fn open(mut backend: Box<dyn Backend>, path: &Path, options: Options) -> Result<Store, OpenError> {
    let mut notices = Vec::new();
    let known = header(&mut *backend, path, &mut notices)?;
    let header = match known {
        Some(header) => header,
        None => Header {
            stage: Stage::Ready,
            store: StoreId(random::bytes()?),
            generation: 0,
        },
    };
    if header.stage == Stage::Importing {
        return Err(Fault::new(FaultKind::Unfinished, path, "the header says so").into());
    }
    let head = head(&mut *backend, path, header.store)?;
    let ours = Standing {
        store: header.store,
        generation: header.generation,
        head,
    };
    let accepted = hear(&mut *backend, &ours, &options, &mut notices)?;
    let newest = accepted
        .map_or(0, |theirs| theirs.generation)
        .max(header.generation);
    let generation = newest.saturating_add(1);
    write_header(&mut *backend, Header { generation, ..header })?;
    testify(&options, &Standing { generation, ..ours }, &mut notices);
    let found = Found {
        id: header.store,
        path: path.to_owned(),
        generation,
        head,
        damaged: backend.noted()?,
        notices,
    };
    let state = Arc::new(State::new(found, backend.readers())?);
    start(
        backend,
        state,
        options.witness,
        Opened {
            created: known.is_none(),
            generation,
            accepted,
        },
    )
}

fn header(
    backend: &mut dyn Backend,
    path: &Path,
    notices: &mut Vec<Notice>,
) -> Result<Option<Header>, OpenError> {
    let bytes = match copies::read(backend, copies::HEADER)? {
        Copies::Absent => return Ok(None),
        Copies::Sound(bytes) => bytes,
        Copies::Damaged(side, bytes) => {
            notices.push(Notice::HeaderHealed { side });
            bytes
        }
        Copies::Lost => {
            return Err(OpenError::HeaderDamaged {
                path: path.to_owned(),
            });
        }
    };
    let header = Header::from_bytes(&bytes);
    header
        .map(Some)
        .ok_or_else(|| Fault::new(FaultKind::Foreign, path, "unknown header").into())
}

/// Both copies are written at each open, which is what heals a damaged one.
pub(crate) fn write_header(backend: &mut dyn Backend, header: Header) -> Result<(), Fault> {
    backend.begin()?;
    copies::write(backend, copies::HEADER, &header.to_bytes())?;
    backend.commit()
}

/// The head is the last entry's hash; entry and hash are believed when they follow from the entry before.
fn head(backend: &mut dyn Backend, path: &Path, store: StoreId) -> Result<Head, OpenError> {
    let damaged = || OpenError::LogDamaged {
        path: path.to_owned(),
    };
    let Some(last) = backend.last_entry()? else {
        return Ok(Head::empty(store));
    };
    let last = last.map_err(|_sequence| damaged())?;
    let before = match last.sequence {
        1 => Some(Head::empty(store)),
        sequence => hash_at(backend, sequence - 1)?.map(|hash| Head {
            sequence: sequence - 1,
            hash,
        }),
    };
    // An entry before the last one that is damaged does not keep the store from opening: a check names it.
    if before.is_some_and(|before| !last.follows(&before)) {
        return Err(damaged());
    }
    Ok(last.head())
}

fn hash_at(reader: &mut (impl Reader + ?Sized), sequence: u64) -> Result<Option<[u8; 32]>, Fault> {
    let found = reader.entries(sequence, 1)?.into_iter().next();
    let entry = found
        .and_then(Result::ok)
        .filter(|entry| entry.sequence == sequence);
    Ok(entry.map(|entry| entry.hash))
}

/// Hears every witness; returns the newest testimony that was overruled.
fn hear(
    backend: &mut dyn Backend,
    ours: &Standing,
    options: &Options,
    notices: &mut Vec<Notice>,
) -> Result<Option<Standing>, OpenError> {
    let mut overruled: Option<Standing> = None;
    for path in &options.witness {
        let theirs = match witness::read(path) {
            // A store that was opened before has left its word there: somebody took it away.
            Testimony::Absent => {
                if ours.generation > 0 {
                    notices.push(Notice::WitnessUnreachable {
                        path: path.clone(),
                        why: "it is missing; an older image of the store would not be noticed".to_owned(),
                    });
                }
                continue;
            }
            Testimony::Unreadable(why) => {
                notices.push(Notice::WitnessUnreachable {
                    path: path.clone(),
                    why,
                });
                continue;
            }
            Testimony::Says(theirs) => theirs,
        };
        let Some(objection) = objection(backend, ours, &theirs, path)? else {
            continue;
        };
        if !options.accept_rollback {
            return Err(objection);
        }
        notices.push(Notice::RollbackAccepted { ours: *ours, theirs });
        overruled = overruled
            .filter(|other| other.generation > theirs.generation)
            .or(Some(theirs));
    }
    Ok(overruled)
}

fn objection(
    backend: &mut dyn Backend,
    ours: &Standing,
    theirs: &Standing,
    path: &Path,
) -> Result<Option<OpenError>, Fault> {
    let witness = path.to_owned();
    if ours.store != theirs.store {
        return Ok(Some(OpenError::OtherStore {
            ours: ours.store,
            theirs: theirs.store,
            witness,
        }));
    }
    let hash_at = match theirs.head.sequence {
        0 => Some(Head::empty(ours.store).hash),
        sequence if sequence == ours.head.sequence => Some(ours.head.hash),
        sequence => match backend.entries(sequence, 1)?.pop() {
            Some(Ok(entry)) if entry.sequence == sequence => Some(entry.hash),
            // Damage is not rollback: a check names it.
            Some(Err(damaged)) if damaged == sequence => Some(theirs.head.hash),
            _ => None,
        },
    };
    let behind = witness::is_behind(ours, theirs, hash_at);
    Ok(behind.then(|| OpenError::RolledBack {
        ours: Box::new(*ours),
        theirs: Box::new(*theirs),
        witness,
    }))
}

fn testify(options: &Options, standing: &Standing, notices: &mut Vec<Notice>) {
    for path in &options.witness {
        if let Err(fault) = witness::write(path, standing) {
            notices.push(Notice::WitnessUnreachable {
                path: path.clone(),
                why: fault.to_string(),
            });
        }
    }
}

fn start(
    backend: Box<dyn Backend>,
    state: Arc<State>,
    witness: Vec<PathBuf>,
    opened: Opened,
) -> Result<Store, OpenError> {
    let mut threads = Vec::new();
    let mut nudges = None;
    if !witness.is_empty() {
        let (sender, heard) = mpsc::sync_channel(1);
        let (end, ended) = mpsc::channel();
        let signals = Signals { nudges: heard, ended };
        let watched = Arc::clone(&state);
        let run = move || witness::run(&watched, &witness, &signals);
        threads.push(spawn("store-witness", &state.path, run)?);
        nudges = Some(Nudges {
            nudges: sender,
            _ended: end,
        });
    }
    let (sender, messages) = mpsc::channel();
    let writer = Writer::new(backend, Arc::clone(&state), nudges);
    threads.push(spawn("store-writer", &state.path, move || writer.run(&messages))?);
    Ok(Store::running(state, opened, sender, threads))
}

fn spawn(name: &str, path: &Path, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|error| Fault::io(path, &error))
}
