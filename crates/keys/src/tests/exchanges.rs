//! The key exchange, with the client of the protocol crate; exceptions; export.
//!
//! Time is an argument, so sessions and exceptions expire at once.

use std::time::Duration;

use hybridge_exchange::client::{Hello, Pending, Trust};
use hybridge_exchange::{Agreed, CLASSICAL, Client, HYBRID, Session, Suite};
use tempfile::TempDir;

use crate::exception::NewException;
use crate::exchange::{ExchangeError, time};
use crate::export::{self, Exporting};
use crate::recipient::{self, Identity, Recipient};
use crate::tests::starts::started;
use crate::tests::{Service, at, code, name};
use crate::{Caller, Keys, NewKey, Policy, Purpose};

fn caller(name: &str) -> Caller {
    Caller {
        name: name.to_owned(),
        request: "r1".to_owned(),
        peer: None,
    }
}

fn hybrid() -> Vec<&'static Suite> {
    HYBRID.iter().collect()
}

async fn answer(keys: &Keys, hello: &Hello, now: i64) -> Result<(Pending, Vec<u8>), ExchangeError> {
    let (init, pending) = hello.start(time(at(now))).expect("an Init");
    let response = keys
        .exchange(&caller("token:a"), init.as_bytes(), &hybrid(), at(now))
        .await?;
    Ok((pending, response))
}

async fn agree(keys: &Keys, hello: &Hello, now: i64) -> Result<(Session<Client>, Agreed), ExchangeError> {
    let (pending, response) = answer(keys, hello, now).await?;
    let identities = keys.exchange_identities(at(now)).expect("identities");
    let trust = Trust {
        identities: &identities,
        caller: Some("token:a"),
        window: Duration::from_secs(60),
    };
    let (confirm, session) = pending
        .finish(&response, &trust, time(at(now)))
        .expect("a genuine answer");
    let agreed = keys
        .exchange_confirm(&caller("token:a"), confirm.as_bytes(), at(now))
        .await?;
    Ok((session, agreed))
}

fn classical() -> Hello {
    Hello {
        suites: CLASSICAL.iter().collect(),
        shares: CLASSICAL.iter().take(1).collect(),
        ..Hello::default()
    }
}

#[tokio::test]
async fn both_sides_agree_and_only_the_caller_uses_the_session() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let (mut session, agreed) = agree(&keys, &Hello::default(), 1).await.expect("agreed");
    assert!(agreed.suite.is_hybrid());
    let sealed = session.seal(b"", b"hello", time(at(2))).expect("sealed");
    let open = async |who: &str, now| {
        let subject = (agreed.session, "session.open");
        keys.session(&caller(who), subject, at(now), |session| {
            session.open(b"", &sealed, time(at(now)))
        })
        .await
    };
    assert_eq!(
        open("token:b", 2).await.expect_err("not theirs").code(),
        "session_unknown"
    );
    assert_eq!(*open("token:a", 2).await.expect("opened").plaintext, b"hello");
    assert!(open("token:a", 2).await.is_err(), "a message opens once");
    let late = 1 + 3600;
    assert_eq!(
        open("token:a", late).await.expect_err("expired").code(),
        "session_unknown"
    );
}

#[tokio::test]
async fn a_replayed_init_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let (init, _pending) = Hello::default().start(time(at(1))).expect("an Init");
    let send = async || {
        keys.exchange(&caller("token:a"), init.as_bytes(), &hybrid(), at(1))
            .await
    };
    assert!(send().await.is_ok());
    assert!(send().await.is_err());
}

#[tokio::test]
async fn a_pinned_identity_answers_for_a_while_after_its_rotation() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let day = 24 * 3600;
    let old = keys.exchange_identities(at(0)).expect("identities")[0].id();
    let rotated = keys.rotate_due(at(90 * day), 10).await.expect("the schedule");
    assert_eq!(rotated.len(), 1);
    assert_ne!(
        keys.exchange_identities(at(90 * day)).expect("identities")[0].id(),
        old
    );
    let pinned = Hello {
        identity: Some(old),
        ..Hello::default()
    };
    assert!(agree(&keys, &pinned, 119 * day).await.is_ok());
    assert!(agree(&keys, &pinned, 120 * day).await.is_err());
    assert!(agree(&keys, &Hello::default(), 120 * day).await.is_ok());
}

