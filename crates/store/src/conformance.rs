//! The suite that decides whether a backend may be used. Every backend runs it; there is no other judge.
//!
//! It panics at the first thing that is not as it must be. Each step gets an empty backend of its own.

#![expect(clippy::expect_used, clippy::panic, reason = "a suite reports by panicking")]

use crate::backend::{Backend, Pace, Page, Side};
use crate::fault::{Damage, Fault, Why};
use crate::log::{Entry, Head, StoreId};
use crate::record::{Id, Table};
use crate::row::Row;

const A: Table = Table("a");
const AB: Table = Table("ab");

/// Runs the suite; `make` gives an empty backend each time.
///
/// # Panics
/// When the backend does not conform.
pub fn run(make: impl Fn() -> Box<dyn Backend>) {
    rows_come_back_as_they_were_put(&mut *make());
    an_update_keeps_the_position(&mut *make());
    an_insert_is_new_and_an_update_is_not(&mut *make());
    a_rollback_leaves_nothing(&mut *make());
    readers_see_what_is_committed_and_nothing_else(&mut *make());
    a_frozen_reader_stays_where_it_is(&mut *make());
    rows_are_paged_by_key(&mut *make());
    damage_is_told_for_its_row_alone(&mut *make());
    the_log_keeps_its_order(&mut *make());
    copies_are_two(&mut *make());
    counters_add_up(&mut *make());
    notes_are_kept_until_forgotten(&mut *make());
    resting_and_closing_lose_nothing(&mut *make());
}

fn id(table: Table, key: &[u8]) -> Id {
    Id::new(table, key)
}

fn row(table: Table, key: &[u8], version: u64) -> Row {
    Row::new(
        id(table, key),
        version,
        7,
        vec![u8::try_from(version % 251).expect("below 251"); 3_000],
    )
}

fn sound<T>(result: Result<T, Fault>) -> T {
    result.unwrap_or_else(|fault| panic!("{fault}"))
}

fn transact(backend: &mut dyn Backend, work: impl FnOnce(&mut dyn Backend) -> Result<(), Fault>) {
    sound(backend.begin());
    sound(work(backend));
    sound(backend.commit());
}

fn rows_come_back_as_they_were_put(backend: &mut dyn Backend) {
    let large = Row::new(id(A, b""), u64::from(u32::MAX) + 1, u32::MAX, vec![0xff; 100_000]);
    let empty = Row::new(id(AB, &[0, 0xff, 0]), 1, 0, Vec::new());
    transact(backend, |backend| {
        backend.insert(&large)?;
        backend.insert(&empty)
    });
    assert_eq!(sound(backend.row(&large.id)), Some(Ok(large)));
    assert_eq!(sound(backend.row(&empty.id)), Some(Ok(empty)));
    assert_eq!(
        sound(backend.row(&id(A, &[0, 0xff, 0]))),
        None,
        "tables do not mix"
    );
}

fn an_update_keeps_the_position(backend: &mut dyn Backend) {
    transact(backend, |backend| {
        backend.insert(&row(A, b"1", 1))?;
        backend.insert(&row(A, b"2", 1))
    });
    let before = sound(backend.walk(0, 9));
    transact(backend, |backend| backend.update(&row(A, b"1", 2)));
    let after = sound(backend.walk(0, 9));
    assert_eq!(after[0], (before[0].0, Ok(row(A, b"1", 2))));
    assert_eq!(after[1], before[1]);
    assert_eq!(sound(backend.walk(after[0].0, 9)), after[1..]);
    assert!(before[0].0 > 0, "positions start above 0");
}

fn an_insert_is_new_and_an_update_is_not(backend: &mut dyn Backend) {
    transact(backend, |backend| backend.insert(&row(A, b"1", 1)));
    sound(backend.begin());
    assert!(backend.insert(&row(A, b"1", 1)).is_err());
    sound(backend.rollback());
    sound(backend.begin());
    assert!(backend.update(&row(A, b"2", 2)).is_err());
    sound(backend.rollback());
    transact(backend, |backend| backend.rebuild());
    assert_eq!(sound(backend.row(&id(A, b"1"))), Some(Ok(row(A, b"1", 1))));
}

