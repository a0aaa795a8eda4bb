//! Every implemented algorithm against signatures of an independent implementation, and the refusals.
//!
//! `fixtures` is what OpenSSL made; `acvp`, `composite` and `wycheproof` are published vectors.

mod acvp;
mod composite;
mod fixtures;
mod wycheproof;

use super::{Error, PrivateKey, Signed, sign_and_verify, verify};
use crate::Algorithm;

fn algorithm(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

#[test]
fn every_scheme_is_in_the_table_and_sizes_are_those_of_the_table() {
    let names: Vec<_> = super::scheme::all().map(super::Scheme::name).collect();
    assert_eq!(super::algorithms().count(), names.len());
    for name in ["ML-DSA-65", "Ed25519", "ECDSA-P-384", "MLDSA65-Ed25519-SHA512"] {
        let key = PrivateKey::generate(algorithm(name)).expect(name);
        let sizes = algorithm(name).sizes;
        assert_eq!(Some(key.public_key().len()), sizes.public_key, "{name}");
        assert_eq!(Some(key.to_bytes().len()), sizes.private_key, "{name}");
        let signature = key.sign(b"message", b"").expect(name);
        assert!(signature.len() <= sizes.signature.expect(name), "{name}");
    }
}

#[test]
fn a_generated_key_survives_its_stored_form() {
    for name in [
        "ML-DSA-44",
        "SLH-DSA-SHA2-128f",
        "Ed25519",
        "ECDSA-P-521",
        "MLDSA44-ECDSA-P256-SHA256",
    ] {
        let key = PrivateKey::generate(algorithm(name)).expect(name);
        let again = PrivateKey::from_bytes(algorithm(name), &key.to_bytes()).expect(name);
        assert_eq!(again.public_key(), key.public_key(), "{name}");
        let signature = again.sign(b"message", b"").expect(name);
        verify(algorithm(name), key.public_key(), b"message", b"", &signature).expect(name);
    }
}

#[test]
fn hedged_signatures_of_the_same_message_differ() {
    for (name, context) in [
        ("ML-DSA-44", &b""[..]),
        ("ML-DSA-44", b"context"),
        ("SLH-DSA-SHAKE-128f", b""),
    ] {
        let key = PrivateKey::generate(algorithm(name)).expect(name);
        let two = [key.sign(b"message", context), key.sign(b"message", context)];
        assert_ne!(two[0], two[1], "{name}");
    }
}

#[test]
fn a_context_binds_the_signature_and_is_refused_where_there_is_none() {
    for name in ["ML-DSA-87", "SLH-DSA-SHA2-192f", "MLDSA44-Ed25519-SHA512"] {
        let key = PrivateKey::generate(algorithm(name)).expect(name);
        let signature = key.sign(b"message", b"one").expect(name);
        let check =
            |context: &[u8]| verify(algorithm(name), key.public_key(), b"message", context, &signature);
        assert_eq!(check(b"one"), Ok(()), "{name}");
        assert_eq!(check(b"two"), Err(Error::Signature { algorithm: name }));
        assert_eq!(check(b""), Err(Error::Signature { algorithm: name }));
        assert!(matches!(check(&[0; 256]), Err(Error::Context { .. })), "{name}");
        assert!(key.sign(b"message", &[7; 255]).is_ok(), "{name}");
        assert!(
            matches!(key.sign(b"", &[7; 256]), Err(Error::Context { .. })),
            "{name}"
        );
    }
    let key = PrivateKey::generate(algorithm("Ed25519")).expect("generator");
    assert!(matches!(key.sign(b"", b"context"), Err(Error::Context { .. })));
}

#[test]
fn private_keys_of_the_wrong_length_and_out_of_range_are_refused() {
    for name in super::algorithms().map(|algorithm| algorithm.name) {
        for bytes in [&[][..], &[1; 31], &[1; 33], &[0xff; 5000]] {
            let refused = PrivateKey::from_bytes(algorithm(name), bytes).expect_err(name);
            assert!(matches!(refused, Error::PrivateKey { .. }), "{name}: {refused}");
        }
    }
    for (name, scalar) in [("ECDSA-P-256", [0; 32]), ("ECDSA-P-256", [0xff; 32])] {
        assert!(PrivateKey::from_bytes(algorithm(name), &scalar).is_err());
    }
}

#[test]
fn a_public_key_of_another_algorithm_is_refused() {
    let key = PrivateKey::generate(algorithm("ML-DSA-44")).expect("generator");
    for name in super::algorithms().map(|algorithm| algorithm.name) {
        if name != "ML-DSA-44" {
            let refused = super::check_public_key(algorithm(name), key.public_key());
            assert_eq!(refused, Err(Error::PublicKey { algorithm: name }));
        }
    }
}

#[test]
fn an_algorithm_that_cannot_sign_is_refused_by_name() {
    let refused = PrivateKey::generate(algorithm("ML-KEM-768")).expect_err("a KEM");
    assert_eq!(
        refused,
        Error::Unsupported {
            algorithm: "ML-KEM-768"
        }
    );
    assert!(PrivateKey::generate(algorithm("Ed448")).is_err());
}

#[test]
fn debug_never_shows_the_key() {
    let key = PrivateKey::from_bytes(algorithm("Ed25519"), &[0xab; 32]).expect("a seed");
    assert_eq!(format!("{key:?}"), "sign::PrivateKey(Ed25519, <redacted>)");
}

/// The path into the error state itself would stop every other test of this process.
#[test]
fn a_signature_that_does_not_verify_is_withheld() {
    let key = super::scheme::by_name("Ed25519")
        .expect("it is there")
        .generate()
        .expect("generator");
    let signed = Signed {
        message: b"message",
        context: b"",
    };
    let rejected = |_signature: &[u8]| Err(Error::Signature { algorithm: "Ed25519" });
    assert_eq!(sign_and_verify(&*key, rejected, signed), Ok(None));
    let accepted = sign_and_verify(&*key, |signature| key.verify(signed, signature), signed);
    assert!(accepted.expect("it signs").is_some());
}
