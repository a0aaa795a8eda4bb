//! Certificates that OpenSSL made, and chains as they arrive.
//!
//! The certificates and the script that made them are in `vectors/certificates`.

use hybridge_crypto::Status;
use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::{CertificateFinding, Chain, Negotiated, from_flight, read};
use crate::probe::report::Tls12Choice;
use crate::probe::tls::Tls12Flight;

const LEAF: &[u8] = include_bytes!("../../../vectors/certificates/leaf.der");
const AUTHORITY: &[u8] = include_bytes!("../../../vectors/certificates/authority.der");
const RSA_SHA1: &[u8] = include_bytes!("../../../vectors/certificates/rsa-2048-sha1.der");
const RSA_PSS: &[u8] = include_bytes!("../../../vectors/certificates/rsa-1024-pss.der");
const ED25519: &[u8] = include_bytes!("../../../vectors/certificates/ed25519.der");
const ML_DSA: &[u8] = include_bytes!("../../../vectors/certificates/ml-dsa-65.der");
const SLH_DSA: &[u8] = include_bytes!("../../../vectors/certificates/slh-dsa-sha2-128s.der");

fn check(der: &[u8], key: &str, signature: &str, status: Status) {
    let finding = CertificateFinding::read(der).expect(key);
    assert_eq!(
        (finding.key_text.as_str(), finding.signature_text.as_str()),
        (key, signature)
    );
    assert_eq!(
        finding.signature.map(|algorithm| algorithm.status),
        Some(status),
        "{key}"
    );
}

#[test]
fn names_key_and_signature_algorithms() {
    check(
        LEAF,
        "ECDSA-P-256",
        "ecdsa-with-SHA384",
        Status::QuantumVulnerable,
    );
    check(
        AUTHORITY,
        "ECDSA-P-384",
        "ecdsa-with-SHA384",
        Status::QuantumVulnerable,
    );
    check(RSA_SHA1, "RSA-2048", "sha1WithRSAEncryption", Status::Broken);
    check(RSA_PSS, "RSA-1024", "RSASSA-PSS", Status::QuantumVulnerable);
    check(ED25519, "Ed25519", "Ed25519", Status::QuantumVulnerable);
    check(ML_DSA, "ML-DSA-65", "ML-DSA-65", Status::PostQuantum);
    check(
        SLH_DSA,
        "SLH-DSA-SHA2-128s",
        "SLH-DSA-SHA2-128s",
        Status::PostQuantum,
    );
}

#[test]
fn reads_names_times_and_role() {
    let leaf = CertificateFinding::read(LEAF).expect("a certificate");
    assert_eq!(leaf.subject, "CN=leaf");
    assert_eq!(leaf.issuer, "O=Hybridge vectors, CN=authority");
    assert_eq!(
        leaf.names,
        ["server.example", "*.wild.example", "192.0.2.7", "2001:db8::7"]
    );
    assert_eq!((leaf.not_before, leaf.not_after), (1_767_225_600, 1_798_761_600));
    assert!(!leaf.self_signed && !leaf.is_authority && leaf.rsa_bits.is_none());
    let authority = CertificateFinding::read(AUTHORITY).expect("a certificate");
    assert!(authority.self_signed && authority.is_authority);
    let rsa = CertificateFinding::read(RSA_PSS).expect("a certificate");
    assert_eq!(rsa.rsa_bits, Some(1024));
}

#[test]
fn a_wildcard_stands_for_one_label_only() {
    let leaf = CertificateFinding::read(LEAF).expect("a certificate");
    let cases = [
        ("server.example", true),
        ("SERVER.example", true),
        ("other.example", false),
        ("a.wild.example", true),
        ("a.b.wild.example", false),
        ("wild.example", false),
        ("192.0.2.7", true),
        ("leaf", false),
    ];
    for (name, valid) in cases {
        assert_eq!(leaf.is_valid_for(name), valid, "{name}");
    }
}

#[test]
fn reads_the_chain_of_a_tls_1_2_flight() {
    let list: Vec<u8> = [LEAF, AUTHORITY].iter().flat_map(|der| vec24(der)).collect();
    let body = vec24(&list);
    let message = [&[11][..], &vec24(&body)].concat();
    let choice = Tls12Choice {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        group: Some(NamedGroup::X25519),
        scheme: Some(SignatureScheme::ecdsa_secp256r1_sha256),
    };
    let flight = Tls12Flight {
        version: ProtocolVersion::TLS_1_2,
        choice,
        certificate: Some(&message),
    };
    let chain = from_flight(&flight).expect("a chain");
    assert_eq!(chain.certificates, [LEAF, AUTHORITY]);
    let finding = read(&chain, Some("server.example")).expect("two certificates");
    assert_eq!(finding.certificates.len(), 2);
    assert_eq!(finding.name_matches, Some(true));
    assert_eq!(finding.negotiated.group, Some(NamedGroup::X25519));

    let cut = Tls12Flight {
        certificate: Some(&message[..message.len() - 1]),
        ..flight
    };
    assert!(from_flight(&cut).is_none());
}

#[test]
fn an_empty_or_unreadable_chain_is_a_reason_and_no_finding() {
    let empty = read(&Chain::default(), None).expect_err("nothing there");
    assert!(empty.contains("no certificate"), "{empty}");
    let garbage = Chain {
        certificates: vec![vec![0x30, 3, 1]],
        negotiated: Negotiated::default(),
    };
    let reason = read(&garbage, None).expect_err("garbage");
    assert!(reason.contains("cannot be read"), "{reason}");
}

fn vec24(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
    [&length[1..], bytes].concat()
}
