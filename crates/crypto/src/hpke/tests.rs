//! What holds for HPKE over every KEM, beside the published vectors and an independent implementation.
//!
//! Every suite is tried; what depends on the KEM alone is tried once per KEM.

mod peer;
mod published;

use super::{Error, Kdf, Suite, open, receiver, seal, sender};
use crate::{Algorithm, aead, kem};

fn named(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

/// Every suite that can be put together.
fn suites() -> Vec<Suite> {
    let mut suites = Vec::new();
    for kem in kem::algorithms() {
        for kdf in [Kdf::Sha256, Kdf::Sha384, Kdf::Sha512] {
            suites.extend(aead::algorithms().map(|aead| Suite { kem, kdf, aead }));
        }
    }
    suites
}

#[test]
fn opens_what_it_sealed_in_every_suite() {
    assert_eq!(suites().len(), 9 * 3 * 2);
    for suite in suites() {
        let key = kem::PrivateKey::generate(suite.kem).expect("key");
        let sealed = seal(suite, key.public_key(), b"info", b"aad", b"message").expect("seal");
        let overhead = suite.kem.sizes.ciphertext.expect("fixed") + aead::TAG_LEN;
        assert_eq!(sealed.len(), overhead + 7);
        let opened = open(suite, &key, b"info", b"aad", &sealed).expect("open");
        assert_eq!(opened.as_slice(), b"message");
    }
}

#[test]
fn nothing_opens_under_another_key_info_or_aad_or_with_a_changed_byte() {
    for kem in kem::algorithms() {
        let suite = Suite::default_for(kem).expect("suite");
        let [key, other] = [(), ()].map(|()| kem::PrivateKey::generate(kem).expect("key"));
        let sealed = seal(suite, key.public_key(), b"info", b"aad", b"message").expect("seal");
        assert!(open(suite, &other, b"info", b"aad", &sealed).is_err(), "{kem}");
        assert!(open(suite, &key, b"other", b"aad", &sealed).is_err(), "{kem}");
        assert!(open(suite, &key, b"info", b"other", &sealed).is_err(), "{kem}");
        for at in [0, 20, sealed.len() - 20, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            // The top bit of an X25519 share is ignored (RFC 7748 §5), but it is bound into the secret.
            assert!(
                open(suite, &key, b"info", b"aad", &changed).is_err(),
                "{kem} {at}"
            );
        }
        for len in [0, 31, sealed.len() - aead::TAG_LEN - 8, sealed.len() - 1] {
            assert!(
                open(suite, &key, b"info", b"aad", &sealed[..len]).is_err(),
                "{kem} {len}"
            );
        }
    }
}

#[test]
fn foreign_bytes_of_every_length_near_the_right_one_do_not_open() {
    for kem in kem::algorithms() {
        let suite = Suite::default_for(kem).expect("suite");
        let key = kem::PrivateKey::generate(kem).expect("key");
        let enc_len = kem.sizes.ciphertext.expect("fixed");
        let mut foreign = vec![0; enc_len + 100];
        crate::random::fill(&mut foreign).expect("generator");
        for len in (0..70).chain(enc_len - 2..=enc_len + 20) {
            assert!(
                open(suite, &key, b"", b"", &foreign[..len]).is_err(),
                "{kem} {len}"
            );
        }
    }
}

#[test]
fn messages_open_in_order_and_a_failure_moves_nothing() {
    let suite = Suite::default_for(named("X-Wing")).expect("suite");
    let key = kem::PrivateKey::generate(suite.kem).expect("key");
    let (enc, mut ours) = sender(suite, key.public_key(), b"").expect("sender");
    let mut theirs = receiver(suite, &key, &enc, b"").expect("receiver");
    let [first, second] = [b"one", b"two"].map(|message| ours.seal(b"", message).expect("seal"));
    assert!(theirs.open(b"", &second).is_err());
    assert_eq!(theirs.open(b"", &first).expect("first").as_slice(), b"one");
    assert!(theirs.open(b"", &first).is_err());
    assert_eq!(theirs.open(b"", &second).expect("second").as_slice(), b"two");
}

#[test]
fn both_sides_export_the_same_and_no_more_than_255_hashes() {
    for suite in suites().into_iter().filter(|suite| suite.kem.name == "P-384") {
        let key = kem::PrivateKey::generate(suite.kem).expect("key");
        let (enc, ours) = sender(suite, key.public_key(), b"").expect("sender");
        let theirs = receiver(suite, &key, &enc, b"").expect("receiver");
        for len in [0, 1, 32, 255 * suite.kdf.len()] {
            let exported = ours.export(b"context", len).expect("export");
            assert_eq!(exported.len(), len);
            assert_eq!(exported, theirs.export(b"context", len).expect("export"));
        }
        assert_ne!(
            ours.export(b"context", 32).expect("export"),
            ours.export(b"another", 32).expect("export")
        );
        for len in [255 * suite.kdf.len() + 1, usize::from(u16::MAX) + 1, usize::MAX] {
            assert!(
                matches!(ours.export(b"context", len), Err(Error::Kdf(_))),
                "{len}"
            );
        }
    }
}

#[test]
fn the_message_limit_is_an_error_and_no_nonce_comes_back() {
    let suite = Suite::default_for(named("X25519")).expect("suite");
    let key = kem::PrivateKey::generate(suite.kem).expect("key");
    let (enc, mut ours) = sender(suite, key.public_key(), b"").expect("sender");
    let mut theirs = receiver(suite, &key, &enc, b"").expect("receiver");
    ours.0.sequence = u64::MAX - 1;
    theirs.0.sequence = u64::MAX - 1;
    let last = ours.seal(b"", b"last").expect("one is left");
    assert!(theirs.open(b"", &last).is_ok());
    assert_eq!(ours.seal(b"", b"more").unwrap_err(), Error::MessageLimit);
    assert_eq!(theirs.open(b"", &last).unwrap_err(), Error::MessageLimit);
}

#[test]
fn refuses_a_suite_that_does_not_fit() {
    let x_wing = Suite::default_for(named("X-Wing")).expect("suite");
    let other = kem::PrivateKey::generate(named("X25519")).expect("key");
    let refused = receiver(x_wing, &other, &[0; 1120], b"").unwrap_err();
    assert_eq!(
        refused,
        Error::Suite {
            part: named("X25519")
        }
    );

    for part in ["sntrup761", "P-521", "ML-DSA-65"].map(named) {
        assert_eq!(Suite::default_for(part).unwrap_err(), Error::Suite { part });
        let suite = Suite { aead: part, ..x_wing };
        assert_eq!(
            seal(suite, &[0; 1216], b"", b"", b"").unwrap_err(),
            Error::Suite { part }
        );
    }
}

#[test]
fn the_default_suite_is_as_strong_as_its_kem() {
    let cases = [
        ("X25519", Kdf::Sha256),
        ("X-Wing", Kdf::Sha256),
        ("MLKEM768-P256", Kdf::Sha256),
        ("P-384", Kdf::Sha384),
        ("ML-KEM-1024", Kdf::Sha384),
        ("MLKEM1024-P384", Kdf::Sha384),
    ];
    for (kem, kdf) in cases {
        let suite = Suite::default_for(named(kem)).expect("suite");
        assert_eq!((suite.kdf, suite.aead.name), (kdf, "AES-256-GCM"), "{kem}");
    }
}

#[test]
fn debug_of_a_context_shows_no_secret() {
    let suite = Suite::default_for(named("X-Wing")).expect("suite");
    let key = kem::PrivateKey::generate(suite.kem).expect("key");
    let (enc, ours) = sender(suite, key.public_key(), b"").expect("sender");
    let theirs = receiver(suite, &key, &enc, b"").expect("receiver");
    assert_eq!(format!("{ours:?}"), "hpke::Sender(X-Wing, <redacted>)");
    assert_eq!(format!("{theirs:?}"), "hpke::Receiver(X-Wing, <redacted>)");
}
