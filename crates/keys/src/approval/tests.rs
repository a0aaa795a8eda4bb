//! Approvals over a real store: two persons, one deed, once.
//! Each refusal stands beside a case that passes, so that a check which refuses everything fails here.

use hybridge_store::{Keyring, Options, Store};
use jiff::{SignedDuration, Timestamp};

use super::{Administrator, Approval, Approvals, Deed, Guarded, LIFETIME, new_id};
use crate::{Caller, Config, Error, KeyName, Keys, Rider};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn bench() -> (tempfile::TempDir, Approvals) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::new(folder.path().to_owned());
    let store = Store::open(&config.database(), Options::default()).expect("an empty folder");
    store.unseal(Keyring::generate().expect("random bytes"));
    (folder, Approvals::new(Keys::over(store, config)))
}

fn caller(name: &str) -> Caller {
    Caller {
        name: name.to_owned(),
        ..Caller::service("test")
    }
}

fn deed() -> Deed {
    Deed {
        operation: Guarded::Destroy,
        key: KeyName::parse("pay/card").expect("a name"),
        arguments: "after 24 h".to_owned(),
    }
}

async fn asked(approvals: &Approvals, by: &str, lineage: &[String]) -> Approval {
    let caller = caller(by);
    let asking = Administrator {
        caller: &caller,
        lineage,
    };
    let asked = approvals
        .request(
            asking,
            (new_id().expect("random bytes"), deed()),
            Rider::default(),
            NOW,
        )
        .await;
    asked.expect("asking is free")
}

async fn approve(approvals: &Approvals, id: &str, by: &str, lineage: &[String]) -> Result<Approval, Error> {
    let caller = caller(by);
    let by = Administrator {
        caller: &caller,
        lineage,
    };
    approvals.approve(by, id, NOW).await
}

fn refused<T>(result: &Result<T, Error>, part: &str) -> bool {
    matches!(result, Err(Error::Refused { why }) if why.contains(part))
}

/// Does the deed, as an operation would.
async fn spend(approvals: &Approvals, rider: Rider) -> Result<(), Error> {
    let commit = approvals.0.store().commit(rider.into_transaction()).await;
    commit.map(drop).map_err(super::commit_error)
}

#[tokio::test]
async fn two_persons_let_one_deed_happen_once() {
    let (_folder, approvals) = bench();
    let asked = asked(&approvals, "alice", &[]).await;
    let early = approvals.spend(&caller("alice"), &asked.id, &deed(), NOW);
    assert!(refused(&early, "not given yet"), "{early:?}");
    let given = approve(&approvals, &asked.id, "bob", &[])
        .await
        .expect("a second person");
    assert_eq!(given.approved, Some(("bob".to_owned(), NOW)));
    let first = approvals
        .spend(&caller("alice"), &asked.id, &deed(), NOW)
        .expect("approved");
    let second = approvals
        .spend(&caller("alice"), &asked.id, &deed(), NOW)
        .expect("not spent yet");
    spend(&approvals, first).await.expect("the first use");
    let again = spend(&approvals, second).await;
    assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
    let later = approvals.spend(&caller("alice"), &asked.id, &deed(), NOW);
    assert!(matches!(later, Err(Error::NotFound)), "{later:?}");
}

#[tokio::test]
async fn one_person_with_two_names_is_one_person() {
    let (_folder, approvals) = bench();
    let own = ["token:parent".to_owned()];
    let asked = asked(&approvals, "token:child", &own).await;
    let cases: [(&str, &[String], &str); 3] = [
        ("token:child", &own, "whoever asked"),
        ("token:parent", &[], "not two persons"),
        (
            "token:grandchild",
            &["token:child".to_owned(), "token:parent".to_owned()],
            "not two persons",
        ),
    ];
    for (by, lineage, why) in cases {
        let given = approve(&approvals, &asked.id, by, lineage).await;
        assert!(refused(&given, why), "{by}: {given:?}");
    }
    let sibling = approve(&approvals, &asked.id, "token:sibling", &own).await;
    assert!(sibling.is_ok(), "{sibling:?}");
    let twice = approve(&approvals, &asked.id, "token:other", &[]).await;
    assert!(refused(&twice, "already"), "{twice:?}");
}

#[tokio::test]
async fn two_tokens_of_one_administrator_are_one_person() {
    let (_folder, approvals) = bench();
    let lineage = |makers: &[&str]| makers.iter().map(ToString::to_string).collect::<Vec<_>>();
    let cases = [
        (lineage(&["token:mallory", "token:first"]), true),
        (lineage(&["token:deputy", "token:mallory", "token:first"]), true),
        (lineage(&["token:alice", "token:first"]), false),
        (lineage(&["token:first"]), false),
    ];
    for (other, is_refused) in cases {
        let asked = asked(
            &approvals,
            "token:one",
            &lineage(&["token:mallory", "token:first"]),
        )
        .await;
        let given = approve(&approvals, &asked.id, "token:two", &other).await;
        let why = "not two persons: the same principal";
        assert_eq!(refused(&given, why), is_refused, "{other:?}: {given:?}");
        assert_eq!(given.is_ok(), !is_refused);
    }
    let asked = asked(&approvals, "token:one", &lineage(&["oidc:mallory"])).await;
    let given = approve(&approvals, &asked.id, "token:two", &lineage(&["oidc:mallory"])).await;
    assert!(refused(&given, "not two persons"), "{given:?}");
}

#[tokio::test]
async fn an_approval_is_for_exactly_what_was_asked() {
    let (_folder, approvals) = bench();
    let asked = asked(&approvals, "alice", &[]).await;
    approve(&approvals, &asked.id, "bob", &[])
        .await
        .expect("a second person");
    let others = [
        Deed {
            operation: Guarded::Export,
            ..deed()
        },
        Deed {
            key: KeyName::parse("pay/pin").expect("a name"),
            ..deed()
        },
        Deed {
            arguments: "after 0 h".to_owned(),
            ..deed()
        },
    ];
    for other in others {
        let spent = approvals.spend(&caller("alice"), &asked.id, &other, NOW);
        assert!(refused(&spent, "another operation"), "{other:?}");
    }
    let spent = approvals.spend(&caller("bob"), &asked.id, &deed(), NOW);
    assert!(refused(&spent, "another principal"), "{spent:?}");
}

#[tokio::test]
async fn an_approval_expires() {
    let (_folder, approvals) = bench();
    let asked = asked(&approvals, "alice", &[]).await;
    approve(&approvals, &asked.id, "bob", &[])
        .await
        .expect("a second person");
    let last = NOW + LIFETIME - SignedDuration::from_millis(1);
    assert!(
        approvals
            .spend(&caller("alice"), &asked.id, &deed(), last)
            .is_ok()
    );
    let end = NOW + LIFETIME;
    assert!(
        approvals
            .spend(&caller("alice"), &asked.id, &deed(), end)
            .is_err()
    );
    assert_eq!(approvals.list(None, 10, NOW).expect("readable").len(), 1);
    approvals.tidy(end).await.expect("written");
    assert!(approvals.list(None, 10, NOW).expect("readable").is_empty());
}
