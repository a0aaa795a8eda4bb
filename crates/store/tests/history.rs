//! History: an older image that was put back is detected; a snapshot is one moment and can be restored.
//!
//! Witnesses lie outside the database, so that an image put back cannot bring its own.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

use std::path::{Path, PathBuf};

use hybridge_store::{
    Depth, Head, Id, Import, ImportError, Keyring, Notice, OpenError, Options, Origin, Snapshot, Store,
    Table, Transaction, Write,
};

const KEY: Table = Table("key");

fn ring() -> Keyring {
    Keyring::from_bytes(&[&[0, 0, 0, 1][..], &[7; 32]].concat()).unwrap()
}

fn options(folder: &Path) -> Options {
    Options {
        witness: vec![folder.join("witness"), folder.join("absent/witness")],
        ..Options::default()
    }
}

fn open(path: &Path, options: Options) -> Store {
    let store = Store::open(path, options).unwrap();
    store.unseal(ring());
    store
}

fn put(key: &str) -> Transaction {
    Transaction {
        writes: vec![Write::Put(Id::new(KEY, key), b"value".to_vec().into())],
        entries: vec![key.as_bytes().to_vec()],
        ..Transaction::default()
    }
}

/// A store with one key, and an image of it that lacks a second key.
fn with_older_image() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path, options(folder.path()));
    store.commit(put("a")).wait().unwrap();
    store.close().unwrap();
    let image = folder.path().join("image.db");
    std::fs::copy(&path, &image).unwrap();
    let store = open(&path, options(folder.path()));
    store.commit(put("b")).wait().unwrap();
    store.close().unwrap();
    (folder, path, image)
}

