//! Published vectors, embedded: RFC 9180 for the curves, draft-ietf-hpke-pq-03 for ML-KEM and the hybrids.
//!
//! Encapsulation is randomised, so both sides start from the recipient's: a sender's context is made of what
//! the recipient derives, and has to seal the very bytes of the vector. Suites with AES-128-GCM or another KDF
//! than HKDF, which are not offered, check the KEM alone.

use serde_json::Value;
use shake::{ExtendableOutput, Shake128, Update, XofReader};

use super::super::{Kdf, Receiver, Sender, Suite, receiver};
use crate::vectors::hex_field;
use crate::{Algorithm, digest, kem};

fn load(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("JSON");
    file["tests"].as_array().expect("tests").clone()
}

fn kem_of(test: &Value) -> &'static Algorithm {
    let id = test["kem_id"].as_u64().expect("kem_id");
    kem::algorithms()
        .find(|kem| kem::hpke_id(kem).map(u64::from) == Some(id))
        .expect("a KEM that is implemented")
}

fn suite_of(test: &Value) -> Suite {
    let kdf = match test["kdf_id"].as_u64() {
        Some(1) => Kdf::Sha256,
        Some(2) => Kdf::Sha384,
        Some(3) => Kdf::Sha512,
        other => panic!("KDF {other:?}"),
    };
    let aead = match test["aead_id"].as_u64() {
        Some(2) => "AES-256-GCM",
        Some(3) => "ChaCha20-Poly1305",
        other => panic!("AEAD {other:?}"),
    };
    Suite {
        kem: kem_of(test),
        kdf,
        aead: Algorithm::by_name(aead).expect(aead),
    }
}

fn key_of(test: &Value) -> kem::PrivateKey {
    kem::PrivateKey::from_bytes(kem_of(test), &hex_field(test, "skRm")).expect("skRm")
}

/// The contexts of both sides.
fn contexts(test: &Value) -> (Sender, Receiver) {
    let recipient = || {
        let (enc, info) = (hex_field(test, "enc"), hex_field(test, "info"));
        receiver(suite_of(test), &key_of(test), &enc, &info).expect("enc")
    };
    (Sender(recipient().0), recipient())
}

#[test]
fn derives_the_secrets_of_the_post_quantum_vectors() {
    let tests = load(include_str!("vectors/hpke-pq.json"));
    assert_eq!(tests.len(), 9);
    for test in &tests {
        let key = key_of(test);
        let public = digest::sha256(key.public_key());
        assert_eq!(public[..], hex_field(test, "pkRm_sha256"), "{}", key.algorithm());
        let secret = key.decapsulate(&hex_field(test, "enc")).expect("enc");
        assert_eq!(secret.as_bytes(), hex_field(test, "shared_secret"));
    }
}

#[test]
fn seals_and_opens_the_post_quantum_vectors() {
    let tests = load(include_str!("vectors/hpke-pq.json"));
    let mut messages = 0;
    for test in tests.iter().filter(|test| test["encryptions"].is_array()) {
        let (mut sender, mut receiver) = contexts(test);
        for message in test["encryptions"].as_array().expect("an array") {
            let [aad, plaintext, ciphertext] = ["aad", "pt", "ct"].map(|name| hex_field(message, name));
            assert_eq!(sender.seal(&aad, &plaintext).expect("seal"), ciphertext);
            assert_eq!(*receiver.open(&aad, &ciphertext).expect("open"), plaintext);
            messages += 1;
        }
        for export in test["exports"].as_array().expect("exports") {
            let context = hex_field(export, "exporter_context");
            let exported = sender.export(&context, 32).expect("export");
            assert_eq!(*exported, hex_field(export, "exported_value"));
        }
    }
    assert_eq!(messages, 9);
}

/// A length of one byte, then as many bytes: how the vectors draw what is sealed and exported.
fn draw(source: &mut impl XofReader) -> Vec<u8> {
    let mut length = [0];
    source.read(&mut length);
    let mut drawn = vec![0; usize::from(length[0])];
    source.read(&mut drawn);
    drawn
}

fn sum(sink: Shake128) -> [u8; 16] {
    let mut sum = [0; 16];
    sink.finalize_xof().read(&mut sum);
    sum
}

#[test]
fn seals_opens_and_exports_as_rfc_9180_has_it() {
    let tests = load(include_str!("vectors/rfc9180.json"));
    assert_eq!(tests.len(), 8);
    for test in &tests {
        assert_eq!(key_of(test).public_key(), hex_field(test, "pkRm"));
        let (mut sender, mut receiver) = contexts(test);
        let (mut source, mut sink) = (Shake128::default().finalize_xof(), Shake128::default());
        for _ in 0..1000 {
            let [aad, plaintext] = [(), ()].map(|()| draw(&mut source));
            let sealed = sender.seal(&aad, &plaintext).expect("seal");
            assert_eq!(*receiver.open(&aad, &sealed).expect("open"), plaintext);
            sink.update(&sealed);
        }
        assert_eq!(sum(sink)[..], hex_field(test, "encryptions_accumulated"));

        let (mut source, mut sink) = (Shake128::default().finalize_xof(), Shake128::default());
        for len in 0..1000 {
            let exported = sender.export(&draw(&mut source), len).expect("export");
            sink.update(&exported);
        }
        assert_eq!(sum(sink)[..], hex_field(test, "exports_accumulated"));
    }
}
