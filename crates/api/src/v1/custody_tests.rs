//! The seal, the audit log and backups over a key service of the test's own.
//!
//! Through the router and the gate, as a client would come; the store is a real one in a temporary folder.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use hybridge_crypto::Algorithm;
use hybridge_keys::audit::{PublicKey, Tampered, verify};
use hybridge_keys::backup::{Directory, Keep, Setup, Unlock, Vault};
use hybridge_keys::recipient::{Identity, Lock};
use hybridge_keys::seal::Protector;
use hybridge_keys::token::Rate;
use hybridge_keys::{Caller, Config, Keys};
use hybridge_policy::access::Role;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::context::Context;
use crate::harness::{Answer, Echo, Refusals, Served, TOKENS, bearer, now, request};
use crate::router::router;
use crate::sample::Sample;
use crate::{Access, Deps};

/// A key service with backups, and the folder that all of it is in.
struct Service {
    served: Served,
    keys: Keys,
    folder: TempDir,
}

async fn service() -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("opened");
    let prepared = keys.prepare_seal(&Protector::KeyFile).expect("prepared");
    let caller = Caller::service("test");
    keys.put_seal(&caller, prepared, now())
        .await
        .expect("sealed and open");
    let x_wing = Algorithm::by_name("X-Wing").expect("in the table");
    let identity = Identity::generate(x_wing).expect("generated");
    let setup = Setup {
        destination: Arc::new(Directory::open(&folder.path().join("backups")).expect("a folder")),
        lock: Lock::Recipients(vec![identity.recipient()]),
        unlock: Some(Unlock::Identity(Arc::new(identity))),
        every: Duration::ZERO,
        keep: Keep::default(),
        spool: folder.path().to_owned(),
    };
    let vault = Vault::new(keys.clone(), setup);
    Service {
        served: over(keys.clone(), vault),
        keys,
        folder,
    }
}

fn over(keys: Keys, vault: Vault) -> Served {
    let rate = Rate {
        per_second: 0,
        burst: 1,
    };
    let sample = Arc::new(Sample::busy(now()));
    let refusals = Arc::new(Refusals::default());
    let access = Access::new(TOKENS.source(rate)).with_journal(refusals.clone());
    let (stop, stopping) = watch::channel(false);
    let deps = Deps {
        keys: Some(keys),
        suites: Arc::from([]),
        access: Arc::new(access),
        control: sample.clone(),
        prober: Arc::new(Echo),
    };
    let context = Context::new(deps, stopping).with_backups(Some(vault));
    Served {
        refusals,
        sample,
        router: router(context),
        stop,
    }
}

#[track_caller]
fn check(answer: &Answer, status: StatusCode, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    let problem = answer.json();
    assert_eq!(problem["code"], code);
    problem["detail"].as_str().unwrap_or_default().to_owned()
}

impl Service {
    #[track_caller]
    fn good(answer: &Answer) -> Value {
        assert!(answer.status.is_success(), "{}", answer.body);
        answer.json()
    }

    async fn get(&self, path: &str) -> Value {
        Self::good(&self.served.get(path).await)
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.served.post_json(path, &body.to_string()).await
    }

    async fn done(&self, path: &str, body: &Value) -> Value {
        Self::good(&self.post(path, body).await)
    }
}

#[tokio::test]
async fn shares_are_answered_once_and_open_the_seal_one_after_the_other() {
    let service = service().await;
    let seal = service.get("/v1/seal").await;
    assert_eq!(
        (&seal["state"], &seal["scheme"]),
        (&json!("unsealed"), &json!("key_file"))
    );
    let rekey = two_of_three();
    let rekeyed = service.done("/v1/seal/rekey", &rekey).await;
    let share = |index: usize| json!({"share": rekeyed["shares"][index]["line"]});
    assert_eq!(rekeyed["seal"]["scheme"], "key_file", "nothing has changed yet");
    let lines = [&rekeyed["shares"][0]["line"], &rekeyed["shares"][2]["line"]];
    let confirm = json!({"id": rekeyed["pending"]["id"], "shares": lines});
    let confirmed = service.done("/v1/seal/rekey/confirm", &confirm).await;
    assert_eq!(confirmed["holders"][1]["name"], "bob");

    let closed = service.done("/v1/seal/seal", &json!({})).await;
    assert_eq!(
        (&closed["state"], &closed["threshold"]),
        (&json!("sealed"), &json!(2))
    );
    let sealed = service.post("/v1/seal/rekey", &rekey).await;
    check(&sealed, StatusCode::SERVICE_UNAVAILABLE, "sealed");

    let first = service.done("/v1/seal/unseal", &share(0)).await;
    assert_eq!(
        first,
        json!({"state": "sealed", "holder": "alice", "given": 1, "threshold": 2})
    );
    assert_eq!(service.get("/v1/seal").await["given"], json!([1]));
    let twice = service.post("/v1/seal/unseal", &share(0)).await;
    let why = check(&twice, StatusCode::UNPROCESSABLE_ENTITY, "seal_refused");
    assert!(why.contains("alice"), "{why}");
    let bob = rekeyed["shares"][1]["line"].as_str().expect("a line");
    let wrong = json!({"share": bob[..bob.len() - 1]});
    let why = check(
        &service.post("/v1/seal/unseal", &wrong).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "seal_refused",
    );
    assert!(why.contains("bob"), "{why}");
    let last = service.done("/v1/seal/unseal", &share(2)).await;
    assert_eq!(last["state"], "unsealed");
    let shown = service.served.get("/v1/seal").await.body;
    assert!(!shown.contains("hybridge-share"), "{shown}");
}