fn a_rollback_leaves_nothing(backend: &mut dyn Backend) {
    transact(backend, |backend| backend.insert(&row(A, b"kept", 1)));
    sound(backend.begin());
    sound(backend.update(&row(A, b"kept", 2)));
    sound(backend.insert(&row(A, b"new", 1)));
    sound(backend.append(&entry(1)));
    sound(backend.add("rows:a", 2));
    assert!(sound(backend.delete(&id(A, b"new"))));
    assert!(
        !sound(backend.delete(&id(A, b"new"))),
        "a delete says whether there was something"
    );
    sound(backend.rollback());
    assert_eq!(sound(backend.row(&id(A, b"kept"))), Some(Ok(row(A, b"kept", 1))));
    assert_eq!(sound(backend.row(&id(A, b"new"))), None);
    assert_eq!(sound(backend.last_entry()), None);
    assert_eq!(sound(backend.tally("rows:a")), 0);
    transact(backend, |backend| backend.update(&row(A, b"kept", 2)));
}

fn readers_see_what_is_committed_and_nothing_else(backend: &mut dyn Backend) {
    let mut reader = sound(backend.readers()());
    sound(backend.begin());
    sound(backend.insert(&row(A, b"1", 1)));
    assert_eq!(
        sound(backend.row(&id(A, b"1"))),
        Some(Ok(row(A, b"1", 1))),
        "the writer sees its own"
    );
    assert_eq!(sound(reader.row(&id(A, b"1"))), None);
    sound(backend.commit());
    assert_eq!(sound(reader.row(&id(A, b"1"))), Some(Ok(row(A, b"1", 1))));
}

fn a_frozen_reader_stays_where_it_is(backend: &mut dyn Backend) {
    transact(backend, |backend| backend.insert(&row(A, b"1", 1)));
    let mut frozen = sound(backend.readers()());
    sound(frozen.freeze());
    transact(backend, |backend| {
        backend.update(&row(A, b"1", 2))?;
        backend.insert(&row(A, b"2", 1))
    });
    sound(backend.rest(Pace::Quiet));
    assert_eq!(sound(frozen.walk(0, 9)).len(), 1);
    assert_eq!(sound(frozen.row(&id(A, b"1"))), Some(Ok(row(A, b"1", 1))));
    assert!(sound(frozen.inspect()).is_empty());
}

fn rows_are_paged_by_key(backend: &mut dyn Backend) {
    let keys: [&[u8]; 6] = [b"p\xff\xff", b"p", b"q", b"p\0", b"p\xff", b"o"];
    transact(backend, |backend| {
        backend.insert(&row(AB, b"p", 1))?;
        keys.iter().try_for_each(|key| backend.insert(&row(A, key, 1)))
    });
    let mut page = |prefix, after, limit| -> Vec<Vec<u8>> {
        let rows = sound(backend.rows(&Page {
            table: A,
            prefix,
            after,
            limit,
        }));
        rows.into_iter()
            .map(|found| found.expect("no damage").id.key)
            .collect()
    };
    assert_eq!(page(b"p", None, 9), [&b"p"[..], b"p\0", b"p\xff", b"p\xff\xff"]);
    assert_eq!(page(b"p", Some(b"p\0"), 1), [b"p\xff"]);
    assert_eq!(page(b"p\xff", None, 9), [&b"p\xff"[..], b"p\xff\xff"]);
    assert_eq!(page(b"", Some(b"p\xff\xff"), 9), [b"q"]);
    assert_eq!(page(b"", None, 9).len(), 6);
    assert!(page(b"r", None, 9).is_empty());
}

fn damage_is_told_for_its_row_alone(backend: &mut dyn Backend) {
    let mut damaged = row(A, b"2", 1);
    damaged.checksum ^= 1;
    transact(backend, |backend| {
        backend.insert(&row(A, b"1", 1))?;
        backend.insert(&damaged)?;
        backend.insert(&row(A, b"3", 1))
    });
    let damage = Damage {
        id: damaged.id.clone(),
        why: Why::Checksum,
    };
    assert_eq!(sound(backend.row(&damaged.id)), Some(Err(damage.clone())));
    let rows = sound(backend.rows(&Page {
        table: A,
        prefix: b"",
        after: None,
        limit: 9,
    }));
    assert_eq!(rows, [Ok(row(A, b"1", 1)), Err(damage), Ok(row(A, b"3", 1))]);
    transact(backend, |backend| backend.delete(&damaged.id).map(drop));
    assert_eq!(sound(backend.row(&damaged.id)), None);
}

