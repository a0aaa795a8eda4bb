//! The key exchange between the Rust client and the real service: every suite, sessions in use, whose they
//! are, and the other path that leads to the same.

use hybridge_client::{Client, ExchangeOptions};
use hybridge_exchange::client::{Hello, Trust};
use hybridge_exchange::{Client as ClientSide, HYBRID, Identity, Session, Suite, Time};
use serde_json::{Value, json};

use crate::ask::{decode, encode, get, make_token, post, refused};
use crate::process::{Home, Service};

/// Now, by the clock that the service has, too.
pub(crate) fn now() -> Time {
    Time(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap())
}

/// The identities of the service, to be pinned.
pub(crate) async fn identities(service: &Service) -> Vec<Identity> {
    let terms = get(&service.admin(), "/v1/key-exchange").await.unwrap();
    let pem = |identity: &Value| identity["public_key"].as_str().unwrap().to_owned();
    let all = terms["identities"].as_array().unwrap().iter().map(pem);
    all.map(|pem| Identity::from_spki(pem.as_bytes()).unwrap())
        .collect()
}

/// A hello for one suite alone.
pub(crate) fn only(suite: &'static Suite) -> Hello {
    Hello {
        suites: vec![suite],
        shares: vec![suite],
        ..Hello::default()
    }
}

/// Both directions and the exporter, in the epoch in which the session is.
async fn check_use(client: &Client, session: &mut Session<ClientSide>) {
    let path = |verb: &str| format!("/v1/sessions/{}/{verb}", session.agreed().session);
    let (seal, open, export) = (path("seal"), path("open"), path("export"));
    let sealed = session.seal(b"aad", b"to the service", now()).unwrap();
    let body = json!({"sealed": encode(&sealed), "aad": encode(b"aad")});
    let opened = post(client, &open, body.clone()).await.unwrap();
    assert_eq!(decode(&opened["plaintext"]), b"to the service");
    let again = post(client, &open, body).await;
    assert!(again.is_err(), "a message opens once: {again:?}");
    let answer = post(client, &seal, json!({"plaintext": encode(b"to the client")}))
        .await
        .unwrap();
    let opened = session.open(b"", &decode(&answer["sealed"]), now()).unwrap();
    assert_eq!(*opened.plaintext, b"to the client");
    let body = json!({"label": "test", "context": encode(b"c"), "length": 48});
    let exported = post(client, &export, body).await.unwrap();
    let ours = session.export(b"test", b"c", 48, now()).unwrap();
    assert_eq!(decode(&exported["exported"]), ours[..]);
}

#[tokio::test]
async fn every_hybrid_suite_agrees_a_session_that_both_sides_can_use_and_renew() {
    let home = Home::new();
    let service = home.start();
    let (client, trusted) = (service.admin(), identities(&service).await);
    assert_eq!(HYBRID.len(), 6);
    for suite in HYBRID {
        let options = ExchangeOptions {
            hello: only(suite),
            ..ExchangeOptions::new(&trusted)
        };
        let mut session = client.exchange(&options).await.unwrap();
        assert_eq!(
            (session.agreed().suite, session.agreed().exception.as_str()),
            (suite, "")
        );
        check_use(&client, &mut session).await;
        client.rekey(&mut session).await.unwrap();
        assert_eq!(session.epoch(), 1);
        check_use(&client, &mut session).await;
        let close = format!("/v1/sessions/{}/close", session.agreed().session);
        post(&client, &close, json!({})).await.unwrap();
        assert_eq!(
            post(&client, &close, json!({})).await,
            refused("404 session_unknown")
        );
        let sealed = session.seal(b"", b"too late", now()).unwrap();
        let open = format!("/v1/sessions/{}/open", session.agreed().session);
        let late = post(&client, &open, json!({"sealed": encode(&sealed)})).await;
        assert_eq!(late, refused("404 session_unknown"));
    }
}

