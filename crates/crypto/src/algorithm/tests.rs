//! Invariants of the table, and the lookups a probe relies on.
//!
//! They guard the whole table, so that a new family cannot take a name that another one has.

use std::collections::HashSet;

use super::{Algorithm, Kind, Status};

#[test]
fn names_and_aliases_are_unique() {
    let mut seen = HashSet::new();
    for algorithm in Algorithm::ALL {
        for name in [algorithm.name].iter().chain(algorithm.aliases) {
            assert!(seen.insert(name.to_ascii_lowercase()), "{name} is listed twice");
        }
    }
    assert!(seen.len() > 100, "the table has shrunk to {} names", seen.len());
}

#[test]
fn object_identifiers_are_unique_and_well_formed() {
    let mut seen = HashSet::new();
    for oid in Algorithm::ALL.iter().flat_map(|algorithm| algorithm.oids) {
        assert!(seen.insert(oid), "{oid} is listed twice");
        assert!(
            oid.split('.').all(|arc| arc.parse::<u32>().is_ok()),
            "{oid} is not dotted decimal"
        );
    }
}

#[test]
fn components_name_other_entries_and_exist_exactly_for_hybrids() {
    for algorithm in Algorithm::ALL {
        for component in algorithm.components {
            let found = Algorithm::by_name(component).expect(component);
            assert!(
                found.components.is_empty(),
                "{component} inside {algorithm} is itself a hybrid"
            );
        }
        let hybrid = algorithm.status == Status::Hybrid;
        assert_eq!(hybrid, algorithm.components.len() == 2, "{algorithm}");
    }
}

#[test]
fn a_nist_category_is_given_only_to_what_resists_quantum_computers() {
    for algorithm in Algorithm::ALL {
        if let Some(category) = algorithm.category {
            assert!((1..=5).contains(&category), "{algorithm}");
            assert!(algorithm.status.resists_quantum(), "{algorithm}");
        }
    }
}

#[test]
fn sizes_of_an_exchange_are_the_sum_of_its_components() {
    for hybrid in Algorithm::ALL
        .iter()
        .filter(|a| matches!(a.kind, Kind::KeyExchange | Kind::Kem) && a.components.len() == 2)
    {
        let sum = |field: fn(&Algorithm) -> Option<usize>| -> usize {
            hybrid
                .components
                .iter()
                .filter_map(|name| field(Algorithm::by_name(name)?))
                .sum()
        };
        assert_eq!(
            hybrid.sizes.public_key,
            Some(sum(|a| a.sizes.public_key)),
            "{hybrid}"
        );
        assert_eq!(
            hybrid.sizes.ciphertext,
            Some(sum(|a| a.sizes.ciphertext)),
            "{hybrid}"
        );
    }
}

#[test]
fn finds_by_object_identifier() {
    let cases = [
        ("2.16.840.1.101.3.4.4.2", "ML-KEM-768", Status::PostQuantum),
        ("2.16.840.1.101.3.4.3.18", "ML-DSA-65", Status::PostQuantum),
        (
            "2.16.840.1.101.3.4.3.31",
            "SLH-DSA-SHAKE-256f",
            Status::PostQuantum,
        ),
        ("1.3.6.1.5.5.7.6.37", "MLDSA44-RSA2048-PSS-SHA256", Status::Hybrid),
        ("1.3.6.1.5.5.7.6.48", "MLDSA65-Ed25519-SHA512", Status::Hybrid),
        ("1.3.6.1.5.5.7.6.54", "MLDSA87-ECDSA-P521-SHA512", Status::Hybrid),
        ("1.2.840.10045.3.1.7", "ECDSA-P-256", Status::QuantumVulnerable),
        (
            "1.2.840.113549.1.1.11",
            "sha256WithRSAEncryption",
            Status::QuantumVulnerable,
        ),
        ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption", Status::Broken),
    ];
    for (oid, name, status) in cases {
        let found = Algorithm::by_oid(oid).expect(oid);
        assert_eq!((found.name, found.status), (name, status));
    }
    assert!(Algorithm::by_oid("1.2.3.4").is_none());
}

#[test]
fn finds_by_protocol_name_without_regard_to_case() {
    let cases = [
        ("x25519mlkem768", "X25519MLKEM768"),
        ("secp256r1", "P-256"),
        ("curve25519-sha256@libssh.org", "X25519"),
        ("ssh-ed25519", "Ed25519"),
        ("rsa_pss_rsae_sha256", "RSASSA-PSS"),
        ("mlkem768x25519-sha256", "mlkem768x25519-sha256"),
    ];
    for (asked, name) in cases {
        assert_eq!(Algorithm::by_name(asked).expect(asked).name, name);
    }
    assert!(Algorithm::by_name("FN-DSA-512").is_none());
}
