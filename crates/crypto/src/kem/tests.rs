//! What holds for every KEM: both ends agree, sizes are the table's, and what is not valid is refused.
//!
//! Published vectors are beside it; those of the hybrids with NIST curves are in the tests of `hpke`.

mod ml_kem;
mod x_wing;

use super::{ALL, Decapsulate, Error, PrivateKey, algorithms, check_public_key, encapsulate, hpke_id};
use crate::{Algorithm, Kind, SharedSecret, Status};

fn named(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

fn key(name: &str) -> PrivateKey {
    PrivateKey::generate(named(name)).expect(name)
}

/// The first byte after the ML-KEM part of a hybrid's public key and of its ciphertext; 0 for a bare curve.
fn curve_offsets(name: &str) -> [usize; 2] {
    match name {
        "X-Wing" | "MLKEM768-P256" => [1184, 1088],
        "MLKEM1024-P384" => [1568, 1568],
        _ => [0, 0],
    }
}

#[test]
fn every_kem_is_in_the_table_under_its_own_name_and_identifier() {
    let listed: Vec<_> = algorithms().collect();
    assert_eq!(listed.len(), ALL.len());
    assert_eq!(listed.len(), 9);
    for (algorithm, kem) in listed.iter().zip(ALL) {
        assert_eq!(algorithm.name, kem.name());
        assert!(matches!(algorithm.kind, Kind::Kem | Kind::KeyAgreement));
        let same = listed
            .iter()
            .filter(|other| hpke_id(other) == hpke_id(algorithm))
            .count();
        assert_eq!(same, 1, "{algorithm}");
    }
}

#[test]
fn statuses_say_what_each_kem_rests_on() {
    let cases = [
        ("ML-KEM-512", Status::PostQuantum),
        ("ML-KEM-1024", Status::PostQuantum),
        ("X25519", Status::QuantumVulnerable),
        ("P-384", Status::QuantumVulnerable),
        ("X-Wing", Status::Hybrid),
        ("MLKEM768-X25519", Status::Hybrid),
        ("MLKEM768-P256", Status::Hybrid),
        ("MLKEM1024-P384", Status::Hybrid),
    ];
    for (name, status) in cases {
        assert_eq!(named(name).status, status, "{name}");
    }
    assert_eq!(
        Algorithm::by_oid("1.3.6.1.4.1.62253.25722"),
        Some(named("X-Wing"))
    );
}

#[test]
fn both_ends_agree_and_the_table_knows_the_sizes() {
    for algorithm in algorithms() {
        let key = PrivateKey::generate(algorithm).expect("key");
        let (ciphertext, sent) = encapsulate(algorithm, key.public_key()).expect("own key");
        let received = key.decapsulate(&ciphertext).expect("own ciphertext");
        assert_eq!(sent.as_bytes(), received.as_bytes(), "{algorithm}");
        assert!(check_public_key(algorithm, key.public_key()).is_ok());

        let sizes = algorithm.sizes;
        assert_eq!(sizes.public_key, Some(key.public_key().len()), "{algorithm}");
        assert_eq!(sizes.private_key, Some(key.to_bytes().len()), "{algorithm}");
        assert_eq!(sizes.ciphertext, Some(ciphertext.len()), "{algorithm}");
        assert_eq!(sizes.shared_secret, Some(sent.as_bytes().len()), "{algorithm}");
    }
}

#[test]
fn a_stored_key_is_the_same_key_when_it_is_read_back() {
    for algorithm in algorithms() {
        let made = PrivateKey::generate(algorithm).expect("key");
        let read = PrivateKey::from_bytes(algorithm, &made.to_bytes()).expect("stored form");
        assert_eq!(read.public_key(), made.public_key());
        assert_eq!(read.to_bytes(), made.to_bytes());
        assert_eq!(read.algorithm(), algorithm);
        let (ciphertext, sent) = encapsulate(algorithm, made.public_key()).expect("own key");
        assert_eq!(
            read.decapsulate(&ciphertext).expect("ciphertext").as_bytes(),
            sent.as_bytes()
        );
    }
}

#[test]
fn another_key_finds_another_secret() {
    for algorithm in algorithms() {
        let [ours, theirs] = [(), ()].map(|()| PrivateKey::generate(algorithm).expect("key"));
        assert_ne!(ours.public_key(), theirs.public_key());
        let (ciphertext, sent) = encapsulate(algorithm, ours.public_key()).expect("own key");
        let found = theirs.decapsulate(&ciphertext).expect("the length is right");
        assert_ne!(found.as_bytes(), sent.as_bytes(), "{algorithm}");
    }
}

/// The public half of one key and the private half of another.
struct Mismatched([PrivateKey; 2]);

impl Decapsulate for Mismatched {
    fn public_key(&self) -> &[u8] {
        self.0[0].public_key()
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Option<SharedSecret> {
        self.0[1].decapsulate(ciphertext).ok()
    }
}

#[test]
fn the_pairwise_test_notices_halves_that_do_not_belong_together() {
    for algorithm in algorithms() {
        let [ours, theirs] = [(), ()].map(|()| PrivateKey::generate(algorithm).expect("key"));
        assert!(ours.is_consistent(), "{algorithm}");
        let broken = PrivateKey {
            algorithm,
            bytes: ours.to_bytes(),
            prepared: Box::new(Mismatched([ours, theirs])),
        };
        assert!(!broken.is_consistent(), "{algorithm}");
    }
}

#[test]
fn refuses_keys_and_ciphertexts_of_any_other_length() {
    for algorithm in algorithms() {
        let key = PrivateKey::generate(algorithm).expect("key");
        let (ciphertext, _) = encapsulate(algorithm, key.public_key()).expect("own key");
        let others = |bytes: &[u8]| {
            [
                vec![],
                bytes[1..].to_vec(),
                [bytes, &[0]].concat(),
                [bytes, bytes].concat(),
            ]
        };
        for bytes in others(&key.to_bytes()) {
            let refused = PrivateKey::from_bytes(algorithm, &bytes).unwrap_err();
            assert_eq!(refused, Error::PrivateKey { algorithm });
        }
        for bytes in others(key.public_key()) {
            let refused = check_public_key(algorithm, &bytes).unwrap_err();
            assert_eq!(refused, Error::PublicKey { algorithm });
        }
        for bytes in others(&ciphertext) {
            let refused = key.decapsulate(&bytes).unwrap_err();
            assert_eq!(refused, Error::Ciphertext { algorithm });
        }
    }
}

#[test]
fn names_what_it_does_not_implement() {
    for name in ["sntrup761", "X448", "P-521", "X25519MLKEM768", "ML-DSA-65"] {
        let algorithm = named(name);
        let refused = Error::Unsupported { algorithm };
        assert_eq!(PrivateKey::generate(algorithm).unwrap_err(), refused);
        assert_eq!(PrivateKey::from_bytes(algorithm, &[1; 32]).unwrap_err(), refused);
        assert_eq!(encapsulate(algorithm, &[1; 32]).unwrap_err(), refused);
        assert!(refused.to_string().contains(name), "{refused}");
    }
}

/// FIPS 203 §7.2: a coefficient of q or more must be refused. Twelve one-bits are 4095, and q is 3329.
#[test]
fn refuses_encapsulation_keys_with_a_coefficient_out_of_range() {
    for algorithm in algorithms().filter(|algorithm| algorithm.status != Status::QuantumVulnerable) {
        let mut public = key(algorithm.name).public_key().to_vec();
        public[0] = 0xff;
        public[1] |= 0x0f;
        assert_eq!(
            check_public_key(algorithm, &public),
            Err(Error::PublicKey { algorithm })
        );
    }
}

/// FIPS 203 §6.3. The rejection secret depends on the key and the ciphertext alone.
#[test]
fn a_changed_lattice_ciphertext_is_rejected_implicitly() {
    for algorithm in algorithms().filter(|algorithm| algorithm.status != Status::QuantumVulnerable) {
        let key = key(algorithm.name);
        let (mut ciphertext, sent) = encapsulate(algorithm, key.public_key()).expect("own key");
        ciphertext[7] ^= 1;
        let [once, again] = [(), ()].map(|()| key.decapsulate(&ciphertext).expect("the length is right"));
        assert_ne!(once.as_bytes(), sent.as_bytes(), "{algorithm}");
        assert_eq!(once.as_bytes(), again.as_bytes(), "{algorithm}");
    }
}

/// RFC 9180 §7.1.4 and RFC 7748 §6.1: an all-zero Diffie-Hellman result must not be used.
#[test]
fn refuses_low_order_shares_in_keys_and_in_ciphertexts() {
    for algorithm in ["X25519", "X-Wing"].map(named) {
        let key = key(algorithm.name);
        let (ciphertext, _) = encapsulate(algorithm, key.public_key()).expect("own key");
        let [in_key, in_ciphertext] = curve_offsets(algorithm.name);
        for first in [0, 1] {
            let mut public = key.public_key().to_vec();
            let mut ciphertext = ciphertext.clone();
            for share in [&mut public[in_key..], &mut ciphertext[in_ciphertext..]] {
                share.fill(0);
                share[0] = first;
            }
            assert_eq!(
                check_public_key(algorithm, &public),
                Err(Error::PublicKey { algorithm })
            );
            let refused = key.decapsulate(&ciphertext).unwrap_err();
            assert_eq!(refused, Error::Ciphertext { algorithm });
        }
    }
}

#[test]
fn refuses_points_off_the_curve_and_every_encoding_but_the_uncompressed_one() {
    for algorithm in ["P-256", "P-384", "MLKEM768-P256", "MLKEM1024-P384"].map(named) {
        let key = key(algorithm.name);
        let (ciphertext, _) = encapsulate(algorithm, key.public_key()).expect("own key");
        let [in_key, in_ciphertext] = curve_offsets(algorithm.name);
        let changes: [fn(&mut Vec<u8>, usize); 4] = [
            |bytes, _| *bytes.last_mut().expect("not empty") ^= 1,
            |bytes, at| bytes[at] = 6 | (bytes[bytes.len() - 1] & 1),
            |bytes, at| bytes[at..].fill(0),
            |bytes, at| {
                bytes[at] = 2 | (bytes[bytes.len() - 1] & 1);
                bytes.truncate(at + 1 + (bytes.len() - at) / 2);
            },
        ];
        for change in changes {
            let mut public = key.public_key().to_vec();
            change(&mut public, in_key);
            assert_eq!(
                check_public_key(algorithm, &public),
                Err(Error::PublicKey { algorithm })
            );
            let mut ciphertext = ciphertext.clone();
            change(&mut ciphertext, in_ciphertext);
            let refused = key.decapsulate(&ciphertext).unwrap_err();
            assert_eq!(refused, Error::Ciphertext { algorithm });
        }
    }
}

/// The orders of SP 800-186 §3.2.1: a scalar lies between 1 and the order less 1.
#[test]
fn refuses_scalars_that_are_zero_or_not_below_the_order() {
    let orders = [
        (
            "P-256",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        ),
        (
            "P-384",
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
    ];
    for (name, order) in orders {
        let algorithm = named(name);
        let order = crate::vectors::hex(order);
        let last = order.len() - 1;
        let with_last = |byte: u8| [&order[..last], &[byte]].concat();
        for scalar in [
            vec![0; order.len()],
            order.clone(),
            with_last(order[last] + 1),
            vec![0xff; order.len()],
        ] {
            let refused = PrivateKey::from_bytes(algorithm, &scalar).unwrap_err();
            assert_eq!(refused, Error::PrivateKey { algorithm });
        }
        assert!(PrivateKey::from_bytes(algorithm, &with_last(order[last] - 1)).is_ok());
    }
}

#[test]
fn debug_shows_the_algorithm_and_no_secret() {
    for algorithm in algorithms() {
        let text = format!("{:?}", key(algorithm.name));
        assert_eq!(text, format!("kem::PrivateKey({algorithm}, <redacted>)"));
    }
}