#[tokio::test]
async fn a_session_is_its_callers_own_and_ends_with_the_process() {
    let home = Home::new();
    let service = home.start();
    let trusted = identities(&service).await;
    let (id, secret) = make_token(&service.admin(), "user", &[]).await;
    let name = format!("token:{id}");
    let options = ExchangeOptions {
        caller: Some(&name),
        ..ExchangeOptions::new(&trusted)
    };
    let client = service.with_token(&secret);
    let mut session = client.exchange(&options).await.unwrap();
    check_use(&client, &mut session).await;
    let seal = format!("/v1/sessions/{}/seal", session.agreed().session);
    let body = json!({"plaintext": encode(b"x")});
    assert_eq!(
        post(&service.admin(), &seal, body.clone()).await,
        refused("404 session_unknown")
    );
    let as_other = service.admin().exchange(&options).await;
    assert!(
        as_other.is_err(),
        "the service knows the administrator under another name"
    );
    assert_eq!(service.stop(), Some(0));
    let service = home.start();
    let client = service.with_token(&secret);
    assert_eq!(post(&client, &seal, body).await, refused("404 session_unknown"));
    assert_eq!(identities(&service).await.len(), trusted.len());
    client.exchange(&options).await.unwrap();
}

#[tokio::test]
async fn a_service_that_allows_one_suite_gets_it_in_a_second_attempt_and_no_other() {
    let allowed = "MLKEM1024-P384/HKDF-SHA-384/AES-256-GCM";
    let home = Home::with(&format!("[api]\nexchange_suites = [\"{allowed}\"]\n"));
    let service = home.start();
    let (client, trusted) = (service.admin(), identities(&service).await);
    let session = client.exchange(&ExchangeOptions::new(&trusted)).await.unwrap();
    assert_eq!(session.agreed().suite.name, allowed);
    let options = ExchangeOptions {
        hello: only(&HYBRID[0]),
        ..ExchangeOptions::new(&trusted)
    };
    let error = client.exchange(&options).await.unwrap_err().to_string();
    assert!(error.contains("suite_not_allowed"), "{error}");
}

#[tokio::test]
async fn the_alias_path_is_the_same_exchange() {
    let home = Home::new();
    let service = home.start();
    let (client, trusted) = (service.admin(), identities(&service).await);
    let (init, pending) = Hello::default().start(now()).unwrap();
    let body = json!({"init": encode(init.as_bytes())});
    let answer = post(&client, "/api/key-exchange", body.clone()).await.unwrap();
    let trust = Trust {
        identities: &trusted,
        caller: None,
        window: std::time::Duration::from_secs(60),
    };
    let finished = pending.finish(&decode(&answer["response"]), &trust, now());
    let (confirm, mut session) = finished.unwrap();
    let path = format!("/v1/key-exchange/{}/confirm", session.agreed().session);
    let confirmed = post(&client, &path, json!({"confirm": encode(confirm.as_bytes())}))
        .await
        .unwrap();
    assert_eq!(confirmed["suite"], session.agreed().suite.name);
    check_use(&client, &mut session).await;
    for path in ["/v1/key-exchange", "/api/key-exchange"] {
        let replayed = post(&client, path, body.clone()).await;
        assert_eq!(replayed, refused("409 exchange_replayed"), "{path}");
        let nobody = post(&service.nobody(), path, body.clone()).await;
        assert_eq!(nobody, refused("401 unauthenticated"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_exchange_at_once_and_each_has_a_session_of_its_own() {
    let home = Home::new();
    let service = home.start();
    let trusted = identities(&service).await;
    let mut exchanges = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (client, trusted) = (service.admin(), trusted.clone());
        exchanges.spawn(async move {
            let mut session = client.exchange(&ExchangeOptions::new(&trusted)).await.unwrap();
            check_use(&client, &mut session).await;
            session.agreed().session.to_string()
        });
    }
    let sessions: std::collections::BTreeSet<_> = exchanges.join_all().await.into_iter().collect();
    assert_eq!(sessions.len(), 64);
}

#[tokio::test]
async fn a_service_is_told_from_another_by_its_pinned_identity() {
    let home = Home::new();
    let service = home.start();
    let pinned = identities(&service).await;
    let listed = get(&service.admin(), "/v1/keys").await.unwrap();
    assert_eq!(listed["keys"], json!([]), "the service's own keys are nobody's");
    let other = Home::new();
    let stranger = other.start();
    let refused = stranger.admin().exchange(&ExchangeOptions::new(&pinned)).await;
    assert!(refused.is_err(), "another service is not the pinned one");
    service
        .admin()
        .exchange(&ExchangeOptions::new(&pinned))
        .await
        .unwrap();
}
