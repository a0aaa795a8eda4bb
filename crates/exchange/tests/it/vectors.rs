//! The published vectors: the file as it stands, from the client's side, which is deterministic.
//!
//! Every value is computed twice, by the crate and by a second reading of the document (`plain`).

#[path = "../../examples/vectors/plain.rs"]
mod plain;

use std::time::Duration;

use hybridge_crypto::{encoding, kem};
use hybridge_exchange::client::{Pending, Trust};
use hybridge_exchange::message::{Answer, Init, Rekey, Response};
use hybridge_exchange::{Client, Encoded, Identity, Rekeying, Session, Suite, Time};
use serde_json::Value;

const FILE: &str = include_str!("../../../../docs/key-exchange-vectors.json");

struct Vector(Value);

impl Vector {
    fn all() -> Vec<Self> {
        let file: Value = serde_json::from_str(FILE).unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 3, "a vector for each hybrid KEM");
        vectors.iter().cloned().map(Vector).collect()
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        let text = self.0.pointer(path).and_then(Value::as_str);
        hex(text.unwrap_or_else(|| panic!("the vector lacks {path}")))
    }

    fn suite(&self) -> &'static Suite {
        let suite = Suite::by_name(self.0["suite"].as_str().unwrap()).unwrap();
        assert_eq!(self.0["code"], suite.code.to_string());
        suite
    }

    fn now(&self) -> Time {
        Time(self.0["now"].as_u64().unwrap())
    }

    fn key(&self, path: &str) -> kem::PrivateKey {
        kem::PrivateKey::from_bytes(self.suite().kem(), &self.bytes(path)).unwrap()
    }

    fn pending(&self) -> Pending {
        let init = Encoded::<Init>::parse(&self.bytes("/init")).unwrap();
        Pending::from_parts(init, vec![self.key("/client_seed")]).unwrap()
    }

    /// What the client makes of a response.
    fn finish(&self, response: &[u8]) -> Option<(Vec<u8>, Session<Client>)> {
        let identities = [self.identity()];
        let trust = Trust {
            identities: &identities,
            caller: self.0["caller"].as_str(),
            window: Duration::from_secs(60),
        };
        let (confirm, session) = self.pending().finish(response, &trust, self.now()).ok()?;
        Some((confirm.as_bytes().to_vec(), session))
    }

    fn identity(&self) -> Identity {
        let (algorithm, public_key) = encoding::public_from_spki(&self.bytes("/identity_spki")).unwrap();
        assert_eq!(self.0["identity_algorithm"], algorithm.name);
        Identity::new(algorithm, &public_key).unwrap()
    }

    /// Each value that `plain` computes stands in the file, and the file has no other.
    fn check_schedule(&self, path: &str, values: &[(&'static str, Vec<u8>)]) {
        for (name, value) in values {
            assert_eq!(&self.bytes(&format!("{path}/{name}")), value, "{name}");
        }
        let entries = self.0.pointer(path).unwrap().as_object().unwrap().len();
        assert_eq!(entries, values.len());
    }

    fn check_epoch(&self, path: &str, schedule: &str, client: &mut Session<Client>) {
        let epoch = self.0.pointer(path).unwrap();
        for export in epoch["exports"].as_array().unwrap() {
            let label = export["label"].as_str().unwrap();
            let (context, exported) = (field(export, "context"), field(export, "exported"));
            let ours = client
                .export(label.as_bytes(), &context, exported.len(), self.now())
                .unwrap();
            assert_eq!(*ours, exported);
            let exporter = self.bytes(&format!("{schedule}/exporter_secret"));
            assert_eq!(
                plain::export(self.suite(), &exporter, label, &context, exported.len()),
                exported
            );
        }
        for message in epoch["messages"].as_array().unwrap() {
            let [aad, plaintext, sealed] = ["aad", "plaintext", "sealed"].map(|name| field(message, name));
            if message["from"] == "client" {
                assert_eq!(client.seal(&aad, &plaintext, self.now()).unwrap(), sealed);
            } else {
                assert_eq!(
                    *client.open(&aad, &sealed, self.now()).unwrap().plaintext,
                    plaintext
                );
            }
        }
    }
}

fn field(value: &Value, name: &str) -> Vec<u8> {
    hex(value[name].as_str().unwrap())
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    bytes.collect()
}

#[test]
fn the_client_confirms_the_published_response_with_the_published_bytes() {
    for vector in Vector::all() {
        let (confirm, session) = vector.finish(&vector.bytes("/response")).unwrap();
        assert_eq!(confirm, vector.bytes("/confirm"));
        assert_eq!(vector.0["session"], session.agreed().session.to_string());
        assert_eq!(vector.0["expires"], session.expires().0);
        assert_eq!(vector.0["identity_id"], session.agreed().identity.to_string());
        assert_eq!(session.agreed().suite, vector.suite());
    }
}

#[test]
fn the_published_schedule_is_what_the_document_says() {
    for vector in Vector::all() {
        let response = Encoded::<Response>::parse(&vector.bytes("/response")).unwrap();
        let answer = Encoded::<Answer>::parse(&response.answer).unwrap();
        let shared = vector
            .key("/client_seed")
            .decapsulate(&answer.ciphertext)
            .unwrap();
        assert_eq!(shared.as_bytes(), vector.bytes("/shared_secret"));
        let parts = plain::Parts {
            answer: &response.answer,
            signature: &response.signature,
        };
        let values = plain::exchange(vector.suite(), shared.as_bytes(), &vector.bytes("/init"), &parts);
        vector.check_schedule("/schedule", &values);
        assert_eq!(
            vector.bytes("/schedule/server_confirmation"),
            response.confirmation
        );
    }
}

#[test]
fn the_published_messages_exports_and_rekeys_come_out_the_same() {
    for vector in Vector::all() {
        let (_, mut client) = vector.finish(&vector.bytes("/response")).unwrap();
        vector.check_epoch("/use/epoch_0", "/schedule", &mut client);
        let wish = vector.bytes("/use/rekey/rekey");
        let answer = vector.bytes("/use/rekey/rekeyed");
        let rekeying = Rekeying::from_parts(
            Encoded::<Rekey>::parse(&wish).unwrap(),
            vector.key("/use/rekey/client_seed"),
        );
        client.rekeyed(&rekeying.unwrap(), &answer, vector.now()).unwrap();
        let shared = vector.bytes("/use/rekey/shared_secret");
        let before = |name: &str| vector.bytes(&format!("/schedule/{name}"));
        let values = plain::rekey(vector.suite(), &shared, &before, [&wish, &answer]);
        vector.check_schedule("/use/rekey/schedule", &values);
        assert!(wish.ends_with(&vector.bytes("/use/rekey/schedule/rekey_tag")));
        assert!(answer.ends_with(&vector.bytes("/use/rekey/schedule/rekeyed_tag")));
        vector.check_epoch("/use/epoch_1", "/use/rekey/schedule", &mut client);
    }
}

#[test]
fn the_published_alterations_are_refused() {
    for vector in Vector::all() {
        let response = vector.bytes("/response");
        let cases = vector.0["refused"].as_array().unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let mut altered = response.clone();
            altered[usize::try_from(case["offset"].as_u64().unwrap()).unwrap()] ^=
                u8::try_from(case["xor"].as_u64().unwrap()).unwrap();
            assert!(vector.finish(&altered).is_none(), "{}", case["what"]);
        }
    }
}