#[test]
fn an_older_image_is_refused_until_the_operator_accepts_it() {
    let (folder, path, image) = with_older_image();
    std::fs::copy(&image, &path).unwrap();
    let refused = Store::open(&path, options(folder.path()));
    let Err(OpenError::RolledBack {
        ours,
        theirs,
        witness,
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!((ours.head.sequence, theirs.head.sequence), (1, 2));
    assert_eq!((ours.generation, theirs.generation), (1, 2));
    assert_eq!(witness, folder.path().join("witness"));
    let accepting = Options {
        accept_rollback: true,
        ..options(folder.path())
    };
    let store = open(&path, accepting);
    assert_eq!(store.opened().accepted, Some(*theirs));
    assert_eq!(store.opened().generation, 3, "above both");
    assert!(
        store
            .notices()
            .iter()
            .any(|notice| matches!(notice, Notice::RollbackAccepted { .. }))
    );
    store.close().unwrap();
    assert_eq!(open(&path, options(folder.path())).opened().accepted, None);
}

#[test]
fn an_older_image_that_has_gone_on_is_seen_by_its_other_history() {
    let (folder, path, image) = with_older_image();
    let store = open(&image, Options::default());
    for key in ["x", "y", "z"] {
        store.commit(put(key)).wait().unwrap();
    }
    store.close().unwrap();
    std::fs::copy(&image, &path).unwrap();
    let refused = Store::open(&path, options(folder.path()));
    assert!(
        matches!(refused, Err(OpenError::RolledBack { .. })),
        "{refused:?}"
    );
}

#[test]
fn another_store_in_the_place_of_this_one_is_refused() {
    let (folder, path, _) = with_older_image();
    std::fs::remove_file(&path).unwrap();
    let refused = Store::open(&path, options(folder.path()));
    assert!(
        matches!(refused, Err(OpenError::OtherStore { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_witness_that_cannot_be_used_is_reported_and_keeps_nobody_out() {
    let (folder, path, _) = with_older_image();
    let told = |store: &Store, end: &str| {
        let about = |notice: &Notice| matches!(notice, Notice::WitnessUnreachable { path, .. } if path.ends_with(end));
        store.notices().iter().any(about)
    };
    let store = open(&path, options(folder.path()));
    assert!(told(&store, "absent/witness") && !told(&store, "witness/witness"));
    store.close().unwrap();
    let witness = folder.path().join("witness");
    let mut bytes = std::fs::read(&witness).unwrap();
    bytes[30] ^= 1;
    std::fs::remove_file(&witness).unwrap();
    std::io::Write::write_all(&mut std::fs::File::create(&witness).unwrap(), &bytes).unwrap();
    let store = open(&path, options(folder.path()));
    assert!(store.notices().len() >= 2, "{:?}", store.notices());
}

#[test]
fn a_witness_follows_while_the_store_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"), options(folder.path()));
    store.commit(put("a")).wait().unwrap();
    let witness = folder.path().join("witness");
    let says = |head: Head| {
        let line = std::fs::read_to_string(&witness).unwrap();
        line.contains(&format!(" {} ", head.sequence))
    };
    let mut tries = 0;
    while !says(store.head()) {
        std::thread::park_timeout(std::time::Duration::from_millis(20));
        tries += 1;
        assert!(tries < 500, "the witness was not refreshed");
    }
}

fn drain(mut snapshot: Snapshot, path: &Path) -> Import {
    let mut import = Import::begin(path, snapshot.origin().clone()).unwrap();
    loop {
        let page = snapshot.rows(7).unwrap();
        if page.is_empty() {
            break;
        }
        import
            .rows(page.into_iter().map(Result::unwrap).collect())
            .unwrap();
    }
    loop {
        let page = snapshot.entries(7).unwrap();
        if page.is_empty() {
            break;
        }
        import
            .entries(page.into_iter().map(Result::unwrap).collect())
            .unwrap();
    }
    import
}

#[test]
fn a_snapshot_is_one_moment_and_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"), Options::default());
    for n in 0..30 {
        store.commit(put(&format!("{n}"))).wait().unwrap();
    }
    store.put_root(b"root".to_vec()).wait().unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.origin().rows, 30);
    let head = store.head();
    for n in 0..30 {
        store.commit(put(&format!("{n}"))).wait().unwrap();
        store.commit(put(&format!("later {n}"))).wait().unwrap();
    }
    let restored = folder.path().join("restored.db");
    let copy = drain(snapshot, &restored).finish(Options::default()).unwrap();
    copy.unseal(ring());
    assert_eq!(copy.head(), head);
    assert_eq!(copy.id(), store.id());
    assert_eq!(copy.count(KEY).unwrap(), 30);
    assert_eq!(copy.seals(1).unwrap(), 30);
    assert_eq!(copy.root().unwrap().unwrap(), b"root");
    assert_eq!(copy.read(&Id::new(KEY, "7")).unwrap().unwrap().version, 1);
    assert!(copy.check(Depth::Deep).unwrap().is_sound());
    assert!(copy.opened().generation > store.opened().generation);
    copy.commit(put("goes on")).wait().unwrap();
}

#[test]
fn an_unfinished_import_does_not_open_and_a_full_store_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"), Options::default());
    store.commit(put("a")).wait().unwrap();
    let path = folder.path().join("restored.db");
    let import = drain(store.snapshot().unwrap(), &path);
    drop(import);
    let refused = Store::open(&path, Options::default());
    assert!(refused.unwrap_err().to_string().contains("not finished"));
    let origin = store.snapshot().unwrap().origin().clone();
    store.close().unwrap();
    let refused = Import::begin(&folder.path().join("store.db"), origin);
    assert!(matches!(refused, Err(ImportError::NotEmpty { .. })));
}

#[test]
fn an_import_takes_nothing_that_is_damaged_double_or_out_of_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db"), Options::default());
    for key in ["a", "b"] {
        store.commit(put(key)).wait().unwrap();
    }
    let mut snapshot = store.snapshot().unwrap();
    let rows: Vec<_> = snapshot
        .rows(9)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let entries: Vec<_> = snapshot
        .entries(9)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let origin: Origin = snapshot.origin().clone();
    let mut import = Import::begin(&folder.path().join("restored.db"), origin).unwrap();
    let mut damaged = rows.clone();
    damaged[1].sealed[20] ^= 1;
    assert!(matches!(import.rows(damaged), Err(ImportError::Damaged { .. })));
    import.rows(rows.clone()).unwrap();
    assert!(matches!(import.rows(rows), Err(ImportError::Twice { .. })));
    let chain = |result| matches!(result, Err(ImportError::Chain { .. }));
    assert!(chain(import.entries(entries[1..].to_vec())));
    let mut forged = entries.clone();
    forged[1].bytes = b"forged".to_vec();
    assert!(chain(import.entries(forged)));
    import.entries(entries[..1].to_vec()).unwrap();
    let cut = import.finish(Options::default());
    assert!(matches!(cut, Err(ImportError::Incomplete { ours: 1, theirs: 2 })));
}
