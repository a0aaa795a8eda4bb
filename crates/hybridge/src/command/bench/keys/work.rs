//! What the service is asked, prepared before time is taken: keys made, ciphertexts and bodies ready.
//! The number of a request decides its key and its body, so that two runs ask the same.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_client::Client;
use hybridge_crypto::{Algorithm, Kind as AlgorithmKind};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::asking::Question;
use super::{Keys, Operation, peer};
use crate::command_error::{CommandError, Kind};
use crate::service::path;

/// What is signed and encrypted.
const MESSAGE: [u8; 64] = [0x5a; 64];

/// All requests of one load.
#[derive(Clone)]
pub(super) struct Work(Arc<Inner>);

struct Inner {
    operation: Operation,
    prefix: String,
    keys: u64,
    algorithm: &'static str,
    /// One for each key, or one for all.
    bodies: Vec<Bytes>,
}

impl Work {
    /// Makes the keys where they are not there, and what is asked of them.
    ///
    /// # Errors
    /// `Peer`: what the service says.
    pub(super) async fn prepare(keys: &Keys, client: &Client) -> Result<Self, CommandError> {
        let prefix = keys.prefix()?;
        if keys.prefix.is_none() && keys.operation != Operation::Create {
            for number in 0..keys.keys {
                let body = creation(&format!("{prefix}{number}"), keys.algorithm())?;
                client
                    .call(Method::POST, "/v1/keys", Some(&body))
                    .await
                    .map_err(peer)?;
            }
        }
        let mut inner = Inner {
            operation: keys.operation,
            prefix,
            keys: keys.keys,
            algorithm: keys.algorithm(),
            bodies: Vec::new(),
        };
        inner.bodies = inner.bodies(client, usize::from(keys.batch)).await?;
        Ok(Self(Arc::new(inner)))
    }

    /// The request of this number.
    pub(super) fn question(&self, number: u64) -> Question {
        let inner = &self.0;
        if inner.operation == Operation::Create {
            return Question {
                method: Method::POST,
                path: "/v1/keys".to_owned(),
                body: inner.creation(number),
            };
        }
        let key = inner.key(number);
        let body = usize::try_from(key).unwrap_or(0) % inner.bodies.len().max(1);
        Question {
            method: match inner.operation {
                Operation::Show => Method::GET,
                _ => Method::POST,
            },
            path: inner.path(key, verb(inner.operation)),
            body: inner.bodies.get(body).cloned().unwrap_or_default(),
        }
    }
}

impl Inner {
    fn key(&self, number: u64) -> u64 {
        match self.operation {
            // Neighbours in time are no neighbours in the store.
            Operation::Show => number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) % self.keys,
            _ => number % self.keys,
        }
    }

    fn path(&self, key: u64, verb: &str) -> String {
        path("keys", &format!("{}{key}", self.prefix), verb)
    }

    /// Every algorithm that keys can have has a purpose; `prepare` found out.
    fn creation(&self, number: u64) -> Bytes {
        let body = creation(&format!("{}{number}", self.prefix), self.algorithm);
        body.map_or_else(|_unreachable| Bytes::new(), |body| Bytes::from(body.to_string()))
    }

    async fn bodies(&self, client: &Client, batch: usize) -> Result<Vec<Bytes>, CommandError> {
        let message = URL_SAFE_NO_PAD.encode(MESSAGE);
        match self.operation {
            Operation::Create => creation("any", self.algorithm).map(|_body| Vec::new()),
            Operation::Show | Operation::Exchange => Ok(Vec::new()),
            Operation::Rotate => Ok(vec![Bytes::from_static(b"{}")]),
            Operation::Sign => Ok(vec![items(&json!({"message": message}), batch)]),
            Operation::Encrypt => Ok(vec![items(&json!({"plaintext": message}), batch)]),
            Operation::Decapsulate => self.ciphertexts(client, batch).await,
        }
    }

    async fn ciphertexts(&self, client: &Client, batch: usize) -> Result<Vec<Bytes>, CommandError> {
        let mut bodies = Vec::new();
        for key in 0..self.keys {
            let path = self.path(key, "encapsulate");
            let made = client.call(Method::POST, &path, Some(&json!({}))).await;
            let made = made.map_err(peer)?;
            let item = json!({"ciphertext": made["ciphertext"], "version": made["version"]});
            bodies.push(items(&item, batch));
        }
        Ok(bodies)
    }
}

const fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Rotate => "rotate",
        Operation::Sign => "sign",
        Operation::Decapsulate => "decapsulate",
        Operation::Encrypt => "encrypt",
        Operation::Create | Operation::Show | Operation::Exchange => "",
    }
}

/// One item as it is, several as a batch.
fn items(item: &Value, batch: usize) -> Bytes {
    let body = match batch {
        1 => item.to_string(),
        _ => json!({"batch": vec![item; batch]}).to_string(),
    };
    Bytes::from(body)
}

/// The body that makes a key.
fn creation(name: &str, algorithm: &str) -> Result<Value, CommandError> {
    let kind = Algorithm::by_name(algorithm).map(|algorithm| algorithm.kind);
    let purpose = match kind {
        Some(AlgorithmKind::Kem | AlgorithmKind::KeyAgreement) => "kem",
        Some(AlgorithmKind::Signature) => "sign",
        Some(AlgorithmKind::Aead) => "encrypt",
        Some(AlgorithmKind::Mac) => "mac",
        _ => {
            let message = format!("no key can have the algorithm {algorithm}");
            return Err(CommandError::message(Kind::Usage, message));
        }
    };
    Ok(json!({"name": name, "purpose": purpose, "algorithm": algorithm}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(operation: Operation, keys: u64) -> Work {
        Work(Arc::new(Inner {
            operation,
            prefix: "bench/".to_owned(),
            keys,
            algorithm: "X-Wing",
            bodies: vec![Bytes::from_static(b"{}")],
        }))
    }

    #[test]
    fn a_request_follows_from_its_number() {
        let created = work(Operation::Create, 1).question(7);
        let body: Value = serde_json::from_slice(&created.body).unwrap();
        assert_eq!(created.path, "/v1/keys");
        assert_eq!(
            body,
            json!({"name": "bench/7", "purpose": "kem", "algorithm": "X-Wing"})
        );
        let rotated = work(Operation::Rotate, 10).question(17);
        assert_eq!(rotated.path, "/v1/keys/bench%2F7/rotate");
        let signed = work(Operation::Sign, 1).question(17);
        assert_eq!(signed.path, "/v1/keys/bench%2F0/sign");
    }

    #[test]
    fn looking_at_keys_reaches_most_of_them() {
        let work = work(Operation::Show, 1000);
        let seen: std::collections::BTreeSet<_> =
            (0..10_000).map(|number| work.question(number).path).collect();
        assert!(seen.len() > 900, "{}", seen.len());
    }

    #[test]
    fn several_items_are_a_batch() {
        assert_eq!(items(&json!({"a": 1}), 1), r#"{"a":1}"#);
        assert_eq!(items(&json!({"a": 1}), 2), r#"{"batch":[{"a":1},{"a":1}]}"#);
    }
}
