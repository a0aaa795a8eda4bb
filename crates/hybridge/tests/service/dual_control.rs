//! Two administrators for what cannot be undone: destroying, and letting a key out.
//!
//! The administrators' tokens are made by the local administrator, which is the first token of the store.

use serde_json::{Value, json};

use crate::ask::{make_token, post, refused};
use crate::process::{Home, Service};

const DESTROY: &str = "/v1/keys/guarded/destroy";
const EXPORT: &str = "/v1/keys/guarded/export";

struct Administrators {
    home: Home,
    service: Service,
    one: String,
    two: String,
}

impl Administrators {
    /// Two, made by the local one, and a key under dual control.
    async fn new() -> Self {
        let home = Home::new();
        let service = home.start();
        let policy = json!({"dual_control": true, "exportable": true});
        let key = json!({"name": "guarded", "purpose": "encrypt", "policy": policy});
        post(&service.admin(), "/v1/keys", key).await.unwrap();
        let (_, one) = make_token(&service.admin(), "admin", &[]).await;
        let (_, two) = make_token(&service.admin(), "admin", &[]).await;
        Self {
            home,
            service,
            one,
            two,
        }
    }

    /// Asks as the first for an approval; its id.
    async fn request(&self, body: Value) -> String {
        let one = self.service.with_token(&self.one);
        let asked = post(&one, "/v1/approvals", body).await.unwrap();
        asked["id"].as_str().unwrap().to_owned()
    }

    async fn approve(&self, token: &str, id: &str) -> crate::ask::Answer {
        let path = format!("/v1/approvals/{id}/approve");
        post(&self.service.with_token(token), &path, json!({})).await
    }

    async fn one(&self, path: &str, body: Value) -> crate::ask::Answer {
        post(&self.service.with_token(&self.one), path, body).await
    }
}

#[tokio::test]
async fn a_guarded_key_is_destroyed_by_two_and_not_by_one() {
    let both = Administrators::new().await;
    assert_eq!(both.one(DESTROY, json!({})).await, refused("403 approval_needed"));
    let id = both
        .request(json!({"operation": "destroy", "key": "guarded"}))
        .await;
    let spend = json!({"approval": id});
    assert!(
        both.one(DESTROY, spend.clone()).await.is_err(),
        "nobody approved it yet"
    );
    for alone in [both.one.clone(), both.service.admin_token()] {
        let refused = both.approve(&alone, &id).await;
        assert!(
            refused.is_err(),
            "whoever asked, or made who asked, is no second person: {refused:?}"
        );
    }
    both.approve(&both.two, &id).await.unwrap();
    let longer = json!({"approval": id, "wait_seconds": 99 * 24 * 3600});
    assert!(
        both.one(DESTROY, longer).await.is_err(),
        "something else was approved"
    );
    let announced = both.one(DESTROY, spend.clone()).await.unwrap();
    assert!(announced["destroy_after"].is_string());
    both.one("/v1/keys/guarded/cancel-destroy", json!({}))
        .await
        .unwrap();
    assert!(
        both.one(DESTROY, spend).await.is_err(),
        "an approval is good once"
    );
}

#[tokio::test]
async fn a_guarded_key_leaves_for_the_recipient_that_two_agreed_on() {
    let both = Administrators::new().await;
    let recipient = |name: &str| {
        let (code, said) = both.home.run(&["recipient", "create", "--output", name]);
        assert_eq!(code, Some(0), "{said}");
        let found = said
            .split_whitespace()
            .find(|word| word.starts_with("hybridge-recipient:"));
        found.unwrap().to_owned()
    };
    let (agreed, other) = (recipient("agreed.txt"), recipient("other.txt"));
    let body = json!({"recipient": agreed});
    assert_eq!(both.one(EXPORT, body).await, refused("403 approval_needed"));
    let id = both
        .request(json!({"operation": "export", "key": "guarded", "recipient": agreed}))
        .await;
    both.approve(&both.two, &id).await.unwrap();
    let to_other = json!({"recipient": other, "approval": id});
    assert!(both.one(EXPORT, to_other).await.is_err(), "for another recipient");
    let exported = both
        .one(EXPORT, json!({"recipient": agreed, "approval": id}))
        .await
        .unwrap();
    assert_eq!(
        (&exported["name"], &exported["version"]),
        (&json!("guarded"), &json!(1))
    );
    assert!(
        both.one(EXPORT, json!({"recipient": agreed, "approval": id}))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn dual_control_is_not_taken_away_by_one() {
    let both = Administrators::new().await;
    let body = json!({"policy": {"dual_control": false}});
    let answer = both.one("/v1/keys/guarded/configure", body).await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(both.one(DESTROY, json!({})).await, refused("403 approval_needed"));
    let (_, operator) = make_token(&both.service.admin(), "operator", &[]).await;
    let asked = json!({"operation": "destroy", "key": "guarded"});
    let operator = both.service.with_token(&operator);
    assert_eq!(
        post(&operator, "/v1/approvals", asked).await,
        refused("403 not_allowed")
    );
}

#[tokio::test]
async fn two_tokens_that_one_administrator_made_are_one_person() {
    let both = Administrators::new().await;
    let one = both.service.with_token(&both.one);
    let short = json!({"name": "child", "bindings": [{"role": "admin"}], "lifetime_seconds": 3600});
    let mut children = Vec::new();
    for _ in 0..2 {
        let made = post(&one, "/v1/tokens", short.clone()).await.unwrap();
        children.push(made["secret"].as_str().unwrap().to_owned());
    }
    let asked = json!({"operation": "destroy", "key": "guarded"});
    let asking = both.service.with_token(&children[0]);
    let asked = post(&asking, "/v1/approvals", asked).await.unwrap();
    let id = asked["id"].as_str().unwrap();
    let refused = both.approve(&children[1], id).await;
    assert!(refused.is_err(), "{refused:?}");
    both.approve(&both.two, id).await.unwrap();
}
