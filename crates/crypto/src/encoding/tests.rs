//! Keys of OpenSSL, all forms of a key, and what is refused and with which remedy.
//!
//! The keys are in `fixtures`; the composite vectors of the draft are checked beside the signatures.

use std::path::Path;

use super::{
    Error, PrivateKey, private_from, private_from_as, private_from_pkcs8, private_to_pem, private_to_pkcs8,
    public_from, public_from_as, public_from_spki, public_to_pem, public_to_spki,
};
use crate::{Algorithm, kem, sign};

fn algorithm(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

fn read(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keys");
    std::fs::read(folder.join(file)).expect(file)
}

/// The file of a foreign key for each algorithm that has an encoding.
fn file_of(algorithm: &'static Algorithm) -> String {
    match (algorithm.name, algorithm.name.split_once('-')) {
        ("P-256" | "P-384" | "P-521", _) => format!("ECDSA-{algorithm}"),
        (_, Some((size, _))) if size.starts_with("RSA") => size.to_owned(),
        (name, _) => name.to_owned(),
    }
}

fn encoded_by_openssl() -> impl Iterator<Item = &'static Algorithm> {
    let others = ["X-Wing", "MLKEM768-P256", "MLKEM1024-P384"];
    let all = kem::algorithms().chain(sign::algorithms());
    all.filter(move |algorithm| !others.contains(&algorithm.name))
}

#[test]
fn reads_every_key_of_openssl_and_writes_it_back() {
    for algorithm in encoded_by_openssl() {
        let file = file_of(algorithm);
        let key = private_from_as(algorithm, &read(&format!("{file}.pem"))).expect(algorithm.name);
        let public_pem = read(&format!("{file}.pub"));
        assert_eq!(
            public_from_as(algorithm, &public_pem).expect(&file),
            key.public_key()
        );
        let written = public_to_pem(algorithm, key.public_key()).expect(&file);
        assert_eq!(written.as_bytes(), public_pem, "{algorithm}");

        let pem = private_to_pem(&key).expect(&file);
        let again = private_from_as(algorithm, pem.as_bytes()).expect(&file);
        assert_eq!(again.to_bytes(), key.to_bytes(), "{algorithm}");
        assert_eq!(again.algorithm(), algorithm);
    }
}

#[test]
fn writes_byte_for_byte_what_openssl_writes_where_there_is_one_form() {
    let seeds = [
        "ML-KEM-512",
        "ML-KEM-768",
        "ML-KEM-1024",
        "ML-DSA-44",
        "ML-DSA-65",
        "ML-DSA-87",
    ];
    let same = [
        "X25519",
        "Ed25519",
        "SLH-DSA-SHA2-128s",
        "SLH-DSA-SHAKE-256f",
        "ECDSA-P-256",
        "ECDSA-P-521",
    ];
    let seeds = seeds.map(|name| (name, format!("{name}.seed.pem")));
    let same = same.map(|name| (name, format!("{name}.pem")));
    for (name, file) in seeds.into_iter().chain(same) {
        let pem = read(&file);
        let key = private_from(&pem).expect(name);
        assert_eq!(key.algorithm().name, name);
        assert_eq!(private_to_pem(&key).expect(name).as_bytes(), pem, "{name}");
    }
}

#[test]
fn reads_seed_expanded_and_both_and_says_where_the_seed_is_lost() {
    for name in ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] {
        let [both, seed, expanded] = ["pem", "seed.pem", "expanded.pem"]
            .map(|form| private_from(&read(&format!("{name}.{form}"))).expect(name));
        assert_eq!(both.to_bytes(), seed.to_bytes(), "{name}");
        assert_eq!(both.public_key(), expanded.public_key(), "{name}");
        let written = private_to_pem(&expanded).expect(name);
        assert_eq!(
            written.as_bytes(),
            read(&format!("{name}.expanded.pem")),
            "{name}"
        );
    }
    for name in ["ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"] {
        let both = private_from(&read(&format!("{name}.pem"))).expect(name);
        let seed = private_from(&read(&format!("{name}.seed.pem"))).expect(name);
        assert_eq!(both.to_bytes(), seed.to_bytes(), "{name}");
        let refused = private_from(&read(&format!("{name}.expanded.pem"))).expect_err(name);
        assert_eq!(refused, Error::SeedMissing { algorithm: name });
    }
}

#[test]
fn refuses_a_seed_that_does_not_belong_to_the_expanded_key() {
    for name in ["ML-DSA-65", "ML-KEM-768"] {
        let der = der_of(&format!("{name}.pem"));
        let seed = private_from(&read(&format!("{name}.seed.pem")))
            .expect(name)
            .to_bytes();
        let position = der
            .windows(seed.len())
            .position(|part| part == &seed[..])
            .expect("the seed is inside");
        for changed in [position, der.len() - 1, der.len() - 40] {
            let mut der = der.clone();
            der[changed] ^= 1;
            let refused = private_from_pkcs8(&der).expect_err(name);
            assert!(matches!(refused, Error::Mismatch { .. }), "{name}: {refused}");
        }
    }
}

