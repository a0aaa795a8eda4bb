//! The store through its public face: what is committed, refused, read, scanned, sealed and counted.
//!
//! Damage, faults, crashes and history have files of their own.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

use std::path::Path;

use hybridge_store::{
    CommitError, Depth, Id, Keyring, Options, Precondition, ReadError, Record, Store, Table, Transaction,
    Write,
};

const KEY: Table = Table("key");
const OTHER: Table = Table("keys");

fn open(path: &Path) -> Store {
    let store = Store::open(path, Options::default()).unwrap();
    store.unseal(ring());
    store
}

fn ring() -> Keyring {
    Keyring::from_bytes(&[&[0, 0, 0, 1][..], &[7; 32]].concat()).unwrap()
}

fn id(key: impl AsRef<[u8]>) -> Id {
    Id::new(KEY, key.as_ref())
}

fn put(key: impl AsRef<[u8]>, value: &[u8]) -> Transaction {
    Transaction {
        writes: vec![Write::Put(id(key), value.to_vec().into())],
        ..Transaction::default()
    }
}

fn when(precondition: Precondition, transaction: Transaction) -> Transaction {
    Transaction {
        preconditions: vec![precondition],
        ..transaction
    }
}

fn value(store: &Store, key: &str) -> Option<(u64, Vec<u8>)> {
    store
        .read(&id(key))
        .unwrap()
        .map(|Record { version, value }| (version, value.to_vec()))
}

#[test]
fn what_was_committed_is_read_back_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path);
    store.commit(put("a", b"one")).wait().unwrap();
    store.commit(put("a", b"two")).wait().unwrap();
    store.close().unwrap();
    let store = open(&path);
    assert_eq!(value(&store, "a"), Some((2, b"two".to_vec())));
    assert_eq!(value(&store, "b"), None);
    assert_eq!(store.opened().generation, 2);
    assert!(!store.opened().created);
}

#[test]
fn a_conflict_refuses_its_transaction_alone_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    let first = store.commit(when(Precondition::Absent(id("a")), put("a", b"1")));
    let mut both = when(Precondition::Absent(id("a")), put("b", b"1"));
    both.entries.push(b"never".to_vec());
    let second = store.commit(both);
    let third = store.commit(when(Precondition::Version(id("a"), 1), put("a", b"2")));
    assert!(first.wait().is_ok());
    assert_eq!(second.wait(), Err(CommitError::Conflict(id("a"))));
    assert!(third.wait().is_ok());
    assert_eq!(value(&store, "a"), Some((2, b"2".to_vec())));
    assert_eq!(value(&store, "b"), None);
    assert_eq!(store.head().sequence, 0);
    let gone = when(Precondition::Present(id("b")), put("b", b"1"));
    assert_eq!(store.commit(gone).wait(), Err(CommitError::Conflict(id("b"))));
}

#[test]
fn writes_of_one_transaction_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    let value_of = |bytes: &[u8]| bytes.to_vec().into();
    let writes = vec![
        Write::Put(id("a"), value_of(b"1")),
        Write::Put(id("a"), value_of(b"2")),
        Write::Put(id("b"), value_of(b"1")),
        Write::Delete(id("b")),
        Write::Delete(id("c")),
        Write::Put(id("c"), value_of(b"1")),
    ];
    let preconditions = vec![Precondition::Absent(id("a")), Precondition::Absent(id("c"))];
    store
        .commit(Transaction {
            preconditions,
            writes,
            ..Transaction::default()
        })
        .wait()
        .unwrap();
    assert_eq!(value(&store, "a"), Some((2, b"2".to_vec())));
    assert_eq!(value(&store, "b"), None);
    assert_eq!(value(&store, "c"), Some((1, b"1".to_vec())));
    assert_eq!(store.count(KEY).unwrap(), 2);
}

#[test]
fn a_scan_pages_in_the_order_of_keys_within_its_table_and_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    for key in [&b"b/2"[..], b"a", b"b/1", b"b/\xff", b"c", b"b/\xff\xff", b"b"] {
        store.commit(put(key, key)).wait().unwrap();
    }
    let other = Write::Put(Id::new(OTHER, *b"b/3"), b"x".to_vec().into());
    store
        .commit(Transaction {
            writes: vec![other],
            ..Transaction::default()
        })
        .wait()
        .unwrap();
    let keys = |prefix: &[u8], after: Option<&[u8]>, limit| -> Vec<Vec<u8>> {
        let page = store.scan(KEY, prefix, after, limit).unwrap();
        page.into_iter()
            .map(|(id, record)| {
                assert_eq!(record.unwrap().value.as_slice(), id.key);
                id.key
            })
            .collect()
    };
    assert_eq!(
        keys(b"b/", None, 9),
        [&b"b/1"[..], b"b/2", b"b/\xff", b"b/\xff\xff"]
    );
    assert_eq!(keys(b"b/", None, 2), [b"b/1", b"b/2"]);
    assert_eq!(keys(b"b/", Some(b"b/2"), 1), [b"b/\xff"]);
    assert_eq!(keys(b"b/", Some(b"a"), 1), [b"b/1"]);
    assert_eq!(keys(b"b/", Some(b"c"), 1), Vec::<Vec<u8>>::new());
    assert_eq!(keys(b"", None, 99).len(), 7);
    assert_eq!(store.count(KEY).unwrap(), 7);
    assert_eq!(store.count(OTHER).unwrap(), 1);
}

