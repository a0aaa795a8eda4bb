//! NIST ACVP vectors for FIPS 203, and the checks the standard asks for.
//!
//! Encapsulation is randomised in the provider, so it is checked by decapsulating with the vector's key.

use super::{DecapsulationKey, KemError, ParameterSet, encapsulate};
use crate::vectors::{self, hex_field};

const SETS: [ParameterSet; 3] = [
    ParameterSet::MlKem512,
    ParameterSet::MlKem768,
    ParameterSet::MlKem1024,
];

fn set_of(group: &serde_json::Value) -> ParameterSet {
    let name = group["parameterSet"].as_str().expect("parameterSet");
    *SETS.iter().find(|set| set.name() == name).expect(name)
}

#[test]
fn decapsulates_every_acvp_vector() {
    let Some(file) = vectors::load("ml-kem/acvp-encap-decap.json") else {
        return;
    };
    let mut checked = 0;
    for group in file["testGroups"].as_array().expect("testGroups") {
        for test in group["tests"].as_array().expect("tests") {
            let key_holder = if test["dk"].is_string() { test } else { group };
            let key =
                DecapsulationKey::from_expanded(set_of(group), &hex_field(key_holder, "dk")).expect("dk");
            let secret = key.decapsulate(&hex_field(test, "c")).expect("c");
            assert_eq!(secret.as_bytes(), hex_field(test, "k"), "tcId {}", test["tcId"]);
            checked += 1;
        }
    }
    assert_eq!(checked, 105, "the vector file has changed");
}

#[test]
fn encapsulates_to_every_acvp_key_pair() {
    let Some(file) = vectors::load("ml-kem/acvp-key-gen.json") else {
        return;
    };
    let mut checked = 0;
    for group in file["testGroups"].as_array().expect("testGroups") {
        for test in group["tests"].as_array().expect("tests") {
            let set = set_of(group);
            let (ciphertext, sent) = encapsulate(set, &hex_field(test, "ek")).expect("ek");
            let key = DecapsulationKey::from_expanded(set, &hex_field(test, "dk")).expect("dk");
            assert_eq!(
                key.decapsulate(&ciphertext).expect("ct").as_bytes(),
                sent.as_bytes()
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 75, "the vector file has changed");
}

/// FIPS 203 §7.2: a coefficient of q or more must be refused. Twelve one-bits are 4095, and q is 3329.
#[test]
fn refuses_an_encapsulation_key_with_a_coefficient_out_of_range() {
    for set in SETS {
        let (_, mut public) = DecapsulationKey::generate(set).expect("generator");
        assert!(encapsulate(set, &public).is_ok());
        public[0] = 0xff;
        public[1] |= 0x0f;
        assert_eq!(
            encapsulate(set, &public).unwrap_err(),
            KemError::Key { set: set.name() }
        );
    }
}

#[test]
fn refuses_keys_and_ciphertexts_of_the_wrong_length() {
    for set in SETS {
        let (key, public) = DecapsulationKey::generate(set).expect("generator");
        assert_eq!(public.len(), set.encapsulation_key_len());
        let (ciphertext, _) = encapsulate(set, &public).expect("own key");
        assert_eq!(ciphertext.len(), set.ciphertext_len());
        assert!(key.decapsulate(&ciphertext[1..]).is_err());
        assert!(encapsulate(set, &public[1..]).is_err());
        assert!(DecapsulationKey::from_expanded(set, &public).is_err());
    }
}

#[test]
fn a_changed_ciphertext_is_rejected_implicitly() {
    let (key, public) = DecapsulationKey::generate(ParameterSet::MlKem768).expect("generator");
    let (mut ciphertext, sent) = encapsulate(ParameterSet::MlKem768, &public).expect("own key");
    ciphertext[7] ^= 1;
    let received = key.decapsulate(&ciphertext).expect("the length is right");
    assert_ne!(received.as_bytes(), sent.as_bytes());
    assert_eq!(received.as_bytes().len(), 32);
}