fn der_of(file: &str) -> Vec<u8> {
    let pem = read(file);
    der::pem::decode_vec(&pem).expect(file).1
}

#[test]
fn a_key_that_can_be_several_things_is_what_the_caller_asks_for() {
    let ec = read("ECDSA-P-384.pem");
    assert_eq!(private_from(&ec).expect("EC").algorithm().name, "ECDSA-P-384");
    let agreed = private_from_as(algorithm("P-384"), &ec).expect("EC");
    assert!(matches!(agreed, PrivateKey::Kem(_)));
    let rsa = read("RSA3072.pem");
    assert_eq!(
        private_from(&rsa).expect("RSA").algorithm().name,
        "RSA3072-PSS-SHA256"
    );
    let legacy = private_from_as(algorithm("RSA3072-PKCS15-SHA512"), &rsa).expect("RSA");
    assert_eq!(legacy.algorithm().name, "RSA3072-PKCS15-SHA512");
    let public = public_from(&read("RSA3072.pub")).expect("RSA");
    assert_eq!(
        (public.0.name, &public.1[..]),
        ("RSA3072-PSS-SHA256", legacy.public_key())
    );
}

#[test]
fn refuses_a_key_for_another_algorithm_by_name() {
    for (wanted, file, found) in [
        ("ML-DSA-65", "ML-DSA-44.pem", "ML-DSA-44"),
        ("RSA4096-PSS-SHA256", "RSA2048.pem", "RSA2048-PSS-SHA256"),
        ("P-256", "ECDSA-P-384.pem", "ECDSA-P-384"),
        ("Ed25519", "X25519.pem", "X25519"),
    ] {
        let refused = private_from_as(algorithm(wanted), &read(file)).expect_err(file);
        assert_eq!(refused, Error::OtherAlgorithm { wanted, found });
    }
}

#[test]
fn a_key_restricted_to_pss_stays_so() {
    let [free, sha384, salt20] =
        ["", "-SHA384", "-SHA384-salt20"].map(|kind| read(&format!("RSASSA-PSS{kind}.pem")));
    assert_eq!(
        private_from(&free).expect("PSS").algorithm().name,
        "RSA2048-PSS-SHA256"
    );
    assert!(private_from_as(algorithm("RSA2048-PSS-SHA512"), &free).is_ok());
    assert!(private_from_as(algorithm("RSA2048-PKCS15-SHA256"), &free).is_err());
    assert_eq!(
        private_from(&sha384).expect("PSS").algorithm().name,
        "RSA2048-PSS-SHA384"
    );
    assert!(private_from_as(algorithm("RSA2048-PSS-SHA256"), &sha384).is_err());
    let public = public_from(&read("RSASSA-PSS-SHA384.pub")).expect("PSS");
    assert_eq!(public.0.name, "RSA2048-PSS-SHA384");
    let refused = private_from(&salt20).expect_err("another salt").to_string();
    assert!(refused.contains("a salt as long as it"), "{refused}");
}

#[test]
fn refuses_a_compressed_point_with_the_remedy() {
    let mut spki =
        public_to_spki(algorithm("ECDSA-P-256"), generate("ECDSA-P-256").public_key()).expect("a key");
    spki.truncate(spki.len() - 32);
    (spki[1], spki[24], spki[26]) = (spki[1] - 32, spki[24] - 32, 2);
    let refused = public_from(&spki).expect_err("compressed").to_string();
    assert!(refused.contains("-conv_form uncompressed"), "{refused}");
}

#[test]
fn refuses_other_pem_blocks_with_the_remedy() {
    for (label, remedy) in [
        ("ENCRYPTED PRIVATE KEY", "decrypt it first: openssl pkcs8"),
        ("RSA PRIVATE KEY", "openssl pkcs8 -topk8"),
        ("EC PRIVATE KEY", "openssl pkcs8 -topk8"),
        ("OPENSSH PRIVATE KEY", "ssh-keygen"),
        ("CERTIFICATE", "openssl x509 -pubkey"),
        ("PUBLIC KEY", "give the private key"),
        ("SOMETHING ELSE", "give PKCS#8"),
    ] {
        let pem = format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        let refused = private_from(pem.as_bytes()).expect_err(label).to_string();
        assert!(refused.contains(remedy), "{label}: {refused}");
    }
    let refused = public_from(&read("ML-DSA-44.pem"))
        .expect_err("a private key")
        .to_string();
    assert!(refused.contains("openssl pkey -pubout"), "{refused}");
}