fn two_of_three() -> Value {
    let holders = json!([{"name": "alice"}, {"name": "bob"}, {"name": "carol"}]);
    json!({"shares": {"threshold": 2, "holders": holders}})
}

#[tokio::test]
async fn a_rekey_that_nobody_confirms_leaves_the_old_seal_good_after_a_restart() {
    let service = service().await;
    let rekeyed = service.done("/v1/seal/rekey", &two_of_three()).await;
    assert_eq!(rekeyed["pending"]["proof"], "shares");
    assert_eq!(service.get("/v1/seal").await["sealing"], 1);
    let Service { served, keys, folder } = service;
    keys.close(now()).await.expect("closed");
    drop(served);
    let keys = Keys::open(Config::new(folder.path().to_owned())).expect("the store");
    let caller = Caller::service("test");
    keys.unseal_with_key_file(&caller, now())
        .await
        .expect("the key file opens it");
}

#[tokio::test]
async fn a_wrong_confirmation_is_refused_and_the_right_one_may_follow() {
    let service = service().await;
    let rekeyed = service.done("/v1/seal/rekey", &two_of_three()).await;
    let line = |index: usize| rekeyed["shares"][index]["line"].as_str().expect("a line");
    let id = &rekeyed["pending"]["id"];
    let foreign = service.done("/v1/seal/rekey", &two_of_three()).await;
    let gone = json!({"id": id, "shares": [line(0), line(1)]});
    let foreign_id = &foreign["pending"]["id"];
    let refused = [
        (gone, "no seal waits"),
        (
            json!({"id": foreign_id, "shares": [line(0), line(1)]}),
            "not the one that was handed out",
        ),
        (
            json!({"id": foreign_id, "shares": [foreign["shares"][0]["line"]]}),
            "2 open the store",
        ),
        (
            json!({"id": foreign_id, "digests": ["00".repeat(32)]}),
            "in the clear",
        ),
    ];
    for (body, expected) in refused {
        let answer = service.post("/v1/seal/rekey/confirm", &body).await;
        let why = check(&answer, StatusCode::UNPROCESSABLE_ENTITY, "seal_refused");
        assert!(why.contains(expected), "{why}");
    }
    for body in [
        json!({"id": foreign_id}),
        json!({"id": foreign_id, "digests": ["+f".repeat(32)]}),
        json!({"id": foreign_id, "digests": ["00"], "shares": ["x"]}),
    ] {
        let answer = service.post("/v1/seal/rekey/confirm", &body).await;
        check(&answer, StatusCode::UNPROCESSABLE_ENTITY, "field_invalid");
    }
    assert_eq!(service.get("/v1/seal").await["sealing"], 1, "nothing was changed");
    let lines = [&foreign["shares"][2]["line"], &foreign["shares"][0]["line"]];
    let right = json!({"id": foreign_id, "shares": lines});
    let seal = service.done("/v1/seal/rekey/confirm", &right).await;
    assert_eq!((&seal["sealing"], &seal["scheme"]), (&json!(2), &json!("shares")));
    let again = service.post("/v1/seal/rekey/confirm", &right).await;
    check(&again, StatusCode::UNPROCESSABLE_ENTITY, "seal_refused");
}

#[tokio::test]
async fn an_offer_and_a_rekey_have_exactly_one_member() {
    let service = service().await;
    for body in [json!({}), json!({"passphrase": "a", "share": "b"})] {
        let answer = service.post("/v1/seal/unseal", &body).await;
        check(&answer, StatusCode::UNPROCESSABLE_ENTITY, "field_invalid");
    }
    let classical = json!([{"name": "a", "recipient": "hybridge-recipient:x25519:AAAA"}, {"name": "b"}]);
    for body in [
        json!({}),
        json!({"key_file": {}, "passphrase": "a"}),
        json!({"passphrase": ""}),
        json!({"shares": {"threshold": 1, "holders": [{"name": "a"}, {"name": "b"}]}}),
        json!({"shares": {"threshold": 2, "holders": classical}}),
    ] {
        let answer = service.post("/v1/seal/rekey", &body).await;
        check(&answer, StatusCode::UNPROCESSABLE_ENTITY, "field_invalid");
    }
    assert_eq!(service.get("/v1/seal").await["sealing"], 1, "nothing was changed");
}

