//! The vectors of draft-ietf-lamps-pq-composite-sigs-19: keys, PKCS#8, signatures with and without context.
//!
//! The file also has the ML-DSA keys alone. Three names are missing here because no provider has the curve.

use serde_json::Value;

use super::super::{PrivateKey, verify};
use crate::vectors;
use crate::{Algorithm, encoding};

const MISSING: [&str; 3] = [
    "MLDSA65-ECDSA-brainpoolP256r1-SHA512",
    "MLDSA87-ECDSA-brainpoolP384r1-SHA512",
    "MLDSA87-Ed448-SHAKE256",
];

fn base64(object: &Value, name: &str) -> Vec<u8> {
    let text = object[name].as_str().expect(name);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let pem = format!("-----BEGIN X-----\n{}\n-----END X-----\n", lines.join("\n"));
    der::pem::decode_vec(pem.as_bytes()).expect(name).1
}

#[test]
fn every_composite_of_the_draft_but_three() {
    let Some(file) = vectors::load("composite-ml-dsa/testvectors.json") else {
        return;
    };
    let [message, context] = ["m", "ctx"].map(|name| base64(&file, name));
    let mut checked = 0;
    for test in file["tests"].as_array().expect("tests") {
        let name = test["tcId"].as_str().expect("tcId").trim_start_matches("id-");
        if MISSING.contains(&name) {
            assert!(PrivateKey::generate(Algorithm::by_name(name).expect(name)).is_err());
            continue;
        }
        check(Algorithm::by_name(name).expect(name), test, &message, &context);
        checked += 1;
    }
    assert_eq!(checked, 18, "the vector file has changed");
}

fn check(algorithm: &'static Algorithm, test: &Value, message: &[u8], context: &[u8]) {
    let public = base64(test, "pk");
    for (context, field) in [(&b""[..], "s"), (context, "sWithContext")] {
        let signature = base64(test, field);
        let checked = verify(algorithm, &public, message, context, &signature);
        assert_eq!(checked, Ok(()), "{algorithm} {field}");
    }
    let key = PrivateKey::from_bytes(algorithm, &base64(test, "sk")).expect(algorithm.name);
    assert_eq!(key.public_key(), public, "{algorithm}");
    assert_eq!(key.to_bytes()[..], base64(test, "sk"), "{algorithm}");
    let signature = key.sign(message, context).expect(algorithm.name);
    let checked = verify(algorithm, &public, message, context, &signature);
    assert_eq!(checked, Ok(()), "{algorithm}");

    let pkcs8 = base64(test, "sk_pkcs8");
    let imported = encoding::private_from_pkcs8(&pkcs8).expect(algorithm.name);
    assert_eq!(
        (imported.algorithm(), imported.public_key()),
        (algorithm, &public[..])
    );
    let written = encoding::private_to_pkcs8(&imported).expect(algorithm.name);
    assert_eq!(written[..], pkcs8, "{algorithm}");
}
