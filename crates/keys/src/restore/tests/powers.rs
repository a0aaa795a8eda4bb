//! Powers that were taken away after the backup do not come back with it.
//!
//! Each is made with the real interface, so that a table of another name would be found here.

use hybridge_exchange::CLASSICAL;
use hybridge_policy::access::{Action, Binding, Resource, Rights, Role};

use super::*;
use crate::approval::{Administrator, Approvals, Deed, Guarded, new_id};
use crate::exception::NewException;
use crate::idempotency::{Attempt, Idempotency, Recall};
use crate::token::{Digest, Maker, NewToken, Rate, Refused, Secret, Tokens};
use crate::{Policy, Rider};

const RATE: Rate = Rate {
    per_second: 0,
    burst: 1,
};

fn attempt() -> Attempt {
    Attempt::new("token:a", "key.create", "once", b"{}").expect("a key")
}

async fn make_token(tokens: &Tokens) -> Secret {
    let rights = Rights::new(vec![Binding::of(Role::Admin)]);
    let maker = Maker {
        caller: &caller(),
        rights: &rights,
        lineage: &[],
        token: None,
    };
    let new = NewToken {
        secret: Secret::generate().expect("random bytes"),
        name: "ops".to_owned(),
        bindings: vec![Binding::of(Role::Admin)],
        lifetime: Duration::from_secs(30 * 24 * 3600),
    };
    let made = tokens.create(maker, new, Rider::default(), at(0)).await;
    made.expect("an administrator may").0
}

/// Asks for an approval, under an idempotency key, and opens an exception.
async fn give_powers(keys: &Keys) {
    let asking = Administrator {
        caller: &caller(),
        lineage: &[],
    };
    let deed = Deed {
        operation: Guarded::Destroy,
        key: name("key-0"),
        arguments: String::new(),
    };
    let rider = Idempotency::new(keys.clone()).rider(&attempt(), b"approval", at(0));
    let asked = (new_id().expect("random bytes"), deed);
    Approvals::new(keys.clone())
        .request(asking, asked, rider.expect("nothing is there"), at(0))
        .await
        .expect("asked for");
    let exception = NewException {
        name: name("legacy"),
        owner: "ops".to_owned(),
        reason: "firmware 3".to_owned(),
        suites: CLASSICAL.iter().take(1).collect(),
        lifetime: Duration::from_secs(30 * 24 * 3600),
    };
    keys.exception_open(&caller(), &exception, at(0))
        .await
        .expect("opened");
}

#[tokio::test]
async fn a_token_of_the_backup_is_unknown_and_the_next_start_makes_an_administrators_token() {
    let origin = Origin::new(1).await;
    let secret = make_token(&Tokens::new(origin.keys.clone(), RATE)).await;
    let backup = origin.back_up(1).await;
    let target = Target::new();
    let restored = origin.restore(&backup, &target).await.expect("restored");
    assert_eq!(restored.dropped.tokens, 1);
    let tokens = Tokens::new(service(&restored, &target), RATE);
    let entered = tokens.enter(&secret.digest(), at(2)).map(drop);
    assert_eq!(entered, Err(Refused::Unknown));
    assert_eq!(tokens.list(None, 10).expect("readable"), []);
    // What a file beside the old store says is no token here.
    let made = tokens.bootstrap(Some(secret.reveal()), at(2)).await;
    let made = made.expect("made").expect("a new one");
    let digest = Digest::parse(made.reveal()).expect("a token");
    let entered = tokens.enter(&digest, at(2)).expect("it is good");
    let rights = &entered.token().grant().rights;
    assert!(
        rights
            .decide(Action::CreateTokens, Resource::Service)
            .is_allowed()
    );
}

#[tokio::test]
async fn approvals_exceptions_and_idempotency_records_stay_behind_and_are_counted() {
    let origin = Origin::new(1).await;
    give_powers(&origin.keys).await;
    let backup = origin.back_up(1).await;
    let target = Target::new();
    let restored = origin.restore(&backup, &target).await.expect("restored");
    let expected = Dropped {
        tokens: 0,
        approvals: 1,
        exceptions: 1,
        idempotency_records: 1,
    };
    assert_eq!(restored.dropped, expected);
    let keys = service(&restored, &target);
    let approvals = Approvals::new(keys.clone());
    assert_eq!(approvals.list(None, 10, at(2)).expect("readable"), []);
    assert_eq!(keys.exceptions(at(2)).expect("readable"), []);
    let recall = Idempotency::new(keys.clone()).recall(&attempt(), at(2));
    assert_eq!(recall.expect("readable"), Recall::New);
    let head = restored.store.head().sequence;
    let entries = restored.store.log(head, 1).expect("readable");
    let entry: serde_json::Value = serde_json::from_slice(&entries[0].bytes).expect("JSON");
    assert_eq!(entry["dropped"], expected.to_string());
}

#[tokio::test]
async fn what_a_key_may_and_the_log_come_back() {
    let origin = Origin::new(0).await;
    let guarded = NewKey {
        policy: Policy {
            dual_control: true,
            ..Policy::default()
        },
        ..NewKey::for_purpose(Purpose::Sign)
    };
    let made = origin
        .keys
        .create(&caller(), &name("guarded"), &guarded, at(0))
        .await;
    made.expect("made");
    make_token(&Tokens::new(origin.keys.clone(), RATE)).await;
    let backup = origin.back_up(1).await;
    let target = Target::new();
    let restored = origin.restore(&backup, &target).await.expect("restored");
    assert!(restored.proof.is_complete(), "{:?}", restored.proof);
    let keys = service(&restored, &target);
    let shown = keys.show(&name("guarded"), at(2)).expect("restored");
    assert!(shown.key.policy.dual_control);
    let entries = restored.store.log(1, 10).expect("readable");
    let told = |event: &str| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(event);
        entries.iter().any(|entry| text(&entry.bytes))
    };
    assert!(told("key.create") && told("token.create"), "the log is whole");
}
