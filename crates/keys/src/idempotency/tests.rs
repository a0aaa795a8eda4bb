//! Attempts over a real store: one effect, however often and however many at once.
//! The effect is a counter: what was made twice would show.

use hybridge_store::{Id, Keyring, Options, Precondition, Store, Table, Write};
use jiff::Timestamp;

use super::{Attempt, Idempotency, KEY_LEN_MAX, LIFETIME, RESULT_LEN_MAX, Recall};
use crate::{Config, Error, Keys, Rider};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn bench() -> (tempfile::TempDir, Idempotency) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::new(folder.path().to_owned());
    let store = Store::open(&config.database(), Options::default()).expect("an empty folder");
    store.unseal(Keyring::generate().expect("random bytes"));
    (folder, Idempotency::new(Keys::over(store, config)))
}

fn attempt(key: &str, body: &str) -> Attempt {
    Attempt::new("alice", "POST /v1/keys", key, body.as_bytes()).expect("a test key")
}

/// The effect: one more version of a counter, together with the rider.
async fn effect(idempotency: &Idempotency, rider: Rider) -> Result<(), Error> {
    let counted = Id::new(Table("effect"), *b"n");
    let put = Write::Put(counted.clone(), b"x".to_vec().into());
    let both = rider.and(Rider::new(
        Precondition::Version(counted, count(idempotency)),
        put,
    ));
    let committed = idempotency.keys.store().commit(both.into_transaction()).await;
    committed.map(drop).map_err(super::commit_error)
}

fn count(idempotency: &Idempotency) -> u64 {
    let found = idempotency.keys.store().read(&Id::new(Table("effect"), *b"n"));
    found.expect("readable").map_or(0, |record| record.version)
}

#[tokio::test]
async fn what_is_sent_again_is_recalled_and_not_made_again() {
    let (_folder, idempotency) = bench();
    let first = attempt("k1", "{}");
    assert_eq!(idempotency.recall(&first, NOW).expect("readable"), Recall::New);
    let rider = idempotency.rider(&first, b"made", NOW).expect("new");
    effect(&idempotency, rider).await.expect("committed");
    assert_eq!(
        idempotency.recall(&first, NOW).expect("readable"),
        Recall::Made(b"made".to_vec())
    );
    let again = idempotency.rider(&first, b"made", NOW);
    assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    assert_eq!(
        idempotency.recall(&attempt("k1", "[]"), NOW).expect("readable"),
        Recall::OtherBody
    );
    assert_eq!(
        idempotency
            .recall(&attempt("\"k1\"", "{}"), NOW)
            .expect("readable"),
        Recall::Made(b"made".to_vec())
    );
    assert_eq!(count(&idempotency), 1);
}

#[tokio::test]
async fn of_many_at_once_one_takes_effect() {
    let (_folder, idempotency) = bench();
    let first = attempt("k1", "{}");
    let riders = Vec::from_iter((0..16).map(|_| idempotency.rider(&first, b"made", NOW).expect("new")));
    let mut made = 0;
    for rider in riders {
        match effect(&idempotency, rider).await {
            Ok(()) => made += 1,
            Err(Error::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((made, count(&idempotency)), (1, 1));
}

#[tokio::test]
async fn keys_are_of_their_principal_and_endpoint() {
    let (_folder, idempotency) = bench();
    let rider = idempotency
        .rider(&attempt("k1", "{}"), b"made", NOW)
        .expect("new");
    effect(&idempotency, rider).await.expect("committed");
    for (principal, endpoint) in [("bob", "POST /v1/keys"), ("alice", "POST /v1/tokens")] {
        let other = Attempt::new(principal, endpoint, "k1", b"{}").expect("a test key");
        assert_eq!(idempotency.recall(&other, NOW).expect("readable"), Recall::New);
    }
}

#[tokio::test]
async fn after_a_day_the_key_is_free_again() {
    let (_folder, idempotency) = bench();
    let first = attempt("k1", "{}");
    let rider = idempotency.rider(&first, b"made", NOW).expect("new");
    effect(&idempotency, rider).await.expect("committed");
    let later = NOW + LIFETIME;
    assert_eq!(idempotency.recall(&first, later).expect("readable"), Recall::New);
    let rider = idempotency.rider(&first, b"made anew", later).expect("free");
    effect(&idempotency, rider).await.expect("committed");
    assert_eq!(
        idempotency.recall(&first, later).expect("readable"),
        Recall::Made(b"made anew".to_vec())
    );
    idempotency.tidy(later).await.expect("written");
    assert!(
        idempotency.find(&first).expect("readable").is_some(),
        "it is not over"
    );
    idempotency.tidy(later + LIFETIME).await.expect("written");
    assert!(idempotency.find(&first).expect("readable").is_none());
}

#[test]
fn what_is_no_key_is_refused() {
    let long = "k".repeat(KEY_LEN_MAX + 1);
    for key in ["", "\"\"", "a b", "ä", "a\"b", &long] {
        assert_eq!(Attempt::new("alice", "POST /", key, b""), None, "{key}");
    }
}

#[tokio::test]
async fn a_result_too_large_is_refused() {
    let (_folder, idempotency) = bench();
    let rider = idempotency.rider(&attempt("k1", ""), &vec![0; RESULT_LEN_MAX + 1], NOW);
    assert!(matches!(rider, Err(Error::Limit { .. })), "{rider:?}");
}