#[tokio::test]
async fn an_export_verifies_and_one_that_was_cut_does_not() {
    let service = service().await;
    let page = service.get("/v1/audit?from=1&limit=2").await;
    assert_eq!(page["entries"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&page["entries"][0]["sequence"], &page["next"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(page["entries"][0]["entry"]["v"], 1);
    for limit in ["0", "1001"] {
        let answer = service.served.get(&format!("/v1/audit?limit={limit}")).await;
        check(&answer, StatusCode::BAD_REQUEST, "query_invalid");
    }
    let signed = service.done("/v1/audit/checkpoint", &json!({})).await;
    assert!(signed["sequence"].as_u64().is_some_and(|sequence| sequence > 0));

    let listed = service.get("/v1/audit/public-keys").await;
    let pem = listed[0]["pem"].as_str().expect("a key");
    let keys = [PublicKey::parse(pem.as_bytes()).expect("SPKI in PEM")];
    let export = service.served.get("/v1/audit/export").await;
    assert_eq!(export.header("content-type"), "application/jsonl");
    let lines: Vec<&str> = export.body.lines().collect();
    let report = verify(lines.iter(), &keys, None).expect("it holds");
    assert_eq!(report.unsigned, 0);
    let cut = verify(lines[..lines.len() - 1].iter(), &keys, None);
    assert!(matches!(cut, Err(Tampered::Truncated { .. })), "{cut:?}");
}

#[tokio::test]
async fn a_backup_is_made_once_for_one_idempotency_key_and_verified() {
    let service = service().await;
    let attempt = || {
        let mut request = request("POST", "/v1/backups", "{}");
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().expect("a constant"));
        headers.insert("idempotency-key", "once".parse().expect("a constant"));
        request
    };
    let first = service.served.send(attempt()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!(service.served.send(attempt()).await.json(), first.json());
    let listed = service.get("/v1/backups").await;
    assert_eq!(listed["backups"], json!([first.json()]));
    let name = first.json()["name"].as_str().expect("a name").to_owned();
    let verified = service
        .done(&format!("/v1/backups/{name}/verify"), &json!({}))
        .await;
    assert_eq!(verified["depth"], "contents");
    let pruned = service
        .done("/v1/backups/prune", &json!({"keep_seconds": 0, "keep_min": 0}))
        .await;
    assert_eq!(
        (&pruned["deleted"], &pruned["newest"]),
        (&json!([]), &json!(name))
    );
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "damage need not be written safely")]
async fn a_damaged_backup_is_rejected_and_an_unknown_one_not_found() {
    let service = service().await;
    let made = service.done("/v1/backups", &json!({})).await;
    let name = made["name"].as_str().expect("a name");
    let path = service
        .folder
        .path()
        .join("backups")
        .join(format!("{name}.backup"));
    let mut bytes = std::fs::read(&path).expect("it is there");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).expect("our own file");
    let verify = format!("/v1/backups/{name}/verify");
    let answer = service.post(&verify, &json!({})).await;
    check(&answer, StatusCode::CONFLICT, "backup_rejected");
    for unknown in ["20200101T000000.000Z-00000000", "..%2Fkeys.db"] {
        let answer = service
            .post(&format!("/v1/backups/{unknown}/verify"), &json!({}))
            .await;
        check(&answer, StatusCode::NOT_FOUND, "not_found");
    }
    let tail = service.get("/v1/audit?limit=1").await;
    let entry = &tail["entries"][0]["entry"];
    assert_eq!(
        (&entry["event"], &entry["outcome"]),
        (&json!("backup.verify"), &json!("failed"))
    );
}

#[tokio::test]
async fn only_administrators_touch_the_seal_and_users_see_nothing_of_custody() {
    let service = service().await;
    let answer = async |role: Role, method: &str, path: &str, body: &str| {
        let mut request = request(method, path, body);
        let headers = request.headers_mut();
        headers.insert("authorization", bearer(TOKENS.of(role).reveal()));
        headers.insert("content-type", "application/json".parse().expect("a constant"));
        service.served.send(request).await
    };
    for role in [Role::Operator, Role::User, Role::Auditor] {
        let refused = answer(role, "POST", "/v1/seal/seal", "{}").await;
        check(&refused, StatusCode::FORBIDDEN, "not_allowed");
    }
    for path in ["/v1/seal", "/v1/audit", "/v1/audit/export", "/v1/backups"] {
        check(
            &answer(Role::User, "GET", path, "").await,
            StatusCode::FORBIDDEN,
            "not_allowed",
        );
        let seen = answer(Role::Auditor, "GET", path, "").await;
        assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.body);
    }
    let made = answer(Role::Operator, "POST", "/v1/backups", "{}").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_name() {
    let service = service().await;
    let body = json!({"purpose": "encrypt", "material": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"});
    let import = async |name: &str| {
        let mut request = request("POST", &format!("/v1/keys/{name}/import"), &body.to_string());
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().expect("a constant"));
        headers.insert("idempotency-key", "once".parse().expect("a constant"));
        service.served.send(request).await
    };
    for name in ["one", "two", "one"] {
        let made = import(name).await;
        assert_eq!(made.status, StatusCode::CREATED, "{name}: {}", made.body);
        assert_eq!(made.json()["name"], name);
    }
}
