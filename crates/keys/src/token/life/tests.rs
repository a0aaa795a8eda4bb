//! Tokens over a real store: what is acknowledged holds, and what is revoked is gone.
//! Time is an argument; whether a token passes is asked as the gate asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hybridge_policy::access::{Action, Binding, Resource, Rights, Role};
use hybridge_store::{Keyring, Options, Store};
use jiff::{SignedDuration, Timestamp};

use super::{Digest, Maker, NewToken, Secret, Shown, TokenId, Tokens};
use crate::rider::Rider;
use crate::token::{Rate, Refused};
use crate::{Caller, Config, Error, Keys};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const HOUR: Duration = Duration::from_secs(3600);

struct Bench {
    folder: tempfile::TempDir,
    tokens: Tokens,
    caller: Caller,
    rights: Rights,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = over(&folder);
        tokens
            .keys()
            .store()
            .unseal(Keyring::generate().expect("random bytes"));
        Self {
            folder,
            tokens,
            caller: Caller::service("test"),
            rights: Rights::new(vec![Binding::of(Role::Admin)]),
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            caller: &self.caller,
            rights: &self.rights,
            lineage: &[],
            token: None,
        }
    }

    async fn make(&self, role: Role) -> (Secret, Shown) {
        let made = self
            .tokens
            .create(self.maker(), new(role), Rider::default(), NOW)
            .await;
        made.expect("an administrator may")
    }

    fn log(&self) -> Vec<String> {
        let entries = self.tokens.keys().store().log(1, 100).expect("readable");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON");
        entries.into_iter().map(|entry| text(entry.bytes)).collect()
    }
}

fn over(folder: &tempfile::TempDir) -> Tokens {
    let config = Config::new(folder.path().to_owned());
    let store = Store::open(&config.database(), Options::default()).expect("an empty folder");
    let rate = Rate {
        per_second: 0,
        burst: 1,
    };
    Tokens::new(Keys::over(store, config), rate)
}

fn new(role: Role) -> NewToken {
    NewToken {
        secret: Secret::generate().expect("random bytes"),
        name: "ci".to_owned(),
        bindings: vec![Binding::of(role)],
        lifetime: HOUR,
    }
}

fn refused(bench: &Bench, secret: &Secret, now: Timestamp) -> Option<Refused> {
    bench.tokens.enter(&secret.digest(), now).err()
}

#[tokio::test]
async fn a_token_is_let_in_until_it_expires_and_is_written_down() {
    let bench = Bench::new();
    let (secret, shown) = bench.make(Role::User).await;
    assert_eq!(refused(&bench, &secret, NOW), None);
    let end = NOW + SignedDuration::from_hours(1);
    assert_eq!(refused(&bench, &secret, end), Some(Refused::Expired(end)));
    let log = bench.log();
    assert!(log[0].contains("\"event\":\"token.create\"") && log[0].contains(&shown.id.to_string()));
    assert!(!log[0].contains(secret.reveal()), "{}", log[0]);
}

#[tokio::test]
async fn the_store_does_not_hold_the_secret() {
    let bench = Bench::new();
    let (secret, shown) = bench.make(Role::User).await;
    let id = super::record::token_id(&shown.id);
    let kept = bench
        .tokens
        .keys()
        .store()
        .read(&id)
        .expect("readable")
        .expect("there");
    let text = secret.reveal().trim_start_matches("hyb_").as_bytes();
    assert!(
        !kept
            .value
            .windows(16)
            .any(|window| text.windows(16).any(|part| part == window))
    );
}

#[tokio::test]
async fn a_revoked_token_is_unknown_at_once() {
    let bench = Bench::new();
    let (secret, shown) = bench.make(Role::User).await;
    assert_eq!(refused(&bench, &secret, NOW), None);
    bench
        .tokens
        .revoke(bench.maker(), shown.id, NOW)
        .await
        .expect("there");
    assert_eq!(refused(&bench, &secret, NOW), Some(Refused::Unknown));
    let again = bench.tokens.revoke(bench.maker(), shown.id, NOW).await;
    assert!(matches!(again, Err(Error::NotFound)), "{again:?}");
    assert!(bench.tokens.list(None, 10).expect("readable").is_empty());
}

#[tokio::test]
async fn a_revocation_is_acknowledged_when_nothing_is_under_way() {
    let bench = Bench::new();
    let (secret, shown) = bench.make(Role::User).await;
    let entered = bench.tokens.enter(&secret.digest(), NOW).expect("good");
    let mut revoking = std::pin::pin!(bench.tokens.revoke(bench.maker(), shown.id, NOW));
    let soon = tokio::time::timeout(Duration::from_millis(200), &mut revoking).await;
    assert!(soon.is_err(), "a request is under way");
    assert_eq!(refused(&bench, &secret, NOW), Some(Refused::Unknown));
    drop(entered);
    revoking.await.expect("nothing is under way");
}

