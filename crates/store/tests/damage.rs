//! Damage: flipped bytes, rows that were moved, malformed pages, lost copies. Each is named, none spreads.
//!
//! The damage is done to the closed file, by SQL or by writing over its bytes.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hybridge_store::{
    CommitError, Depth, FaultKind, Id, Keyring, Notice, OpenError, Options, Precondition, ReadError, Store,
    Table, Transaction, Why, Write,
};
use rusqlite::Connection;

const KEY: Table = Table("key");

fn open(path: &Path) -> Store {
    let store = Store::open(path, Options::default()).unwrap();
    store.unseal(Keyring::from_bytes(&[&[0, 0, 0, 1][..], &[7; 32]].concat()).unwrap());
    store
}

fn id(key: &str) -> Id {
    Id::new(KEY, key)
}

fn put(key: &str) -> Transaction {
    Transaction {
        writes: vec![Write::Put(id(key), b"value".to_vec().into())],
        entries: vec![format!("put {key}").into_bytes()],
        ..Transaction::default()
    }
}

/// A closed store with the keys a, b and c and three log entries.
fn filled() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path);
    for key in ["a", "b", "c"] {
        store.commit(put(key)).wait().unwrap();
    }
    store.put_root(b"root".to_vec()).wait().unwrap();
    store.close().unwrap();
    (folder, path)
}

