//! The same request many times at once: one effect, one answer.
//! Each request comes over a connection of its own, so that they are really at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ask::{Answer, get, make_token, post, post_once, refused};
use crate::process::{Home, Service};

const AT_ONCE: usize = 20;

/// The same create, so many times at once, each over a connection of its own.
async fn at_once(
    service: &Service,
    path: &'static str,
    body: &Value,
    key: Option<&'static str>,
) -> Vec<Answer> {
    let mut requests = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (client, body) = (service.admin(), body.clone());
        requests.spawn(async move {
            match key {
                Some(key) => post_once(&client, path, body, key).await,
                None => post(&client, path, body).await,
            }
        });
    }
    requests.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_with_an_idempotency_key_happens_once_however_often_it_is_sent() {
    let home = Home::new();
    let service = home.start();
    let body = json!({"name": "orders", "purpose": "kem"});
    let answers = at_once(&service, "/v1/keys", &body, Some("k1")).await;
    let distinct: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(distinct.len(), 1, "{distinct:?}");
    let shown = get(&service.admin(), "/v1/keys/orders").await.unwrap();
    assert_eq!(shown["versions"].as_array().unwrap().len(), 1);
    assert_eq!(created(&service, "key.create").await, 1);
    let other = json!({"name": "other", "purpose": "kem"});
    let reused = post_once(&service.admin(), "/v1/keys", other, "k1").await;
    assert_eq!(reused, refused("422 idempotency_key_reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_creates_of_one_name_at_once_one_succeeds() {
    let home = Home::new();
    let service = home.start();
    let body = json!({"name": "orders", "purpose": "mac"});
    let answers = at_once(&service, "/v1/keys", &body, None).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let exists = refused("409 exists");
    assert_eq!(
        answers.iter().filter(|answer| **answer == exists).count(),
        AT_ONCE - 1
    );
    assert_eq!(created(&service, "key.create").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_once_and_its_secret_is_in_one_answer() {
    let home = Home::new();
    let service = home.start();
    let body = json!({"name": "ci", "bindings": [{"role": "user"}]});
    let answers = at_once(&service, "/v1/tokens", &body, Some("t1")).await;
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    let secrets = answers
        .iter()
        .filter(|answer| answer.as_ref().unwrap()["secret"].is_string());
    assert_eq!(secrets.count(), 1);
    // The administrator's own, and this one.
    let listed = get(&service.admin(), "/v1/tokens").await.unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_idempotency_key_is_its_senders_own_and_outlives_a_restart() {
    let home = Home::new();
    let service = home.start();
    let (_id, secret) = make_token(&service.admin(), "admin", &[]).await;
    let make = |name: &str| json!({"name": name, "purpose": "mac"});
    post_once(&service.admin(), "/v1/keys", make("a"), "same")
        .await
        .unwrap();
    let other = service.with_token(&secret);
    post_once(&other, "/v1/keys", make("b"), "same").await.unwrap();
    assert_eq!(service.stop(), Some(0));
    let service = home.start();
    let again = post_once(&service.admin(), "/v1/keys", make("a"), "same")
        .await
        .unwrap();
    assert_eq!(again["name"], "a");
    let reused = post_once(&service.with_token(&secret), "/v1/keys", make("a"), "same").await;
    assert_eq!(reused, refused("422 idempotency_key_reused"));
}

/// How often the audit log says that this was done, the service's own keys aside.
async fn created(service: &Service, event: &str) -> usize {
    let log = get(&service.admin(), "/v1/audit?limit=1000")
        .await
        .unwrap()
        .to_string();
    assert!(log.contains(event), "{log}");
    let shown = get(&service.admin(), "/v1/audit?limit=1000").await.unwrap();
    let entries = shown["entries"].as_array().or(shown.as_array()).unwrap();
    let is_it = |entry: &&Value| {
        let text = entry.to_string();
        text.contains(event) && text.contains("\"orders\"") && text.contains("\"done\"")
    };
    entries.iter().filter(is_it).count()
}