#[tokio::test]
async fn a_token_can_revoke_itself() {
    let bench = Bench::new();
    let (secret, shown) = bench.make(Role::Admin).await;
    let _entered = bench.tokens.enter(&secret.digest(), NOW).expect("good");
    let maker = Maker {
        token: Some(shown.id),
        ..bench.maker()
    };
    let revoked =
        tokio::time::timeout(Duration::from_secs(5), bench.tokens.revoke(maker, shown.id, NOW)).await;
    revoked.expect("it does not wait for itself").expect("there");
}

/// What a request by a token makes.
async fn make_by(bench: &Bench, id: TokenId, rights: &Rights, role: Role) -> Result<(Secret, Shown), Error> {
    let caller = Caller {
        name: crate::token::principal(&id),
        ..Caller::service("test")
    };
    let maker = Maker {
        caller: &caller,
        rights,
        lineage: &[],
        token: Some(id),
    };
    bench.tokens.create(maker, new(role), Rider::default(), NOW).await
}

#[tokio::test]
async fn a_token_dies_with_its_maker() {
    let bench = Bench::new();
    let (_, parent) = bench.make(Role::Admin).await;
    let (child_secret, child) = make_by(&bench, parent.id, &parent.grant.rights, Role::Admin)
        .await
        .expect("may");
    let (grandchild, _) = make_by(&bench, child.id, &child.grant.rights, Role::User)
        .await
        .expect("may");
    bench
        .tokens
        .revoke(bench.maker(), parent.id, NOW)
        .await
        .expect("there");
    assert_eq!(refused(&bench, &child_secret, NOW), Some(Refused::Unknown));
    assert_eq!(refused(&bench, &grandchild, NOW), Some(Refused::Unknown));
    let late = make_by(&bench, parent.id, &parent.grant.rights, Role::User).await;
    assert!(matches!(late, Err(Error::Conflict)), "{:?}", late.err());
}

#[tokio::test]
async fn a_revocation_that_was_cut_short_goes_on() {
    let bench = Bench::new();
    let (_, parent) = bench.make(Role::Admin).await;
    let (child, _) = make_by(&bench, parent.id, &parent.grant.rights, Role::Admin)
        .await
        .expect("may");
    let cut = bench.tokens.revoke_one(&bench.maker(), parent.id, NOW).await;
    cut.expect("there");
    let again = bench.tokens.revoke(bench.maker(), parent.id, NOW).await;
    again.expect("what it made was left");
    assert_eq!(refused(&bench, &child, NOW), Some(Refused::Unknown));
    let nothing = bench.tokens.revoke(bench.maker(), parent.id, NOW).await;
    assert!(matches!(nothing, Err(Error::NotFound)), "{nothing:?}");
}

#[tokio::test]
async fn a_token_does_not_outlive_its_maker() {
    let bench = Bench::new();
    let (_, parent) = bench.make(Role::Admin).await;
    let caller = Caller {
        name: crate::token::principal(&parent.id),
        ..Caller::service("test")
    };
    let maker = Maker {
        caller: &caller,
        rights: &parent.grant.rights,
        lineage: &[],
        token: Some(parent.id),
    };
    let longer = NewToken {
        lifetime: 100 * HOUR,
        ..new(Role::User)
    };
    let half_past = NOW + SignedDuration::from_mins(30);
    let made = bench
        .tokens
        .create(maker, longer, Rider::default(), half_past)
        .await;
    let (_, child) = made.expect("may");
    assert_eq!(child.grant.expires, parent.grant.expires);
}