fn alter(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn a_damaged_record_is_named_and_the_others_are_served() {
    let (_folder, path) = filled();
    alter(
        &path,
        "UPDATE record SET sealed = x'00' || substr(sealed, 2) WHERE id = x'6b65790062'",
    );
    let store = open(&path);
    let damaged = ReadError::Damaged {
        id: id("b"),
        why: Why::Checksum,
    };
    assert_eq!(store.read(&id("b")), Err(damaged.clone()));
    assert!(store.read(&id("a")).unwrap().is_some());
    let page = store.scan(KEY, b"", None, 9).unwrap();
    assert_eq!(page.len(), 3);
    assert_eq!(page[1], (id("b"), Err(damaged)));
    let change = Transaction {
        preconditions: vec![Precondition::Version(id("b"), 1)],
        ..put("b")
    };
    assert_eq!(store.commit(change).wait(), Err(CommitError::Damaged(id("b"))));
    assert_eq!(store.commit(put("b")).wait(), Err(CommitError::Damaged(id("b"))));
    store.commit(put("a")).wait().unwrap();
    store.close().unwrap();
    let store = open(&path);
    assert_eq!(store.damaged()[0].id, id("b"), "known before anything was read");
    let repair = Transaction {
        writes: vec![Write::Delete(id("b")), put("b").writes.remove(0)],
        ..put("b")
    };
    store.commit(repair).wait().unwrap();
    assert_eq!(store.damaged(), []);
    assert_eq!(store.read(&id("b")).unwrap().unwrap().version, 1);
    store.close().unwrap();
    assert_eq!(open(&path).damaged(), []);
}

#[test]
fn every_column_may_be_damaged_in_any_way() {
    for change in [
        "version = 'text'",
        "epoch = -1",
        "checksum = NULL + 1.5",
        "sealed = 17",
        "version = 0",
    ] {
        let (_folder, path) = filled();
        let change = change.replace("NULL + ", "");
        alter(
            &path,
            &format!("UPDATE record SET {change} WHERE id = x'6b65790062'"),
        );
        let store = open(&path);
        assert!(
            matches!(store.read(&id("b")), Err(ReadError::Damaged { .. })),
            "{change}"
        );
        assert_eq!(store.check(Depth::Deep).unwrap().damaged.len(), 1, "{change}");
    }
}

#[test]
fn a_row_with_a_right_checksum_in_the_wrong_place_does_not_open() {
    let (_folder, path) = filled();
    let crc = |sealed: &[u8], key: u8| {
        let mut bytes = vec![0, 0, 0, 5, b'k', b'e', b'y', 0, key];
        bytes.extend_from_slice(&1_u64.to_be_bytes());
        bytes.extend_from_slice(&1_u32.to_be_bytes());
        bytes.extend_from_slice(sealed);
        crc32fast::hash(&bytes)
    };
    let connection = Connection::open(&path).unwrap();
    let sealed: Vec<u8> = connection
        .query_row("SELECT sealed FROM record WHERE id = x'6b65790061'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let moved = rusqlite::params![sealed, crc(&sealed, b'b')];
    connection
        .execute(
            "UPDATE record SET sealed = ?1, checksum = ?2 WHERE id = x'6b65790062'",
            moved,
        )
        .unwrap();
    drop(connection);
    let store = open(&path);
    assert_eq!(
        store.read(&id("b")),
        Err(ReadError::Damaged {
            id: id("b"),
            why: Why::Seal
        })
    );
    store.seal();
    let check = store.check(Depth::Deep).unwrap();
    assert!(
        check.damaged.is_empty() && !check.seals_checked,
        "a checksum alone cannot see it"
    );
}

#[test]
fn a_deep_check_finds_what_nobody_has_read_and_forgets_what_is_sound() {
    let (_folder, path) = filled();
    alter(&path, "UPDATE record SET version = 2 WHERE id = x'6b65790063'");
    alter(&path, "UPDATE log SET entry = x'00' WHERE sequence = 2");
    let store = open(&path);
    assert_eq!(store.damaged(), []);
    let check = store.check(Depth::Deep).unwrap();
    assert_eq!((check.rows, check.entries), (3, 3));
    assert_eq!(check.damaged[0].id, id("c"));
    assert_eq!(check.entries_damaged, [2]);
    assert_eq!(store.damaged(), check.damaged);
    assert_eq!(store.log(1, 9), Err(ReadError::EntryDamaged { sequence: 2 }));
    assert_eq!(store.log(3, 9).unwrap().len(), 1);
    store.close().unwrap();
    alter(&path, "UPDATE record SET version = 1 WHERE id = x'6b65790063'");
    let store = open(&path);
    assert_eq!(store.damaged().len(), 1);
    assert!(store.check(Depth::Deep).unwrap().damaged.is_empty());
    assert_eq!(store.damaged(), []);
}

#[test]
fn a_log_that_was_rewritten_with_right_checksums_is_found_by_its_chain() {
    let (_folder, path) = filled();
    let connection = Connection::open(&path).unwrap();
    let hash: Vec<u8> = connection
        .query_row("SELECT hash FROM log WHERE sequence = 2", [], |row| row.get(0))
        .unwrap();
    let checksum = crc32fast::hash(&[&2_u64.to_be_bytes()[..], &hash, b"forged"].concat());
    let forged = rusqlite::params![b"forged", checksum];
    connection
        .execute(
            "UPDATE log SET entry = ?1, checksum = ?2 WHERE sequence = 2",
            forged,
        )
        .unwrap();
    drop(connection);
    assert_eq!(open(&path).check(Depth::Deep).unwrap().entries_damaged, [2]);
}

#[test]
fn vanished_rows_and_entries_are_missed() {
    let (_folder, path) = filled();
    alter(&path, "DELETE FROM record WHERE id = x'6b65790061'");
    alter(&path, "DELETE FROM log WHERE sequence = 1");
    let check = open(&path).check(Depth::Deep).unwrap();
    assert_eq!(check.miscounted, ["key"]);
    assert_eq!(check.entries_damaged, [1]);
    assert!(!check.is_sound());
}

#[test]
fn a_damaged_copy_of_root_or_header_is_written_anew() {
    let (_folder, path) = filled();
    alter(&path, "UPDATE copy_a SET bytes = x'00' WHERE name = 'root'");
    alter(&path, "DELETE FROM copy_b WHERE name = 'header'");
    let store = open(&path);
    assert_eq!(store.root().unwrap().unwrap(), b"root");
    store.commit(put("d")).wait().unwrap();
    let healed = |notice: &Notice| matches!(notice, Notice::HeaderHealed { .. } | Notice::RootHealed { .. });
    assert_eq!(store.notices().iter().filter(|notice| healed(notice)).count(), 2);
    store.close().unwrap();
    alter(&path, "UPDATE copy_b SET bytes = x'00' WHERE name = 'root'");
    let store = open(&path);
    assert_eq!(
        store.root().unwrap().unwrap(),
        b"root",
        "the first copy was healed"
    );
    store.close().unwrap();
    for table in ["copy_a", "copy_b"] {
        alter(
            &path,
            &format!("UPDATE {table} SET bytes = x'00' WHERE name = 'root'"),
        );
    }
    assert_eq!(open(&path).root(), Err(ReadError::RootDamaged));
    for table in ["copy_a", "copy_b"] {
        alter(
            &path,
            &format!("UPDATE {table} SET bytes = x'00' WHERE name = 'header'"),
        );
    }
    assert!(matches!(
        Store::open(&path, Options::default()),
        Err(OpenError::HeaderDamaged { .. })
    ));
}

#[test]
fn a_malformed_page_is_an_error_that_names_the_file_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path);
    for n in 0..500 {
        store.commit(put(&format!("key-{n}"))).wait().unwrap();
    }
    store.close().unwrap();
    let root = |name: &str| -> u32 {
        let connection = Connection::open(&path).unwrap();
        connection
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
                [name],
                |row| row.get(0),
            )
            .unwrap()
    };
    let at = u64::from(root("record_id") - 1) * 4096;
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
    drop(file);
    let store = open(&path);
    let Err(ReadError::Fault(fault)) = store.read(&id("key-1")) else {
        panic!("it was read")
    };
    assert_eq!(fault.kind, FaultKind::Corrupt);
    let told = fault.to_string();
    assert!(
        told.contains("store.db") && told.contains("restore a backup"),
        "{told}"
    );
    assert!(matches!(
        store.commit(put("key-1")).wait(),
        Err(CommitError::Refused(_))
    ));
    let entry = Transaction {
        entries: vec![b"still".to_vec()],
        ..Transaction::default()
    };
    store.commit(entry).wait().unwrap();
    assert!(!store.check(Depth::Deep).unwrap().structure.is_empty());
}

