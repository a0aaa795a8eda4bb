//! Every role at a door of every kind: what it may is answered, what it may not is refused before anything
//! happens, and nobody comes in without a token.

use hybridge_client::Client;
use serde_json::{Value, json};

use crate::ask::{self, get, make_key, make_token, post, post_once, refused};
use crate::process::{Home, Service};

const ROLES: [&str; 4] = ["admin", "operator", "user", "auditor"];

/// A request, and who may.
struct Case {
    path: &'static str,
    /// `GET` without one.
    body: Option<Value>,
    roles: &'static [&'static str],
}

fn read(path: &'static str, roles: &'static [&'static str]) -> Case {
    Case {
        path,
        body: None,
        roles,
    }
}

fn write(path: &'static str, body: Value, roles: &'static [&'static str]) -> Case {
    Case {
        path,
        body: Some(body),
        roles,
    }
}

fn cases() -> impl Iterator<Item = Case> {
    key_cases().into_iter().chain(service_cases())
}

#[rustfmt::skip] // A table is read by its columns.
fn key_cases() -> Vec<Case> {
    let plaintext = json!({"plaintext": ask::encode(b"x")});
    let new_key = json!({"name": "made-by-role", "purpose": "mac"});
    vec![
        read("/v1/keys", &ROLES),
        read("/v1/keys/enc", &ROLES),
        write("/v1/keys", new_key, &["admin", "operator"]),
        write("/v1/keys/enc/configure", json!({}), &["admin", "operator"]),
        write("/v1/keys/enc/rotate", json!({}), &["admin", "operator"]),
        write("/v1/keys/enc/compromise", json!({"version": 99}), &["admin", "operator"]),
        write("/v1/keys/enc/destroy", json!({"version": 99}), &["admin"]),
        write("/v1/keys/enc/export", json!({"recipient": "nobody"}), &["admin"]),
        write("/v1/keys/enc/encrypt", plaintext, &["admin", "user"]),
        write("/v1/keys/enc/decrypt", json!({"ciphertext": "AAAA"}), &["admin", "user"]),
        write("/v1/keys/enc/rewrap", json!({"ciphertext": "AAAA"}), &["admin", "operator", "user"]),
        write("/v1/keys/enc/sign", json!({"message": "AAAA"}), &["admin", "user"]),
        write("/v1/quarantine/release", json!({"key": "enc", "version": 99}), &["admin"]),
    ]
}

#[rustfmt::skip]
fn service_cases() -> Vec<Case> {
    let token = json!({"name": "t", "bindings": [{"role": "user"}]});
    let exception = json!({"name": "legacy", "owner": "ops", "reason": "r", "suites": ["none"], "lifetime_seconds": 60});
    vec![
        read("/v1/tokens", &["admin", "auditor"]),
        write("/v1/tokens", token, &["admin"]),
        write("/v1/tokens/000000000000000000000000/revoke", json!({}), &["admin"]),
        write("/v1/approvals", json!({"operation": "destroy", "key": "enc"}), &["admin"]),
        read("/v1/audit", &["admin", "auditor"]),
        read("/v1/backups", &["admin", "operator", "auditor"]),
        read("/v1/seal", &["admin", "operator", "auditor"]),
        read("/v1/exceptions", &["admin", "operator", "auditor"]),
        write("/v1/exceptions", exception, &["admin"]),
        write("/v1/key-exchange", json!({"init": "AAAA"}), &["admin", "user"]),
        write("/api/key-exchange", json!({"init": "AAAA"}), &["admin", "user"]),
        write("/v1/sessions/00000000000000000000000000000000/close", json!({}), &["admin", "user"]),
        read("/v1/handshakes", &["admin", "operator", "auditor"]),
        write("/v1/routes/none", json!({}), &["admin", "operator"]),
    ]
}

impl Case {
    async fn ask(&self, client: &Client) -> ask::Answer {
        match &self.body {
            None => get(client, self.path).await,
            Some(body) => post(client, self.path, body.clone()).await,
        }
    }
}

#[tokio::test]
async fn every_role_does_what_it_may_and_nothing_else() {
    let home = Home::new();
    let service = home.start();
    make_key(&service.admin(), "enc", "encrypt").await;
    for role in ROLES {
        let (_id, secret) = make_token(&service.admin(), role, &[]).await;
        let client = service.with_token(&secret);
        for case in cases() {
            let answer = case.ask(&client).await;
            let is_let_in = answer != refused("403 not_allowed") && !is_unauthenticated(&answer);
            let may = case.roles.contains(&role);
            assert_eq!(is_let_in, may, "{role} at {}: {answer:?}", case.path);
        }
    }
}

fn is_unauthenticated(answer: &ask::Answer) -> bool {
    matches!(answer, Err(code) if code.starts_with("401"))
}

#[tokio::test]
async fn nobody_comes_in_without_a_good_token() {
    let home = Home::new();
    let service = home.start();
    make_key(&service.admin(), "enc", "encrypt").await;
    let admin = service.admin_token();
    let altered = format!(
        "{}{}",
        &admin[..admin.len() - 1],
        if admin.ends_with('A') { "B" } else { "A" }
    );
    let unknown = format!("hyb_{}", "A".repeat(admin.len() - 4));
    for case in cases() {
        let answer = case.ask(&service.nobody()).await;
        assert_eq!(answer, refused("401 unauthenticated"), "{}", case.path);
    }
    // Few tries: who fails often is slowed down.
    for token in [altered.as_str(), unknown.as_str(), "x"] {
        let answer = get(&service.with_token(token), "/v1/keys").await;
        assert_eq!(answer, refused("401 credential_refused"), "{token:?}");
    }
    for open in ["/health", "/metrics"] {
        let answer = get(&service.nobody(), open).await;
        assert!(
            !matches!(&answer, Err(code) if code.starts_with("40")),
            "{open}: {answer:?}"
        );
    }
    let versions = get(&service.admin(), "/v1/keys/enc").await.unwrap();
    assert_eq!(versions["primary"], 1, "nobody rotated it");
}

#[tokio::test]
async fn names_and_operations_narrow_a_role_and_deny_wins() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    for name in ["pay-in", "pay-out", "web"] {
        make_key(&admin, name, "encrypt").await;
    }
    let bindings = json!([
        {"role": "user", "names": ["pay-*"], "operations": ["key.encrypt", "key.read"]},
        {"role": "user", "names": ["pay-out"], "deny": true},
    ]);
    let made = post(&admin, "/v1/tokens", json!({"name": "pay", "bindings": bindings}))
        .await
        .unwrap();
    let client = service.with_token(made["secret"].as_str().unwrap());
    let sealed = ask::encrypt(&client, "pay-in", b"x").await.unwrap();
    assert_eq!(
        ask::decrypt(&client, "pay-in", &sealed).await,
        refused("403 not_allowed")
    );
    assert_eq!(
        ask::encrypt(&client, "pay-out", b"x").await,
        refused("403 not_allowed")
    );
    assert_eq!(
        ask::encrypt(&client, "web", b"x").await,
        refused("403 not_allowed")
    );
    let listed = get(&client, "/v1/keys").await.unwrap();
    let names: Vec<_> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["name"])
        .collect();
    assert_eq!(names, ["pay-in"]);
}

