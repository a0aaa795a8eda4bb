//! Crashes: a child process commits until it is killed; whatever it said was durable is there afterwards.
//!
//! The child is this test binary itself; it prints each key after its acknowledgement and never before.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use hybridge_store::{Depth, Head, Id, Keyring, Options, Precondition, Store, Table, Transaction, Write};

const LEFT: Table = Table("left");
const RIGHT: Table = Table("right");
const FOLDER: &str = "HYBRIDGE_STORE_CRASH_FOLDER";
const CRASHES: usize = 6;

fn open(folder: &Path) -> Store {
    let options = Options {
        witness: vec![folder.join("witness")],
        ..Options::default()
    };
    let store = Store::open(&folder.join("store.db"), options).unwrap();
    store.unseal(Keyring::from_bytes(&[&[0, 0, 0, 1][..], &[7; 32]].concat()).unwrap());
    store
}

/// Two records and one log entry that belong together.
fn pair(key: &str) -> Transaction {
    let ids = [Id::new(LEFT, key), Id::new(RIGHT, key)];
    Transaction {
        preconditions: ids.iter().cloned().map(Precondition::Absent).collect(),
        writes: ids
            .into_iter()
            .map(|id| Write::Put(id, vec![5; 1500].into()))
            .collect(),
        entries: vec![key.as_bytes().to_vec()],
    }
}

#[test]
#[ignore = "the child of the test below: it never ends by itself"]
fn commits_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = open(Path::new(&folder));
    let run = store.opened().generation;
    let mut out = std::io::stdout();
    for round in 0.. {
        let keys: Vec<_> = (0..17).map(|n| format!("{run}-{round}-{n}")).collect();
        let pending: Vec<_> = keys.iter().map(|key| store.commit(pair(key))).collect();
        for (key, commit) in keys.iter().zip(pending) {
            commit.wait().unwrap();
            writeln!(out, "durable {key}").unwrap();
        }
    }
}

/// Kills the child after so many acknowledgements and returns all that it gave.
fn crash(folder: &Path, after: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "commits_until_it_is_killed",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut durable = Vec::new();
    for line in lines {
        // The last line may be cut short by the kill; then it was not read whole and counts for nothing.
        let Ok(line) = line else { break };
        durable.extend(line.strip_prefix("durable ").map(str::to_owned));
        if durable.len() == after {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    durable
}

#[test]
fn whatever_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..CRASHES {
        let durable = crash(folder.path(), 40 + 137 * round);
        assert!(durable.len() >= 40 + 137 * round, "the child ended by itself");
        acknowledged.extend(durable);
        let store = open(folder.path());
        let keys = |table| -> BTreeSet<String> {
            let page = store.scan(table, b"", None, usize::MAX).unwrap();
            page.into_iter()
                .map(|(id, record)| {
                    assert_eq!(record.unwrap().value.len(), 1500);
                    String::from_utf8(id.key).unwrap()
                })
                .collect()
        };
        let present = keys(LEFT);
        assert_eq!(present, keys(RIGHT), "a transaction is there whole or not at all");
        let lost: Vec<_> = acknowledged.difference(&present).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        let mut head = Head::empty(store.id());
        let mut logged = BTreeSet::new();
        for entry in store.log(1, usize::MAX).unwrap() {
            assert!(entry.follows(&head));
            head = entry.head();
            logged.insert(String::from_utf8(entry.bytes).unwrap());
        }
        assert_eq!(head, store.head());
        assert_eq!(logged, present, "the log tells the same story as the records");
        assert!(store.check(Depth::Deep).unwrap().is_sound());
    }
}
