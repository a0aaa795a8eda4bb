//! NIST ACVP vectors for FIPS 204 and FIPS 205.
//!
//! Those of signing and verifying are for the internal functions (FIPS 204 §6, FIPS 205 §9), which the
//! interfaces of the standard reach with M′ alone: they are checked where the library offers them.

use serde_json::Value;

use super::super::{PrivateKey, ml_dsa, slh_dsa};
use super::algorithm;
use crate::vectors::{self, hex_field};

fn groups(file: &Value) -> impl Iterator<Item = (&str, &Value, &Value)> {
    let groups = file["testGroups"].as_array().expect("testGroups").iter();
    groups.flat_map(|group| {
        let set = group["parameterSet"].as_str().expect("parameterSet");
        let tests = group["tests"].as_array().expect("tests").iter();
        tests.map(move |test| (set, group, test))
    })
}

#[test]
fn ml_dsa_key_generation() {
    let Some(file) = vectors::load("ml-dsa/acvp-key-gen.json") else {
        return;
    };
    let mut checked = 0;
    for (set, _, test) in groups(&file) {
        let seed = hex_field(test, "seed");
        let key = PrivateKey::from_bytes(algorithm(set), &seed).expect("seed");
        assert_eq!(key.public_key(), hex_field(test, "pk"), "tcId {}", test["tcId"]);
        assert_eq!(ml_dsa::expand(set, &seed).expect(set)[..], hex_field(test, "sk"));
        checked += 1;
    }
    assert_eq!(checked, 75, "the vector file has changed");
}

#[test]
fn ml_dsa_expanded_keys_sign_without_their_seed() {
    let Some(file) = vectors::load("ml-dsa/acvp-key-gen.json") else {
        return;
    };
    for (set, _, test) in groups(&file).step_by(10) {
        let key = PrivateKey::from_bytes(algorithm(set), &hex_field(test, "sk")).expect("expanded key");
        assert_eq!(key.public_key(), hex_field(test, "pk"), "tcId {}", test["tcId"]);
        for context in [&b""[..], b"context"] {
            assert!(key.sign(b"message", context).is_ok(), "tcId {}", test["tcId"]);
        }
    }
}

#[test]
fn ml_dsa_signing() {
    let Some(file) = vectors::load("ml-dsa/acvp-sig-gen.json") else {
        return;
    };
    let mut checked = 0;
    for (set, group, test) in groups(&file) {
        let hedge: [u8; 32] = match group["deterministic"].as_bool().expect("deterministic") {
            true => [0; 32],
            false => hex_field(test, "rnd").try_into().expect("32 bytes"),
        };
        let signature =
            ml_dsa::sign_internal(set, &hex_field(test, "sk"), &hex_field(test, "message"), hedge);
        assert_eq!(signature, hex_field(test, "signature"), "tcId {}", test["tcId"]);
        checked += 1;
    }
    assert_eq!(checked, 60, "the vector file has changed");
}

#[test]
fn ml_dsa_verification() {
    let Some(file) = vectors::load("ml-dsa/acvp-sig-ver.json") else {
        return;
    };
    let mut checked = 0;
    for (set, group, test) in groups(&file) {
        let [key, message] = [hex_field(group, "pk"), hex_field(test, "message")];
        let verifies = ml_dsa::verify_internal(set, &key, &message, &hex_field(test, "signature"));
        let expected = test["testPassed"].as_bool().expect("testPassed");
        assert_eq!(verifies, expected, "tcId {}: {}", test["tcId"], test["reason"]);
        checked += 1;
    }
    assert_eq!(checked, 45, "the vector file has changed");
}

#[test]
fn slh_dsa_key_generation() {
    let Some(file) = vectors::load("slh-dsa/acvp-key-gen.json") else {
        return;
    };
    let mut checked = 0;
    // Of the small sets, whose keys take long to make, two each.
    let small = |set: &str| set.ends_with('s');
    let is_checked = |set: &str, number: u64| !small(set) || number % 10 < 2;
    for (set, _, test) in groups(&file) {
        if !is_checked(set, test["tcId"].as_u64().expect("tcId")) {
            continue;
        }
        let key = PrivateKey::from_bytes(algorithm(set), &hex_field(test, "sk")).expect("sk");
        assert_eq!(key.public_key(), hex_field(test, "pk"), "tcId {}", test["tcId"]);
        let seeds = ["skSeed", "skPrf", "pkSeed"]
            .map(|name| hex_field(test, name))
            .concat();
        assert!(key.to_bytes().starts_with(&seeds), "tcId {}", test["tcId"]);
        checked += 1;
    }
    assert_eq!(checked, 24, "the vector file has changed");
}

#[test]
fn slh_dsa_verification() {
    let Some(file) = vectors::load("slh-dsa/acvp-sig-ver.json") else {
        return;
    };
    let (mut checked, mut accepted) = (0, 0);
    for (set, _, test) in groups(&file) {
        let [key, message] = ["pk", "message"].map(|name| hex_field(test, name));
        let verifies = slh_dsa::verify_internal(set, &key, &message, &hex_field(test, "signature"));
        let expected = test["testPassed"].as_bool().expect("testPassed");
        assert_eq!(verifies, expected, "tcId {}: {}", test["tcId"], test["reason"]);
        checked += 1;
        accepted += usize::from(verifies);
    }
    assert_eq!(checked, 45, "the vector file has changed");
    assert!(accepted > 0);
}
