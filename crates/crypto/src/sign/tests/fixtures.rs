//! Keys and signatures that OpenSSL made (`fixtures/README.md`), one for every implemented algorithm.
//!
//! An algorithm without a fixture fails the first test, so none can be added unchecked.

use std::path::Path;

use super::super::{Error, PrivateKey, algorithms, has_contexts, verify};
use crate::{Algorithm, encoding};

const MESSAGE: &[u8] = b"Hybridge signature fixture";

fn read(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    std::fs::read(folder.join(path)).expect(path)
}

/// RSA keys are shared by the algorithms of their size.
fn key_name(algorithm: &Algorithm) -> &str {
    match algorithm.name.split_once('-') {
        Some((size, _)) if size.starts_with("RSA") => size,
        _ => algorithm.name,
    }
}

/// Composites always sign with a context here, SLH-DSA too; ML-DSA without.
fn context(algorithm: &'static Algorithm) -> &'static [u8] {
    match has_contexts(algorithm) && !algorithm.name.starts_with("ML-DSA") {
        true => b"fixture",
        false => b"",
    }
}

fn public_key(algorithm: &'static Algorithm) -> Vec<u8> {
    let bytes = read(&format!("keys/{}.pub", key_name(algorithm)));
    encoding::public_from_as(algorithm, &bytes).expect(algorithm.name)
}

fn private_key(algorithm: &'static Algorithm) -> PrivateKey {
    let bytes = read(&format!("keys/{}.pem", key_name(algorithm)));
    match encoding::private_from_as(algorithm, &bytes).expect(algorithm.name) {
        encoding::PrivateKey::Sign(key) => key,
        encoding::PrivateKey::Kem(_) => unreachable!("{algorithm} signs"),
    }
}

#[test]
fn every_implemented_algorithm_verifies_a_foreign_signature_and_refuses_changes() {
    for algorithm in algorithms() {
        let (key, context) = (public_key(algorithm), context(algorithm));
        let signature = read(&format!("signatures/{algorithm}"));
        let check = |message: &[u8], signature: &[u8]| verify(algorithm, &key, message, context, signature);
        let rejected = Err(Error::Signature {
            algorithm: algorithm.name,
        });
        assert_eq!(check(MESSAGE, &signature), Ok(()), "{algorithm}");
        assert_eq!(check(b"another message", &signature), rejected);
        for position in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[position] ^= 1;
            assert_eq!(check(MESSAGE, &changed), rejected, "{algorithm} at {position}");
        }
        assert_eq!(check(MESSAGE, &signature[1..]), rejected, "{algorithm}");
        assert_eq!(
            check(MESSAGE, &[&signature[..], &[0]].concat()),
            rejected,
            "{algorithm}"
        );
        assert_eq!(check(MESSAGE, &[]), rejected, "{algorithm}");
    }
}

/// The small SLH-DSA sets take a second each to sign; one of them stands for all.
#[test]
fn every_foreign_private_key_gives_its_public_key_and_signs() {
    for algorithm in algorithms() {
        let small = algorithm.name.starts_with("SLH-DSA") && algorithm.name.ends_with('s');
        if small && algorithm.name != "SLH-DSA-SHA2-128s" {
            continue;
        }
        let key = private_key(algorithm);
        assert_eq!(key.public_key(), public_key(algorithm), "{algorithm}");
        let signature = key.sign(MESSAGE, context(algorithm)).expect(algorithm.name);
        let checked = verify(
            algorithm,
            key.public_key(),
            MESSAGE,
            context(algorithm),
            &signature,
        );
        assert_eq!(checked, Ok(()), "{algorithm}");
    }
}

/// Half a composite signature, and halves of two composite signatures, are worth nothing.
#[test]
fn both_halves_of_a_composite_must_verify() {
    for (name, first) in [
        ("MLDSA65-Ed25519-SHA512", 3309),
        ("MLDSA87-ECDSA-P384-SHA512", 4627),
    ] {
        let algorithm = Algorithm::by_name(name).expect(name);
        let key = private_key(algorithm);
        let sign = |message: &[u8]| key.sign(message, b"").expect(name);
        let (ours, other) = (sign(MESSAGE), sign(b"other"));
        for mixed in [
            [&ours[..first], &other[first..]].concat(),
            [&other[..first], &ours[first..]].concat(),
        ] {
            let checked = verify(algorithm, key.public_key(), MESSAGE, b"", &mixed);
            assert_eq!(checked, Err(Error::Signature { algorithm: name }));
        }
    }
}

/// The label binds the name: the ML-DSA half of a composite is no ML-DSA signature over the message.
#[test]
fn the_halves_of_a_composite_do_not_verify_alone() {
    let composite = Algorithm::by_name("MLDSA65-Ed25519-SHA512").expect("it is there");
    let signature = read("signatures/MLDSA65-Ed25519-SHA512");
    let key = public_key(composite);
    for (name, key, signature) in [
        ("ML-DSA-65", &key[..1952], &signature[..3309]),
        ("Ed25519", &key[1952..], &signature[3309..]),
    ] {
        let alone = Algorithm::by_name(name).expect(name);
        assert!(verify(alone, key, MESSAGE, b"", signature).is_err(), "{name}");
    }
}