/// Flips one bit of a key inside the index, and nowhere else.
fn flip_in_index(path: &Path, key: &[u8]) {
    let connection = Connection::open(path).unwrap();
    let pages: Vec<u32> = connection
        .prepare("SELECT pageno FROM dbstat WHERE name = 'record_id'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(connection);
    let mut bytes = std::fs::read(path).unwrap();
    let mut flipped = 0;
    for page in pages {
        let from = (usize::try_from(page).unwrap() - 1) * 4096;
        let slice = &mut bytes[from..from + 4096];
        if let Some(at) = slice.windows(key.len()).position(|window| window == key) {
            slice[at + key.len() - 1] ^= 0x10;
            flipped += 1;
        }
    }
    assert!(flipped > 0);
    std::fs::File::create(path).unwrap().write_all(&bytes).unwrap();
}

#[test]
fn a_flipped_bit_in_the_index_hides_nothing() {
    let names: Vec<_> = (0..400).map(|n| format!("key-{n:03}")).collect();
    for (at, reading) in [(0, true), (199, true), (200, false), (399, false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = open(&path);
        let pending: Vec<_> = names.iter().map(|name| store.commit(put(name))).collect();
        for commit in pending {
            let _committed = commit.wait().unwrap();
        }
        store.close().unwrap();
        flip_in_index(&path, names[at].as_bytes());
        let store = open(&path);
        if reading {
            let Err(ReadError::Fault(fault)) = store.read(&id(&names[at])) else {
                panic!("absent or read")
            };
            assert_eq!(fault.kind, FaultKind::Index);
        } else {
            let again = Transaction {
                preconditions: vec![Precondition::Absent(id(&names[at]))],
                ..put("x")
            };
            assert_eq!(
                store.commit(again).wait(),
                Err(CommitError::Conflict(id(&names[at])))
            );
        }
        store.commit(put("another")).wait().unwrap();
        assert!(store.notices().contains(&Notice::IndexRebuilt));
        for name in &names {
            assert!(store.read(&id(name)).unwrap().is_some(), "{name}");
        }
        assert!(store.check(Depth::Deep).unwrap().is_sound());
    }
}

#[test]
fn foreign_files_are_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    let kind = |path: &Path| match Store::open(path, Options::default()) {
        Err(OpenError::Fault(fault)) => fault.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&path), FaultKind::Foreign);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let text = folder.path().join("text.db");
    std::fs::File::create(&text)
        .unwrap()
        .write_all(&[b'x'; 5000])
        .unwrap();
    assert_eq!(kind(&text), FaultKind::Corrupt);
    assert_eq!(kind(&folder.path().join("absent/store.db")), FaultKind::Io);
}

#[test]
fn a_second_process_is_kept_out_and_seen_if_it_writes_all_the_same() {
    let (_folder, path) = filled();
    let store = open(&path);
    let Err(OpenError::Fault(fault)) = Store::open(&path, Options::default()) else {
        panic!("opened twice")
    };
    assert_eq!(fault.kind, FaultKind::Locked);
    alter(&path, "DELETE FROM record WHERE id = x'6b65790061'");
    let Err(CommitError::Failed(fault)) = store.commit(put("a")).wait() else {
        panic!("not seen")
    };
    assert_eq!(fault.kind, FaultKind::Intruder);
    assert!(matches!(store.read(&id("b")), Err(ReadError::Failed(_))));
}
