//! A revocation that is acknowledged holds: with many callers at work, nothing of theirs happens afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
        let (client, acknowledged, made) = (service.with_token(&token), acknowledged.clone(), made.clone());
        callers.spawn(async move {
            for number in 0.. {
                let was_acknowledged = acknowledged.load(Ordering::SeqCst);
                let body = json!({"name": format!("key-{caller}-{number}"), "purpose": "mac"});
                let answer = post(&client, "/v1/keys", body).await;
                match answer {
                    Ok(_) => {
                        assert_ne!(caller % 4, 3, "a bad token made a key");
                        assert!(!was_acknowledged, "made after the acknowledgement");
                        made.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(code) if caller % 4 == 3 => {
                        assert!(code.starts_with("401") || code.starts_with("429"), "{code}");
                        if was_acknowledged {
                            return;
                        }
                        tokio::task::yield_now().await;
                    }
                    Err(code) => {
                        // Bad tokens from the same machine may have slowed good ones down.
                        if code.starts_with("401") {
                            return;
                        }
                        assert!(code.starts_with("429"), "{code}");
                    }
                }
            }
        });
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
