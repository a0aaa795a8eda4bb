//! The store against a model in memory: whatever is handed in, answers and contents are the same.
//!
//! Transactions are handed in by the dozen without waiting, so that they share groups.

#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

use std::collections::BTreeMap;

use hybridge_store::{
    CommitError, Depth, Id, Keyring, Options, Precondition, Store, Table, Transaction, Write,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;

const TABLES: [Table; 2] = [Table("key"), Table("keys")];

#[derive(Default)]
struct Model {
    records: BTreeMap<Id, (u64, Vec<u8>)>,
    log: Vec<Vec<u8>>,
}

impl Model {
    fn version(&self, id: &Id) -> u64 {
        self.records.get(id).map_or(0, |record| record.0)
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<(), CommitError> {
        for precondition in &transaction.preconditions {
            let version = self.version(precondition.id());
            let holds = match precondition {
                Precondition::Absent(_) => version == 0,
                Precondition::Present(_) => version != 0,
                Precondition::Version(_, expected) => version == *expected,
            };
            if !holds {
                return Err(CommitError::Conflict(precondition.id().clone()));
            }
        }
        for write in &transaction.writes {
            match write {
                Write::Put(id, value) => {
                    let version = self.version(id) + 1;
                    self.records.insert(id.clone(), (version, value.to_vec()));
                }
                Write::Delete(id) => drop(self.records.remove(id)),
            }
        }
        self.log.extend(transaction.entries.iter().cloned());
        Ok(())
    }
}

fn ids() -> impl Strategy<Value = Id> {
    (0..2_usize, 0..4_u8).prop_map(|(table, key)| Id::new(TABLES[table], [b'k', key]))
}

fn preconditions() -> impl Strategy<Value = Precondition> {
    prop_oneof![
        ids().prop_map(Precondition::Absent),
        ids().prop_map(Precondition::Present),
        (ids(), 0..4_u64).prop_map(|(id, version)| Precondition::Version(id, version)),
    ]
}

fn writes() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (ids(), vec(any::<u8>(), 0..6000)).prop_map(|(id, value)| Write::Put(id, value.into())),
        1 => ids().prop_map(Write::Delete),
    ]
}

fn transactions() -> impl Strategy<Value = Transaction> {
    (
        vec(preconditions(), 0..2),
        vec(writes(), 0..4),
        vec(vec(any::<u8>(), 0..40), 0..3),
    )
        .prop_map(|(preconditions, writes, entries)| Transaction {
            preconditions,
            writes,
            entries,
        })
}

#[derive(Clone, Debug)]
enum Step {
    /// Handed in together, so that they may share a group.
    Commit(Vec<Transaction>),
    Reopen,
    NewEpoch,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(transactions(), 1..12).prop_map(Step::Commit),
        1 => Just(Step::Reopen),
        1 => Just(Step::NewEpoch),
    ]
}

fn compare(store: &Store, model: &Model) {
    for table in TABLES {
        let records: BTreeMap<_, _> = store
            .scan(table, b"k", None, 99)
            .unwrap()
            .into_iter()
            .map(|(id, record)| {
                let record = record.unwrap();
                (id, (record.version, record.value.to_vec()))
            })
            .collect();
        let expected = model.records.iter().filter(|(id, _)| id.table == table);
        assert_eq!(
            records,
            expected
                .map(|(id, record)| (id.clone(), record.clone()))
                .collect()
        );
        assert_eq!(store.count(table).unwrap(), records.len() as u64);
    }
    let log: Vec<_> = store
        .log(1, 9_999)
        .unwrap()
        .into_iter()
        .map(|entry| entry.bytes)
        .collect();
    assert_eq!(log, model.log);
}

fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut ring = Keyring::generate().unwrap();
    let copy = |ring: &Keyring| Keyring::from_bytes(&ring.to_bytes()).unwrap();
    let mut model = Model::default();
    let mut store = Store::open(&path, Options::default()).unwrap();
    store.unseal(copy(&ring));
    for step in steps {
        match step {
            Step::Commit(transactions) => {
                let pending: Vec<_> = transactions
                    .iter()
                    .map(|transaction| store.commit(transaction.clone()))
                    .collect();
                for (transaction, commit) in transactions.iter().zip(pending) {
                    assert_eq!(commit.wait().map(drop), model.commit(transaction));
                }
            }
            Step::Reopen => {
                store.close().unwrap();
                store = Store::open(&path, Options::default()).unwrap();
                store.unseal(copy(&ring));
            }
            Step::NewEpoch => {
                ring = copy(&ring).with_new_epoch().unwrap();
                store.unseal(copy(&ring));
                let progress = store.reseal(0, 99).unwrap();
                assert!(progress.done && progress.damaged == 0);
                ring = copy(&ring).without_old_epochs();
                store.unseal(copy(&ring));
            }
        }
        compare(&store, &model);
    }
    assert!(store.check(Depth::Deep).unwrap().is_sound());
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_store_does_what_the_model_does(steps in vec(steps(), 1..12)) {
        run(steps);
    }
}
