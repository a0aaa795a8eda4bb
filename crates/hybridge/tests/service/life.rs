//! The life of a key over HTTP, from its creation to its tombstone, and what is left after a restart.
//!
//! A state is what the API says and what an operation is answered; both are asked.

use serde_json::{Value, json};

use crate::ask::{self, decode, decrypt, encrypt, get, make_key, post, refused};
use crate::process::{Home, Service};

/// Destruction must be waited for; a day would be long for a test.
const SHORT_WAIT: &str = "[keys]\ndestroy_wait_min = \"1s\"\n";

async fn state_of(service: &Service, version: usize) -> String {
    let shown = get(&service.admin(), "/v1/keys/orders").await.unwrap();
    let versions = shown["versions"].as_array().unwrap();
    let found = versions.iter().find(|each| each["number"] == version).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

/// Waits until the schedule has destroyed that version.
async fn destroyed(service: &Service, version: usize) {
    for _ in 0..300 {
        if state_of(service, version).await == "destroyed" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    unreachable!("version {version} is not destroyed after 15 s");
}

/// Ciphertexts of one plaintext under three versions: used, compromised, primary.
struct Ciphertexts {
    first: Value,
    second: Value,
    third: Value,
}

/// Create, use, rotate, re-wrap, put aside, take back, compromise.
async fn live(service: &Service) -> Ciphertexts {
    let admin = service.admin();
    make_key(&admin, "orders", "encrypt").await;
    let first = encrypt(&admin, "orders", b"secret").await.unwrap();
    assert_eq!(first["version"], 1);
    let rotated = post(&admin, "/v1/keys/orders/rotate", json!({})).await.unwrap();
    assert_eq!(
        (&rotated["old"]["number"], &rotated["new"]["number"]),
        (&json!(1), &json!(2))
    );
    let opened = decrypt(&admin, "orders", &first).await.unwrap();
    assert_eq!(
        (decode(&opened["plaintext"]), &opened["version"]),
        (b"secret".to_vec(), &json!(1))
    );
    let body = json!({"ciphertext": first["ciphertext"]});
    let second = post(&admin, "/v1/keys/orders/rewrap", body).await.unwrap();
    assert_eq!(second["version"], 2);

    post(&admin, "/v1/keys/orders/disable", json!({})).await.unwrap();
    assert_eq!(encrypt(&admin, "orders", b"x").await, refused("409 key_disabled"));
    assert_eq!(
        decrypt(&admin, "orders", &first).await,
        refused("409 key_disabled")
    );
    post(&admin, "/v1/keys/orders/enable", json!({})).await.unwrap();
    let opened = decrypt(&admin, "orders", &second).await.unwrap();
    assert_eq!(decode(&opened["plaintext"]), b"secret");

    let told = post(&admin, "/v1/keys/orders/compromise", json!({}))
        .await
        .unwrap();
    assert_eq!(
        (&told["version"]["number"], &told["key"]["primary"]),
        (&json!(2), &json!(3))
    );
    assert!(told["protected"]["protections"].as_u64().unwrap() >= 1, "{told}");
    let third = encrypt(&admin, "orders", b"secret").await.unwrap();
    assert_eq!(third["version"], 3);
    Ciphertexts { first, second, third }
}

#[tokio::test]
async fn a_key_lives_through_every_state_and_a_restart_changes_none_of_them() {
    let home = Home::with(SHORT_WAIT);
    let service = home.start();
    let made = live(&service).await;
    let admin = service.admin();
    let body = json!({"version": 1, "wait_seconds": 1});
    post(&admin, "/v1/keys/orders/destroy", body).await.unwrap();
    assert_eq!(
        decrypt(&admin, "orders", &made.first).await,
        refused("409 key_destroying")
    );
    destroyed(&service, 1).await;
    check_after_destruction(&service, &made).await;
    assert_eq!(service.stop(), Some(0));

    let service = home.start();
    check_after_destruction(&service, &made).await;
    let admin = service.admin();
    let release = json!({"key": "orders", "version": 2});
    post(&admin, "/v1/quarantine/release", release).await.unwrap();
    let opened = decrypt(&admin, "orders", &made.second).await.unwrap();
    assert_eq!(decode(&opened["plaintext"]), b"secret");
}

async fn check_after_destruction(service: &Service, made: &Ciphertexts) {
    let admin = service.admin();
    let states = [
        state_of(service, 1).await,
        state_of(service, 2).await,
        state_of(service, 3).await,
    ];
    assert_eq!(states, ["destroyed", "compromised", "active"]);
    assert_eq!(
        decrypt(&admin, "orders", &made.first).await,
        refused("409 key_state")
    );
    assert_eq!(
        decrypt(&admin, "orders", &made.second).await,
        refused("409 key_quarantined")
    );
    let opened = decrypt(&admin, "orders", &made.third).await.unwrap();
    assert_eq!(decode(&opened["plaintext"]), b"secret");
    let quarantine = get(&admin, "/v1/quarantine").await.unwrap();
    assert_eq!(quarantine, json!([{"key": "orders", "version": 2}]));
    let again = json!({"version": 1, "wait_seconds": 1});
    assert_eq!(
        post(&admin, "/v1/keys/orders/destroy", again).await,
        refused("409 key_state")
    );
}

#[tokio::test]
async fn a_destruction_can_be_cancelled_until_it_happened_and_a_name_is_not_given_again() {
    let home = Home::with(SHORT_WAIT);
    let service = home.start();
    let admin = service.admin();
    make_key(&admin, "gone", "mac").await;
    let wait = |seconds: u32| json!({"wait_seconds": seconds});
    post(&admin, "/v1/keys/gone/destroy", wait(3600)).await.unwrap();
    let body = json!({"message": ask::encode(b"m")});
    assert_eq!(
        post(&admin, "/v1/keys/gone/mac", body.clone()).await,
        refused("409 key_destroying")
    );
    post(&admin, "/v1/keys/gone/cancel-destroy", json!({}))
        .await
        .unwrap();
    post(&admin, "/v1/keys/gone/mac", body.clone()).await.unwrap();
    assert_eq!(
        post(&admin, "/v1/keys/gone/destroy", wait(0)).await,
        refused("422 field_invalid")
    );
    post(&admin, "/v1/keys/gone/destroy", wait(1)).await.unwrap();
    let gone = async || get(&admin, "/v1/keys/gone").await.unwrap()["destroyed"].is_string();
    while !gone().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        post(&admin, "/v1/keys/gone/mac", body).await,
        refused("409 key_state")
    );
    let cancel = post(&admin, "/v1/keys/gone/cancel-destroy", json!({})).await;
    assert!(cancel.is_err(), "{cancel:?}");
    let again = json!({"name": "gone", "purpose": "mac"});
    assert_eq!(post(&admin, "/v1/keys", again).await, refused("409 exists"));
}

#[tokio::test]
async fn every_purpose_does_what_it_is_for() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    for purpose in ["kem", "sign", "encrypt", "mac", "wrap"] {
        make_key(&admin, purpose, purpose).await;
    }
    let message = ask::encode(b"message");
    let made = post(&admin, "/v1/keys/kem/encapsulate", json!({})).await.unwrap();
    let body = json!({"ciphertext": made["ciphertext"]});
    let got = post(&admin, "/v1/keys/kem/decapsulate", body).await.unwrap();
    assert_eq!(got["shared_secret"], made["shared_secret"]);
    let signed = post(&admin, "/v1/keys/sign/sign", json!({"message": message}))
        .await
        .unwrap();
    let mut verify = json!({"message": message, "signature": signed["signature"]});
    let valid = post(&admin, "/v1/keys/sign/verify", verify.clone())
        .await
        .unwrap();
    assert_eq!(valid, json!({"valid": true}));
    verify["message"] = ask::encode(b"another").into();
    let valid = post(&admin, "/v1/keys/sign/verify", verify).await.unwrap();
    assert_eq!(valid, json!({"valid": false}));
    let tagged = post(&admin, "/v1/keys/mac/mac", json!({"message": message}))
        .await
        .unwrap();
    let verify = json!({"message": message, "tag": tagged["tag"]});
    let valid = post(&admin, "/v1/keys/mac/mac-verify", verify).await.unwrap();
    assert_eq!(valid, json!({"valid": true}));
    let data_key = post(&admin, "/v1/keys/wrap/data-key", json!({})).await.unwrap();
    let body = json!({"ciphertext": data_key["wrapped"]});
    let opened = post(&admin, "/v1/keys/wrap/decrypt", body).await.unwrap();
    assert_eq!(opened["plaintext"], data_key["plaintext"]);
    let wrong = post(&admin, "/v1/keys/sign/encrypt", json!({"plaintext": message})).await;
    assert_eq!(wrong, refused("409 key_use"));
}

#[tokio::test]
async fn a_batch_is_answered_item_by_item() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    make_key(&admin, "orders", "encrypt").await;
    let items: Vec<Value> = (0..50)
        .map(|number| json!({"plaintext": ask::encode(&[number])}))
        .collect();
    let sealed = post(&admin, "/v1/keys/orders/encrypt", json!({"batch": items}))
        .await
        .unwrap();
    let sealed = sealed["batch"].as_array().unwrap();
    let mut items: Vec<Value> = sealed
        .iter()
        .map(|each| json!({"ciphertext": each["ciphertext"]}))
        .collect();
    items[7] = json!({"ciphertext": ask::encode(b"not a ciphertext of ours, and long enough to be one")});
    let opened = post(&admin, "/v1/keys/orders/decrypt", json!({"batch": items}))
        .await
        .unwrap();
    for (number, each) in opened["batch"].as_array().unwrap().iter().enumerate() {
        if number == 7 {
            assert_eq!(each["error"], "rejected", "{each}");
        } else {
            assert_eq!(decode(&each["plaintext"]), [u8::try_from(number).unwrap()]);
        }
    }
}
