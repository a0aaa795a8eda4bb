//! Planted secrets are looked for where they must not be: in every file of the data directory and in the log
//! (which is at its most talkative here), as they are and in the usual encodings.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::ask::{self, decrypt, encrypt, get, make_token, post};
use crate::process::{Home, files};

/// A key that nobody makes by chance.
const PLANTED: &[u8; 32] = b"planted key 7f3a: must not leak!";
const PLAINTEXT: &[u8] = b"planted plaintext 91c2: must not leak either";

/// As it is, in hexadecimal, and in base64 whatever stands before it.
fn encodings(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for offset in 0..3 {
        let whole = &secret[offset..offset + (secret.len() - offset) / 3 * 3];
        all.push(STANDARD.encode(whole).into_bytes());
        all.push(URL_SAFE_NO_PAD.encode(whole).into_bytes());
    }
    all
}

fn found(secret: &[u8], places: &[(PathBuf, Vec<u8>)]) -> Vec<PathBuf> {
    let needles = encodings(secret);
    let has = |content: &[u8]| {
        needles
            .iter()
            .any(|needle| content.windows(needle.len()).any(|window| window == needle))
    };
    places
        .iter()
        .filter(|(_, content)| has(content))
        .map(|(path, _)| path.clone())
        .collect()
}

#[test]
fn the_search_finds_what_is_there() {
    let place = |content: Vec<u8>| vec![(PathBuf::from("file"), content)];
    for before in ["", "x", "xy"] {
        let text = [before.as_bytes(), PLANTED, b"behind"].concat();
        assert_eq!(found(PLANTED, &place(text.clone())).len(), 1);
        assert_eq!(
            found(PLANTED, &place(STANDARD.encode(&text).into_bytes())).len(),
            1,
            "{before:?}"
        );
        assert_eq!(
            found(PLANTED, &place(URL_SAFE_NO_PAD.encode(&text).into_bytes())).len(),
            1
        );
    }
    assert!(found(PLANTED, &place(PLAINTEXT.to_vec())).is_empty());
}

#[tokio::test]
async fn planted_secrets_are_neither_in_the_data_directory_nor_in_the_log() {
    let home = Home::new();
    let service = home.start();
    let admin = service.admin();
    let import = json!({"purpose": "encrypt", "material": ask::encode(PLANTED)});
    post(&admin, "/v1/keys/planted/import", import).await.unwrap();
    let sealed = encrypt(&admin, "planted", PLAINTEXT).await.unwrap();
    decrypt(&admin, "planted", &sealed).await.unwrap();
    let data_key_of = json!({"name": "w", "purpose": "wrap"});
    post(&admin, "/v1/keys", data_key_of).await.unwrap();
    let data_key = post(&admin, "/v1/keys/w/data-key", json!({})).await.unwrap();
    let data_key = ask::decode(&data_key["plaintext"]);
    let (_, token) = make_token(&admin, "user", &[]).await;
    get(&service.with_token(&token), "/v1/keys").await.unwrap();
    // Refusals are logged, too.
    let wrong = json!({"purpose": "sign", "algorithm": "Ed448", "material": ask::encode(PLANTED)});
    assert!(post(&admin, "/v1/keys/wrong/import", wrong).await.is_err());
    let admin_token = service.admin_token();
    let secrets = [&PLANTED[..], PLAINTEXT, &data_key, token.as_bytes()];
    let look = |when: &str| {
        let mut places = files(&home.store());
        assert!(places.len() > 2, "{places:?}");
        places.push(("log".into(), home.log().into_bytes()));
        for secret in secrets {
            let found = found(secret, &places);
            assert!(found.is_empty(), "{when}: {found:?}");
        }
        // The administrator's own is where it is said to be, and was printed once.
        let places = found(admin_token.as_bytes(), &places);
        assert_eq!(places, [home.store().join("admin.token"), "log".into()], "{when}");
    };
    look("while it runs");
    assert_eq!(service.stop(), Some(0));
    look("after its end");
    home.start().kill();
    look("after a second start");
}