#[test]
fn the_log_is_numbered_chained_and_read_by_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path);
    let log = |entries: &[&str]| {
        let entries = entries.iter().map(|entry| entry.as_bytes().to_vec()).collect();
        store
            .commit(Transaction {
                entries,
                ..Transaction::default()
            })
            .wait()
            .unwrap()
    };
    assert_eq!(log(&["one"]).entries, 1..2);
    assert_eq!(log(&[]).entries, 2..2);
    let last = log(&["two", "three"]);
    assert_eq!(last.entries, 2..4);
    assert_eq!(last.head, store.head());
    let mut head = hybridge_store::Head::empty(store.id());
    for entry in store.log(1, 9).unwrap() {
        assert!(entry.follows(&head));
        head = entry.head();
    }
    assert_eq!(head, store.head());
    assert_eq!(store.log(2, 1).unwrap()[0].bytes, b"two");
    assert!(store.log(4, 9).unwrap().is_empty());
    store.close().unwrap();
    assert_eq!(open(&path).head(), head);
}

#[test]
fn a_sealed_store_reads_and_writes_no_record_but_keeps_its_root_and_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    store.commit(put("a", b"1")).wait().unwrap();
    store.seal();
    assert!(store.is_sealed());
    assert_eq!(store.read(&id("a")), Err(ReadError::Sealed));
    assert_eq!(store.scan(KEY, b"", None, 1), Err(ReadError::Sealed));
    assert_eq!(store.commit(put("a", b"2")).wait(), Err(CommitError::Sealed));
    assert_eq!(store.root().unwrap(), None);
    store.put_root(b"root".to_vec()).wait().unwrap();
    assert_eq!(store.root().unwrap().unwrap(), b"root");
    let entry = Transaction {
        entries: vec![b"sealed".to_vec()],
        ..Transaction::default()
    };
    assert_eq!(store.commit(entry).wait().unwrap().entries, 1..2);
    store.unseal(ring());
    assert_eq!(value(&store, "a"), Some((1, b"1".to_vec())));
}

#[test]
fn records_move_to_a_new_epoch_and_keep_their_versions() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    for n in 0..10_u8 {
        store.commit(put([n], &[n])).wait().unwrap();
        store.commit(put([n], &[n, n])).wait().unwrap();
    }
    store.unseal(ring().with_new_epoch().unwrap());
    let renewed = Keyring::from_bytes(&ring().to_bytes())
        .unwrap()
        .with_new_epoch()
        .unwrap();
    let newest = Keyring::from_bytes(&renewed.to_bytes())
        .unwrap()
        .without_old_epochs();
    store.unseal(renewed);
    store.commit(put([3], b"by itself")).wait().unwrap();
    let (mut position, mut moved) = (0, 0);
    loop {
        let progress = store.reseal(position, 4).unwrap();
        (position, moved) = (progress.position, moved + progress.moved);
        if progress.done {
            break;
        }
    }
    assert_eq!(moved, 9);
    store.unseal(newest);
    for n in [0, 9] {
        let record = store.read(&id([n])).unwrap().unwrap();
        assert_eq!((record.version, record.value.as_slice()), (2, &[n, n][..]));
    }
    assert_eq!(store.seals(1).unwrap(), 20);
    assert_eq!(store.seals(2).unwrap(), 10);
    assert!(store.check(Depth::Deep).unwrap().is_sound());
}

#[test]
fn limits_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    let bad = |id| Transaction {
        writes: vec![Write::Delete(id)],
        ..Transaction::default()
    };
    for id in [
        Id::new(Table("Key"), *b"a"),
        Id::new(Table(""), *b"a"),
        id([0; 1025]),
    ] {
        assert!(matches!(
            store.commit(bad(id)).wait(),
            Err(CommitError::Invalid { .. })
        ));
    }
    let long = Transaction {
        entries: vec![vec![0; (1 << 20) + 1]],
        ..Transaction::default()
    };
    assert!(matches!(
        store.commit(long).wait(),
        Err(CommitError::Invalid { .. })
    ));
}

#[test]
fn a_closed_store_refuses_and_a_clone_closes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path);
    let other = store.clone();
    let pending = other.commit(put("a", b"1"));
    store.close().unwrap();
    assert!(pending.wait().is_ok(), "what was handed in before is committed");
    assert_eq!(other.commit(put("a", b"2")).wait(), Err(CommitError::Closed));
    drop(other);
    assert_eq!(value(&open(&path), "a"), Some((1, b"1".to_vec())));
}

#[tokio::test(flavor = "current_thread")]
async fn many_committers_get_their_own_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"));
    let commits: Vec<_> = (0..500_u32)
        .map(|n| {
            let name = (n / 2).to_string();
            store.commit(when(Precondition::Absent(id(&name)), put(&name, b"x")))
        })
        .collect();
    let mut refused = 0;
    for (n, commit) in commits.into_iter().enumerate() {
        let answer = commit.await;
        assert_eq!(answer.is_err(), n % 2 == 1, "{n}: {answer:?}");
        refused += usize::from(answer.is_err());
    }
    assert_eq!((refused, store.count(KEY).unwrap()), (250, 250));
}