#[tokio::test]
async fn a_token_gives_no_more_than_it_has_and_its_children_die_with_it() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    make_key(&admin, "web", "encrypt").await;
    let bindings = json!([{"role": "admin"}, {"role": "admin", "names": ["prod-*"], "deny": true}]);
    let made = post(
        &admin,
        "/v1/tokens",
        json!({"name": "narrow", "bindings": bindings}),
    )
    .await
    .unwrap();
    let narrow = service.with_token(made["secret"].as_str().unwrap());
    let wide = json!({"name": "wide", "bindings": [{"role": "admin"}]});
    let child = post_once(&narrow, "/v1/tokens", wide, "child").await.unwrap();
    let child = service.with_token(child["secret"].as_str().unwrap());
    ask::encrypt(&child, "web", b"x").await.unwrap();
    let prod = json!({"name": "prod-key", "purpose": "mac"});
    assert_eq!(post(&child, "/v1/keys", prod).await, refused("403 not_allowed"));
    revoke(&service, &made).await;
    for dead in [&narrow, &child] {
        assert_eq!(
            ask::encrypt(dead, "web", b"x").await,
            refused("401 credential_refused")
        );
    }
}

async fn revoke(service: &Service, made: &Value) {
    let path = format!("/v1/tokens/{}/revoke", made["id"].as_str().unwrap());
    post(&service.admin(), &path, json!({})).await.unwrap();
}
