//! What was acknowledged is there after a restart, and after an end without warning.
//!
//! The ledger of what was acknowledged is kept here, outside the process that is killed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hybridge_client::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ask::{decode, decrypt, encrypt, get, make_key, make_token, post};
use crate::process::{Home, Service};

#[tokio::test]
async fn a_restart_keeps_keys_policies_labels_and_tokens() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    let body = json!({
        "name": "orders", "purpose": "sign", "algorithm": "ML-DSA-65", "labels": {"team": "pay"},
        "policy": {"exportable": true, "usage_limit": 1000, "rotation_period_seconds": 86400},
        "lifetime_seconds": 315_360_000,
    });
    post(&admin, "/v1/keys", body).await.unwrap();
    post(&admin, "/v1/keys/orders/rotate", json!({})).await.unwrap();
    let (id, secret) = make_token(&admin, "user", &["orders"]).await;
    let (token_before, admin_token) = (
        get(&admin, &format!("/v1/tokens/{id}")).await,
        service.admin_token(),
    );
    let before = get(&admin, "/v1/keys/orders").await.unwrap();
    assert_eq!(service.stop(), Some(0));

    let service = home.start();
    assert_eq!(
        service.admin_token(),
        admin_token,
        "the administrator's token stays"
    );
    assert_eq!(get(&service.admin(), "/v1/keys/orders").await.unwrap(), before);
    let token = get(&service.admin(), &format!("/v1/tokens/{id}")).await;
    assert_eq!(token.unwrap()["bindings"], token_before.unwrap()["bindings"]);
    let body = json!({"message": crate::ask::encode(b"m")});
    post(&service.with_token(&secret), "/v1/keys/orders/sign", body)
        .await
        .unwrap();
    assert_eq!(home.log().matches(&admin_token).count(), 1, "it is shown once");
}

/// What was acknowledged: for each key its newest version and a ciphertext under it.
type Ledger = Arc<Mutex<BTreeMap<String, (u64, Value)>>>;

/// Makes keys, rotates them and encrypts, until the service is gone.
fn load(service: &Service, ledger: &Ledger, workers: usize, round: usize) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (client, ledger) = (service.admin(), Arc::clone(ledger));
        tasks.spawn(async move {
            let mut number = 0;
            while live(&client, &ledger, format!("key-{round}-{worker}-{number}"))
                .await
                .is_ok()
            {
                number += 1;
            }
        });
    }
    tasks
}

/// One key, from its creation through three versions; an error where the service does not answer any more.
async fn live(client: &Client, ledger: &Ledger, name: String) -> Result<(), String> {
    post(client, "/v1/keys", json!({"name": name, "purpose": "encrypt"})).await?;
    for version in 1..4_u64 {
        let sealed = encrypt(client, &name, name.as_bytes()).await?;
        assert_eq!(sealed["version"], version);
        ledger.lock().unwrap().insert(name.clone(), (version, sealed));
        post(client, &format!("/v1/keys/{name}/rotate"), json!({})).await?;
        ledger
            .lock()
            .unwrap()
            .entry(name.clone())
            .and_modify(|entry| entry.0 = version + 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_an_end_without_warning_is_there_after_it() {
    let home = Home::new();
    let ledger = Ledger::default();
    for round in 0..3 {
        let service = home.start();
        let tasks = load(&service, &ledger, 8, round);
        let enough = 40 * (round + 1);
        while ledger.lock().unwrap().len() < enough {
            tokio::task::yield_now().await;
        }
        service.kill();
        tasks.join_all().await;
        check(&home.start(), &ledger).await;
    }
}

async fn check(service: &Service, ledger: &Ledger) {
    let admin = service.admin();
    let acknowledged = ledger.lock().unwrap().clone();
    for (name, (version, sealed)) in &acknowledged {
        let shown = get(&admin, &format!("/v1/keys/{name}")).await.unwrap();
        let primary = shown["primary"].as_u64().unwrap();
        // The last rotation may have been committed and not answered.
        assert!(
            (*version..=version + 1).contains(&primary),
            "{name}: {version}, {primary}"
        );
        let versions = shown["versions"].as_array().unwrap();
        let active = versions.iter().filter(|each| each["state"] == "active");
        assert_eq!(active.count(), 1, "{shown}");
        let opened = decrypt(&admin, name, sealed).await.unwrap();
        assert_eq!(decode(&opened["plaintext"]), name.as_bytes());
    }
    let health = get(&service.nobody(), "/health").await;
    assert!(health.is_ok(), "{health:?}");
}

#[tokio::test]
async fn a_key_that_is_destroyed_does_not_come_back_with_an_end_without_warning() {
    let home = Home::with("[keys]\ndestroy_wait_min = \"1s\"\n");
    let service = home.start();
    make_key(&service.admin(), "gone", "mac").await;
    post(
        &service.admin(),
        "/v1/keys/gone/destroy",
        json!({"wait_seconds": 1}),
    )
    .await
    .unwrap();
    let is_gone = async || get(&service.admin(), "/v1/keys/gone").await.unwrap()["destroyed"].is_string();
    while !is_gone().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    service.kill();
    let service = home.start();
    let shown = get(&service.admin(), "/v1/keys/gone").await.unwrap();
    assert!(shown["destroyed"].is_string(), "{shown}");
    let body = json!({"message": crate::ask::encode(b"m")});
    let used = post(&service.admin(), "/v1/keys/gone/mac", body).await;
    assert_eq!(used, crate::ask::refused("409 key_state"));
}