#[tokio::test]
async fn classical_suites_need_an_open_exception_and_it_closes_by_itself() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    assert!(agree(&keys, &classical(), 1).await.is_err());
    let new = NewException {
        name: name("legacy-scanner"),
        owner: "ops".to_owned(),
        reason: "firmware 3".to_owned(),
        suites: CLASSICAL.iter().take(1).collect(),
        lifetime: Duration::from_secs(100),
    };
    let admin = caller("token:admin");
    keys.exception_open(&admin, &new, at(1)).await.expect("open");
    assert_eq!(code(keys.exception_open(&admin, &new, at(1)).await), "exists");
    let (_session, agreed) = agree(&keys, &classical(), 2).await.expect("agreed");
    assert_eq!(agreed.exception, "legacy-scanner");
    assert_eq!(agreed.expires, time(at(101)));
    let entries = keys.audit_tail(2).expect("the log");
    let entry = String::from_utf8_lossy(&entries[0].bytes).into_owned();
    assert!(entry.contains(r#""exception":"legacy-scanner""#), "{entry}");
    let (_session, agreed) = agree(&keys, &Hello::default(), 2).await.expect("agreed");
    assert!(agreed.suite.is_hybrid() && agreed.exception.is_empty());
    assert!(agree(&keys, &classical(), 101).await.is_err());
    assert!(keys.exceptions(at(101)).expect("readable").is_empty());
    keys.tend(at(101)).await.expect("tended");
    keys.exception_open(&admin, &new, at(102)).await.expect("again");
    keys.exception_close(&admin, &new.name, at(103))
        .await
        .expect("closed");
    assert!(agree(&keys, &classical(), 103).await.is_err());
    assert_eq!(
        code(keys.exception_close(&admin, &new.name, at(103)).await),
        "not-found"
    );
}

#[tokio::test]
async fn an_exception_names_classical_suites_and_an_owner_and_an_end() {
    let service = Service::new();
    let new = NewException {
        name: name("x"),
        owner: "ops".to_owned(),
        reason: "why".to_owned(),
        suites: CLASSICAL.iter().collect(),
        lifetime: Duration::from_secs(1),
    };
    let wrong = [
        NewException {
            owner: " ".to_owned(),
            ..new.clone()
        },
        NewException {
            suites: hybrid(),
            ..new.clone()
        },
        NewException {
            suites: Vec::new(),
            ..new.clone()
        },
        NewException {
            lifetime: Duration::ZERO,
            ..new.clone()
        },
        NewException {
            lifetime: crate::exception::LIFETIME_MAX + Duration::from_secs(1),
            ..new.clone()
        },
    ];
    for wrong in wrong {
        let refused = service.keys.exception_open(&service.caller, &wrong, at(0)).await;
        assert_eq!(code(refused), "invalid");
    }
}

#[tokio::test]
async fn only_exportable_keys_leave_and_only_sealed_to_a_recipient() {
    let service = Service::new();
    let (keys, by) = (&service.keys, &service.caller);
    let identity = Identity::generate(Purpose::Kem.default_algorithm()).expect("an identity");
    let recipients: [Recipient; 1] = [identity.recipient()];
    let exporting = Exporting {
        version: None,
        recipients: &recipients,
    };
    service.create("stays", Purpose::Mac).await;
    assert_eq!(
        code(keys.export(by, &name("stays"), exporting, at(1)).await),
        "refused"
    );
    let exportable = NewKey {
        policy: Policy {
            exportable: true,
            ..Policy::default()
        },
        ..NewKey::for_purpose(Purpose::Kem)
    };
    service.try_create("goes", &exportable).await.expect("created");
    let exported = keys
        .export(by, &name("goes"), exporting, at(1))
        .await
        .expect("sealed");
    let opened = recipient::open_with(&identity, export::PURPOSE, &exported.sealed).expect("opens");
    let pair = hybridge_crypto::encoding::private_from_pkcs8(&opened).expect("PKCS#8");
    let shown = keys.show(&name("goes"), at(1)).expect("the key");
    assert_eq!(pair.public_key(), shown.versions[0].public_key);
    assert_eq!(service.last()["recipient"], recipients[0].fingerprint());
    keys.compromise(by, &name("goes"), None, at(2))
        .await
        .expect("recorded");
    let compromised = Exporting {
        version: Some(1),
        ..exporting
    };
    assert_eq!(
        code(keys.export(by, &name("goes"), compromised, at(3)).await),
        "state"
    );
    let nobody = Exporting {
        version: None,
        recipients: &[],
    };
    assert_eq!(
        code(keys.export(by, &name("goes"), nobody, at(3)).await),
        "invalid"
    );
}
