//! Questions to the API: JSON there, JSON or the stable code of the refusal back.
//! A refusal is compared by its status and code alone: the sentences are for people.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_client::{Call, Client, Error, Method};
use serde_json::{Value, json};

/// The answer, or `STATUS code`.
pub(crate) type Answer = Result<Value, String>;

pub(crate) async fn get(client: &Client, path: &str) -> Answer {
    answer(client.call(Method::GET, path, None).await)
}

pub(crate) async fn post(client: &Client, path: &str, body: Value) -> Answer {
    answer(client.call(Method::POST, path, Some(&body)).await)
}

/// As [`post`], under an idempotency key.
pub(crate) async fn post_once(client: &Client, path: &str, body: Value, key: &str) -> Answer {
    let call = Call {
        method: Method::POST,
        path,
        json: Some(&body),
        idempotency_key: Some(key),
    };
    answer(client.send(&call).await)
}

fn answer(answered: Result<Value, Error>) -> Answer {
    answered.map_err(|error| match error.problem() {
        Some(problem) => format!("{} {}", problem.status, problem.code),
        None => format!("no answer: {error}"),
    })
}

/// Makes a key for that purpose, with the purpose's defaults.
pub(crate) async fn make_key(client: &Client, name: &str, purpose: &str) -> Value {
    let body = json!({"name": name, "purpose": purpose});
    post(client, "/v1/keys", body).await.unwrap()
}

/// Makes a token of a role, for these names of keys (all where there are none): its id and its secret.
pub(crate) async fn make_token(client: &Client, role: &str, names: &[&str]) -> (String, String) {
    let body = json!({"name": role, "bindings": [{"role": role, "names": names}]});
    let made = post(client, "/v1/tokens", body).await.unwrap();
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

pub(crate) async fn encrypt(client: &Client, key: &str, plaintext: &[u8]) -> Answer {
    let body = json!({"plaintext": encode(plaintext)});
    post(client, &format!("/v1/keys/{key}/encrypt"), body).await
}

/// Decrypts what `encrypt` or `rewrap` answered.
pub(crate) async fn decrypt(client: &Client, key: &str, encrypted: &Value) -> Answer {
    let body = json!({"ciphertext": encrypted["ciphertext"]});
    post(client, &format!("/v1/keys/{key}/decrypt"), body).await
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// Refused so.
pub(crate) fn refused(expected: &str) -> Answer {
    Err(expected.to_owned())
}