#[tokio::test]
async fn a_token_is_never_wider_than_its_maker() {
    let bench = Bench::new();
    let (_, user) = bench.make(Role::User).await;
    let wider = make_by(&bench, user.id, &user.grant.rights, Role::Admin).await;
    assert!(
        matches!(
            wider,
            Err(Error::Invalid {
                field: "bindings",
                ..
            })
        ),
        "{:?}",
        wider.err()
    );
    let (_, same) = make_by(&bench, user.id, &user.grant.rights, Role::User)
        .await
        .expect("as wide");
    let decision = same.grant.rights.decide(Action::DestroyKeys, Resource::Key("k"));
    assert!(!decision.is_allowed());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let bench = Bench::new();
    let good = || new(Role::User);
    let slip = Binding {
        operations: vec!["key.singe".parse().expect("a pattern")],
        ..Binding::of(Role::User)
    };
    let cases = [
        (
            NewToken {
                name: String::new(),
                ..good()
            },
            "name",
        ),
        (
            NewToken {
                lifetime: Duration::ZERO,
                ..good()
            },
            "lifetime",
        ),
        (
            NewToken {
                lifetime: 10_000 * 24 * HOUR,
                ..good()
            },
            "lifetime",
        ),
        (
            NewToken {
                bindings: vec![slip],
                ..good()
            },
            "bindings",
        ),
    ];
    for (new, wrong) in cases {
        let made = bench
            .tokens
            .create(bench.maker(), new, Rider::default(), NOW)
            .await;
        assert!(
            matches!(made, Err(Error::Invalid { field, .. }) if field == wrong),
            "{wrong}"
        );
    }
    assert!(bench.log().is_empty());
}

#[tokio::test]
async fn a_sealed_service_knows_nobody() {
    let bench = Bench::new();
    let (secret, _) = bench.make(Role::Admin).await;
    assert_eq!(refused(&bench, &secret, NOW), None);
    bench.tokens.keys().store().seal();
    assert_eq!(refused(&bench, &secret, NOW), Some(Refused::Sealed));
}

#[tokio::test]
async fn tokens_survive_a_restart_and_so_does_their_last_use() {
    let bench = Bench::new();
    let keyring = Keyring::generate().expect("random bytes");
    let bytes = keyring.to_bytes();
    bench.tokens.keys().store().unseal(keyring);
    let (secret, shown) = bench.make(Role::User).await;
    assert_eq!(refused(&bench, &secret, NOW), None);
    bench.tokens.tidy(NOW).await.expect("written");
    let Bench { folder, tokens, .. } = bench;
    tokens.keys().store().clone().close().expect("closed");
    drop(tokens);
    let tokens = over(&folder);
    tokens
        .keys()
        .store()
        .unseal(Keyring::from_bytes(&bytes).expect("just written"));
    assert!(tokens.enter(&secret.digest(), NOW).is_ok());
    assert_eq!(tokens.show(&shown.id).expect("there").last_used, Some(NOW));
    let long_after = NOW + SignedDuration::from_hours(31 * 24 + 1);
    tokens.tidy(long_after).await.expect("written");
    assert!(matches!(tokens.show(&shown.id), Err(Error::NotFound)));
}

#[tokio::test]
async fn the_first_start_makes_the_administrator_and_later_ones_keep_it() {
    let bench = Bench::new();
    let first = bench
        .tokens
        .bootstrap(None, NOW)
        .await
        .expect("unsealed")
        .expect("made");
    let text = format!("{}\n", first.reveal());
    assert!(
        bench
            .tokens
            .bootstrap(Some(&text), NOW)
            .await
            .expect("unsealed")
            .is_none()
    );
    let second = bench
        .tokens
        .bootstrap(Some("hyb_lost"), NOW)
        .await
        .expect("unsealed")
        .expect("made");
    assert_eq!(refused(&bench, &first, NOW), Some(Refused::Unknown));
    assert_eq!(refused(&bench, &second, NOW), None);
    let (user, _) = bench.make(Role::User).await;
    let third = bench
        .tokens
        .bootstrap(Some(user.reveal()), NOW)
        .await
        .expect("unsealed");
    assert!(
        third.is_some(),
        "a user's token in the file is not the administrator's"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_passes_after_an_acknowledged_revocation() {
    let bench = Bench::new();
    for _ in 0..20 {
        let (secret, shown) = bench.make(Role::User).await;
        let acknowledged = Arc::new(AtomicBool::new(false));
        let callers = Vec::from_iter((0..8).map(|_| {
            let (tokens, digest, acknowledged) =
                (bench.tokens.clone(), secret.digest(), acknowledged.clone());
            tokio::task::spawn_blocking(move || let_in_late(&tokens, &digest, &acknowledged))
        }));
        let revoked = bench.tokens.revoke(bench.maker(), shown.id, NOW).await;
        revoked.expect("there");
        acknowledged.store(true, Ordering::SeqCst);
        for caller in callers {
            assert_eq!(caller.await.expect("no panic"), 0);
        }
    }
}

/// How many of many requests, begun after the acknowledgement, were let in.
fn let_in_late(tokens: &Tokens, digest: &Digest, acknowledged: &AtomicBool) -> usize {
    let is_late = |_: &usize| {
        let begun_after = acknowledged.load(Ordering::SeqCst);
        tokens.enter(digest, NOW).is_ok() && begun_after
    };
    (0..3000).filter(is_late).count()
}