fn entry(sequence: u64) -> Entry {
    let mut head = Head::empty(StoreId([1; 16]));
    while head.sequence < sequence {
        head = head.after(&head.sequence.to_be_bytes());
    }
    Entry {
        sequence,
        hash: head.hash,
        bytes: (sequence - 1).to_be_bytes().to_vec(),
    }
}

fn the_log_keeps_its_order(backend: &mut dyn Backend) {
    assert_eq!(sound(backend.last_entry()), None);
    transact(backend, |backend| {
        (1..=300).try_for_each(|sequence| backend.append(&entry(sequence)))
    });
    assert_eq!(sound(backend.last_entry()), Some(Ok(entry(300))));
    assert_eq!(
        sound(backend.entries(255, 3)),
        [Ok(entry(255)), Ok(entry(256)), Ok(entry(257))]
    );
    assert_eq!(sound(backend.entries(1, 999)).len(), 300);
    sound(backend.begin());
    assert!(
        backend.append(&entry(300)).is_err(),
        "a sequence number is used once"
    );
    sound(backend.rollback());
}

fn copies_are_two(backend: &mut dyn Backend) {
    assert_eq!(sound(backend.copy(Side::A, "root")), None);
    transact(backend, |backend| {
        backend.put_copy(Side::A, "root", b"a")?;
        backend.put_copy(Side::B, "root", b"b")
    });
    transact(backend, |backend| backend.put_copy(Side::A, "root", b"new"));
    assert_eq!(sound(backend.copy(Side::A, "root")).as_deref(), Some(&b"new"[..]));
    assert_eq!(sound(backend.copy(Side::B, "root")).as_deref(), Some(&b"b"[..]));
    assert_eq!(sound(backend.copy(Side::B, "header")), None);
}

fn counters_add_up(backend: &mut dyn Backend) {
    transact(backend, |backend| {
        backend.add("x", 5)?;
        backend.add("x", -2)?;
        backend.add("y", 1)
    });
    assert_eq!(sound(backend.tally("x")), 3);
    assert_eq!(sound(backend.tally("z")), 0);
    assert_eq!(
        sound(backend.tallies()),
        [("x".to_owned(), 3), ("y".to_owned(), 1)]
    );
}

fn notes_are_kept_until_forgotten(backend: &mut dyn Backend) {
    let damage = |key: &[u8], why| Damage { id: id(A, key), why };
    transact(backend, |backend| {
        backend.note(&damage(b"1", Why::Checksum))?;
        backend.note(&damage(b"2", Why::Seal))?;
        backend.note(&damage(b"2", Why::Seal))
    });
    assert_eq!(
        sound(backend.noted()),
        [damage(b"1", Why::Checksum), damage(b"2", Why::Seal)]
    );
    transact(backend, |backend| backend.forget(&id(A, b"1")));
    assert_eq!(sound(backend.noted()), [damage(b"2", Why::Seal)]);
}

fn resting_and_closing_lose_nothing(backend: &mut dyn Backend) {
    let mut reader = sound(backend.readers()());
    for key in 0..200_u64 {
        transact(backend, |backend| {
            (0..20).try_for_each(|n| backend.insert(&row(A, &[&key.to_be_bytes()[..], &[n]].concat(), 1)))
        });
        sound(backend.rest(if key % 2 == 0 { Pace::Busy } else { Pace::Quiet }));
    }
    sound(backend.close());
    assert_eq!(sound(reader.walk(0, 9_999)).len(), 4_000);
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    #[test]
    fn sqlite_conforms() {
        let folders = RefCell::new(Vec::new());
        super::run(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.db");
            folders.borrow_mut().push(folder);
            Box::new(crate::sqlite::Sqlite::open(&path).unwrap())
        });
    }
}
