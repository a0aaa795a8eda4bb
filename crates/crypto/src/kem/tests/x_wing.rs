//! The vectors of draft-connolly-cfrg-xwing-kem, public keys included.
//!
//! The same KEM inside HPKE has further vectors in the tests of `hpke`.

use super::{PrivateKey, named};
use crate::vectors::{self, hex_field};

#[test]
fn decapsulates_every_published_vector() {
    let Some(file) = vectors::load("x-wing/test-vectors.json") else {
        return;
    };
    let tests = file.as_array().expect("an array");
    assert_eq!(tests.len(), 3, "the vector file has changed");
    for test in tests {
        let key = PrivateKey::from_bytes(named("X-Wing"), &hex_field(test, "sk")).expect("sk");
        assert_eq!(key.public_key(), hex_field(test, "pk"));
        let secret = key.decapsulate(&hex_field(test, "ct")).expect("ct");
        assert_eq!(secret.as_bytes(), hex_field(test, "ss"));
    }
}
