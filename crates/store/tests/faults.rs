//! Faults of the storage underneath: what is answered, what stays, and when the store refuses everything.
//!
//! The backend is SQLite with trouble on order; real full and read-only disks are the crash test's business.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hybridge_store::backend::{Backend, FoundEntry, Pace, Page, Reader, Readers, Side};
use hybridge_store::sqlite::Sqlite;
use hybridge_store::{
    CommitError, Damage, Entry, Fault, FaultKind, Found, Id, Keyring, Options, Precondition, ReadError, Row,
    Store, Table, Transaction, Write,
};

const KEY: Table = Table("key");

/// What goes wrong next.
#[derive(Clone, Debug, PartialEq)]
enum Trouble {
    Commit(FaultKind),
    /// Whenever a row with this key is put.
    Put(&'static str, FaultKind),
    Rollback,
    Rest,
}

/// SQLite, with trouble on order.
struct Troubled {
    inner: Sqlite,
    path: PathBuf,
    troubles: Arc<Mutex<Vec<Trouble>>>,
}

impl Troubled {
    fn meet(&self, is: impl Fn(&Trouble) -> Option<FaultKind>) -> Result<(), Fault> {
        let mut troubles = self.troubles.lock().unwrap();
        let Some(at) = troubles.iter().position(|trouble| is(trouble).is_some()) else {
            return Ok(());
        };
        let kind = is(&troubles[at]).unwrap();
        if !matches!(troubles[at], Trouble::Put(..)) {
            troubles.remove(at);
        }
        Err(Fault::new(kind, &self.path, "on order"))
    }
}

impl Backend for Troubled {
    fn begin(&mut self) -> Result<(), Fault> {
        self.inner.begin()
    }
    fn insert(&mut self, row: &Row) -> Result<(), Fault> {
        self.meet(|trouble| match trouble {
            Trouble::Put(key, kind) if key.as_bytes() == row.id.key => Some(*kind),
            _ => None,
        })?;
        self.inner.insert(row)
    }
    fn update(&mut self, row: &Row) -> Result<(), Fault> {
        self.inner.update(row)
    }
    fn rebuild(&mut self) -> Result<(), Fault> {
        self.inner.rebuild()
    }
    fn delete(&mut self, id: &Id) -> Result<bool, Fault> {
        self.inner.delete(id)
    }
    fn append(&mut self, entry: &Entry) -> Result<(), Fault> {
        self.inner.append(entry)
    }
    fn put_copy(&mut self, side: Side, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.inner.put_copy(side, name, bytes)
    }
    fn add(&mut self, name: &str, change: i64) -> Result<(), Fault> {
        self.inner.add(name, change)
    }
    fn note(&mut self, damage: &Damage) -> Result<(), Fault> {
        self.inner.note(damage)
    }
    fn forget(&mut self, id: &Id) -> Result<(), Fault> {
        self.inner.forget(id)
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.meet(|trouble| match trouble {
            Trouble::Commit(kind) => Some(*kind),
            _ => None,
        })?;
        self.inner.commit()
    }
    fn rollback(&mut self) -> Result<(), Fault> {
        self.meet(|trouble| (*trouble == Trouble::Rollback).then_some(FaultKind::Io))?;
        self.inner.rollback()
    }
    fn rest(&mut self, pace: Pace) -> Result<(), Fault> {
        self.meet(|trouble| (*trouble == Trouble::Rest).then_some(FaultKind::Io))?;
        self.inner.rest(pace)
    }
    fn close(&mut self) -> Result<(), Fault> {
        self.inner.close()
    }
    fn readers(&self) -> Readers {
        self.inner.readers()
    }
}

impl Reader for Troubled {
    fn row(&mut self, id: &Id) -> Result<Option<Found>, Fault> {
        self.inner.row(id)
    }
    fn rows(&mut self, page: &Page<'_>) -> Result<Vec<Found>, Fault> {
        self.inner.rows(page)
    }
    fn walk(&mut self, after: i64, limit: usize) -> Result<Vec<(i64, Found)>, Fault> {
        self.inner.walk(after, limit)
    }
    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<FoundEntry>, Fault> {
        self.inner.entries(from, limit)
    }
    fn last_entry(&mut self) -> Result<Option<FoundEntry>, Fault> {
        self.inner.last_entry()
    }
    fn copy(&mut self, side: Side, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.copy(side, name)
    }
    fn tally(&mut self, name: &str) -> Result<u64, Fault> {
        self.inner.tally(name)
    }
    fn tallies(&mut self) -> Result<Vec<(String, u64)>, Fault> {
        self.inner.tallies()
    }
    fn noted(&mut self) -> Result<Vec<Damage>, Fault> {
        self.inner.noted()
    }
    fn freeze(&mut self) -> Result<(), Fault> {
        self.inner.freeze()
    }
    fn inspect(&mut self) -> Result<Vec<String>, Fault> {
        self.inner.inspect()
    }
}

struct Scene {
    folder: tempfile::TempDir,
    store: Store,
    troubles: Arc<Mutex<Vec<Trouble>>>,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let troubles = Arc::new(Mutex::new(Vec::new()));
    let path = folder.path().join("store.db");
    let inner = Sqlite::open(&path).unwrap();
    let backend = Troubled {
        inner,
        path: path.clone(),
        troubles: Arc::clone(&troubles),
    };
    let store = Store::over(Box::new(backend), &path, Options::default()).unwrap();
    store.unseal(ring());
    Scene {
        folder,
        store,
        troubles,
    }
}

impl Scene {
    fn order(&self, trouble: Trouble) {
        self.troubles.lock().unwrap().push(trouble);
    }
}

fn ring() -> Keyring {
    Keyring::from_bytes(&[&[0, 0, 0, 1][..], &[7; 32]].concat()).unwrap()
}

fn put(key: &str) -> Transaction {
    Transaction {
        preconditions: vec![Precondition::Absent(Id::new(KEY, key))],
        writes: vec![Write::Put(Id::new(KEY, key), b"value".to_vec().into())],
        entries: vec![key.as_bytes().to_vec()],
    }
}

fn reopened(folder: &Path) -> Store {
    let store = Store::open(&folder.join("store.db"), Options::default()).unwrap();
    store.unseal(ring());
    store
}

#[test]
fn a_full_disk_loses_nothing_and_the_store_goes_on() {
    let scene = scene();
    scene.store.commit(put("a")).wait().unwrap();
    scene.order(Trouble::Commit(FaultKind::Full));
    assert!(matches!(
        scene.store.commit(put("b")).wait(),
        Err(CommitError::Full(_))
    ));
    assert_eq!(scene.store.head().sequence, 1);
    assert!(scene.store.read(&Id::new(KEY, "b")).unwrap().is_none());
    let committed = scene.store.commit(put("b")).wait().unwrap();
    assert_eq!(committed.entries, 2..3, "the number was not used up");
    assert_eq!(scene.store.count(KEY).unwrap(), 2);
}

#[test]
fn a_transaction_that_needs_too_much_room_is_refused_alone() {
    let scene = scene();
    scene.order(Trouble::Put("large", FaultKind::Full));
    scene.order(Trouble::Put("bad page", FaultKind::Corrupt));
    let keys = ["a", "large", "b", "bad page", "c"];
    let pending: Vec<_> = keys.iter().map(|key| scene.store.commit(put(key))).collect();
    let answers: Vec<_> = pending.into_iter().map(hybridge_store::Commit::wait).collect();
    assert!(matches!(answers[1], Err(CommitError::Full(_))));
    assert!(matches!(answers[3], Err(CommitError::Refused(_))));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(scene.store.head().sequence, 3);
    assert!(scene.store.failure().is_none());
}

#[test]
fn a_failed_sync_stops_everything_until_the_store_is_opened_again() {
    let scene = scene();
    scene.store.commit(put("a")).wait().unwrap();
    scene.order(Trouble::Commit(FaultKind::Io));
    assert!(matches!(
        scene.store.commit(put("b")).wait(),
        Err(CommitError::Failed(_))
    ));
    assert!(matches!(
        scene.store.commit(put("c")).wait(),
        Err(CommitError::Failed(_))
    ));
    let id = Id::new(KEY, "a");
    assert!(matches!(scene.store.read(&id), Err(ReadError::Failed(_))));
    assert!(matches!(scene.store.log(1, 1), Err(ReadError::Failed(_))));
    assert!(matches!(scene.store.root(), Err(ReadError::Failed(_))));
    assert!(matches!(scene.store.snapshot(), Err(ReadError::Failed(_))));
    assert!(scene.store.failure().unwrap().to_string().contains("store.db"));
    let Scene { folder, store, .. } = scene;
    drop(store);
    let store = reopened(folder.path());
    assert!(store.read(&id).unwrap().is_some());
    store.commit(put("c")).wait().unwrap();
}

#[test]
fn a_rollback_or_checkpoint_that_fails_stops_everything_too() {
    for troubles in [
        vec![Trouble::Commit(FaultKind::Full), Trouble::Rollback],
        vec![Trouble::Rest],
    ] {
        let scene = scene();
        for trouble in troubles {
            scene.order(trouble);
        }
        let _first = scene.store.commit(put("a")).wait();
        let _second = scene.store.commit(put("b")).wait();
        assert!(matches!(
            scene.store.commit(put("c")).wait(),
            Err(CommitError::Failed(_))
        ));
    }
}
