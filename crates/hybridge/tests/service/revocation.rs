//! A revocation that is acknowledged holds: with many callers at work, nothing of theirs happens afterwards.
//!
//! Callers look at the acknowledgement before they send; bad tokens are in the crowd.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hybridge_client::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ask::{get, make_token, post};
use crate::process::{Home, Service};

const CALLERS: usize = 64;

/// Names of all keys, page by page.
async fn names(service: &Service) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&service.admin(), &format!("/v1/keys?limit=1000{after}"))
            .await
            .unwrap();
        let keys = page["keys"].as_array().unwrap();
        all.extend(keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        match &page["next"] {
            Value::String(next) => after = format!("&after={next}"),
            _ => return all,
        }
    }
}

/// What all callers look at.
struct Progress {
    acknowledged: Arc<AtomicBool>,
    made: Arc<AtomicUsize>,
}

/// Makes keys until there is no point in it.
async fn call_on(client: Client, progress: Progress, is_good: bool, caller: usize) {
    let mut number = 0;
    while call(&client, &progress, is_good, format!("key-{caller}-{number}")).await {
        number += 1;
    }
}

/// Makes one key; false where there is no point in another one.
async fn call(client: &Client, progress: &Progress, is_good: bool, name: String) -> bool {
    let was_acknowledged = progress.acknowledged.load(Ordering::SeqCst);
    match post(client, "/v1/keys", json!({"name": name, "purpose": "mac"})).await {
        Ok(_) => {
            assert!(is_good, "a bad token made a key");
            assert!(!was_acknowledged, "made after the acknowledgement");
            progress.made.fetch_add(1, Ordering::SeqCst);
            true
        }
        // Bad tokens from the same machine may have slowed good ones down.
        Err(code) => {
            assert!(code.starts_with("401") || code.starts_with("429"), "{code}");
            tokio::task::yield_now().await;
            if is_good {
                code.starts_with("429")
            } else {
                !was_acknowledged
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_acknowledgement_no_caller_succeeds_and_nothing_changes() {
    let home = Home::new();
    let service = home.start();
    let (id, secret) = make_token(&service.admin(), "operator", &[]).await;
    let acknowledged = Arc::new(AtomicBool::new(false));
    let made = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        // Every fourth has no good token, and must not get anywhere in the crowd.
        let token = if caller % 4 == 3 {
            format!("hyb_{}", "B".repeat(48))
        } else {
            secret.clone()
        };
        let progress = Progress {
            acknowledged: acknowledged.clone(),
            made: made.clone(),
        };
        let (client, is_good) = (service.with_token(&token), caller % 4 != 3);
        callers.spawn(call_on(client, progress, is_good, caller));
    }
    while made.load(Ordering::SeqCst) < 500 {
        tokio::task::yield_now().await;
    }
    let revoke = format!("/v1/tokens/{id}/revoke");
    post(&service.admin(), &revoke, json!({})).await.unwrap();
    acknowledged.store(true, Ordering::SeqCst);
    let at_acknowledgement = names(&service).await;
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    assert_eq!(
        names(&service).await,
        at_acknowledgement,
        "nothing was made afterwards"
    );
    assert!(at_acknowledgement.len() >= 500);
    let health = get(&service.nobody(), "/health").await;
    assert!(health.is_ok(), "it lives: {health:?}");
}