#[test]
fn refuses_what_is_cut_short_or_longer_and_never_panics() {
    for file in [
        "ML-DSA-44.pem",
        "ML-KEM-512.pem",
        "ECDSA-P-256.pem",
        "RSA2048.pem",
        "Ed25519.pem",
    ] {
        let der = der_of(file);
        assert!(private_from_pkcs8(&der).is_ok(), "{file}");
        for end in (0..der.len()).step_by(7) {
            assert!(private_from_pkcs8(&der[..end]).is_err(), "{file} cut at {end}");
        }
        let longer = [&der[..], &[0]].concat();
        assert!(private_from_pkcs8(&longer).is_err(), "{file}");
    }
    for file in ["ML-DSA-44.pub", "RSA2048.pub", "X25519.pub", "ECDSA-P-521.pub"] {
        let der = der_of(file);
        assert!(public_from_spki(&der).is_ok(), "{file}");
        for end in (0..der.len()).step_by(7) {
            assert!(public_from_spki(&der[..end]).is_err(), "{file} cut at {end}");
        }
    }
}

#[test]
fn names_an_algorithm_that_is_known_and_not_implemented() {
    // SubjectPublicKeyInfo of an Ed448 key.
    let spki = [
        &[
            0x30, 0x43, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x03, 0x3a, 0,
        ][..],
        &[1; 57],
    ]
    .concat();
    let refused = public_from(&spki).expect_err("Ed448").to_string();
    assert_eq!(
        refused,
        "the key is for Ed448 (1.3.101.113), which this build does not implement"
    );
}

#[test]
fn refuses_a_public_key_that_belongs_to_another_private_key() {
    let mut der = der_of("ECDSA-P-256.pem");
    let other = private_from(&read("ECDSA-P-256.pem"))
        .expect("EC")
        .public_key()
        .to_vec();
    let position = der
        .windows(other.len())
        .position(|part| part == other)
        .expect("the point is inside");
    let point = private_from_pkcs8(&private_to_pkcs8(&generate("ECDSA-P-256")).expect("EC")).expect("EC");
    der[position..position + other.len()].copy_from_slice(point.public_key());
    assert!(matches!(private_from_pkcs8(&der), Err(Error::Mismatch { .. })));
}

fn generate(name: &str) -> PrivateKey {
    PrivateKey::Sign(sign::PrivateKey::generate(algorithm(name)).expect(name))
}

#[test]
fn x_wing_has_an_encoding_and_the_nist_hybrids_say_that_they_have_none() {
    let key = PrivateKey::Kem(kem::PrivateKey::generate(algorithm("X-Wing")).expect("X-Wing"));
    let again = private_from(&private_to_pkcs8(&key).expect("X-Wing")).expect("X-Wing");
    assert_eq!(again.to_bytes(), key.to_bytes());
    let spki = public_to_spki(algorithm("X-Wing"), key.public_key()).expect("X-Wing");
    assert_eq!(
        public_from(&spki).expect("X-Wing"),
        (algorithm("X-Wing"), key.public_key().to_vec())
    );

    let key = PrivateKey::Kem(kem::PrivateKey::generate(algorithm("MLKEM768-P256")).expect("a hybrid"));
    let refused = private_to_pkcs8(&key).expect_err("no identifier");
    assert_eq!(
        refused,
        Error::NoEncoding {
            algorithm: "MLKEM768-P256"
        }
    );
}

/// RFC 8410 §10.3: the same key with and without attributes and public key.
#[test]
fn reads_both_versions_of_the_key_of_rfc_8410() {
    let version_1 = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    let version_2 = "-----BEGIN PRIVATE KEY-----\n\
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
        Z9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PRIVATE KEY-----\n";
    let [one, two] = [version_1, version_2].map(|pem| private_from(pem.as_bytes()).expect("RFC 8410"));
    assert_eq!(one.to_bytes(), two.to_bytes());
    assert_eq!(private_to_pem(&two).expect("Ed25519").as_str(), version_1);
}

#[test]
fn tells_der_of_other_kinds_by_their_shape() {
    let private = private_from_pkcs8(&der_of("Ed25519.pub"))
        .expect_err("a public key")
        .to_string();
    assert!(private.contains("give the private key"), "{private}");
    // EncryptedPrivateKeyInfo (RFC 5958 §3): an algorithm and an octet string.
    let encrypted = [0x30, 0x09, 0x30, 0x03, 0x06, 0x01, 0x2a, 0x04, 0x02, 1, 2];
    assert_eq!(
        private_from_pkcs8(&encrypted).expect_err("encrypted"),
        Error::Encrypted
    );
    let public = public_from_spki(&der_of("Ed25519.pem"))
        .expect_err("a private key")
        .to_string();
    assert!(public.contains("openssl pkey -pubout"), "{public}");
}

#[test]
fn nothing_is_written_that_is_not_a_key() {
    assert!(public_to_spki(algorithm("ML-DSA-65"), &[0; 5]).is_err());
    assert!(public_to_spki(algorithm("ML-KEM-768"), &[0xff; 1184]).is_err());
    assert!(public_to_spki(algorithm("ECDSA-P-256"), &[4; 65]).is_err());
}
