//! Certificates made on the spot with rcgen, written to files, loaded and chosen.
//! Every refusal names the file that is at fault.

use std::io::Write;

use super::*;

fn make(names: &[&str], algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = rcgen::CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn load_text(chain: &str, key: &str) -> Result<Loaded, LoadError> {
    let (chain, key) = (file(chain), file(key));
    load(&CertificateFiles {
        chain: chain.path().to_owned(),
        key: key.path().to_owned(),
    })
}

fn loaded(names: &[&str], algorithm: &'static rcgen::SignatureAlgorithm) -> Loaded {
    let (chain, key) = make(names, algorithm);
    load_text(&chain, &key).unwrap()
}

#[test]
fn names_cover_as_the_rules_for_wildcards_say() {
    let certificate = loaded(
        &["Shop.example", "*.api.example", "192.0.2.1"],
        &rcgen::PKCS_ECDSA_P256_SHA256,
    );
    for (name, expect) in [
        ("shop.example", true),
        ("SHOP.EXAMPLE", true),
        ("a.api.example", true),
        ("api.example", false),
        ("a.b.api.example", false),
        ("192.0.2.1", true),
        ("other.example", false),
    ] {
        assert_eq!(certificate.covers(name), expect, "{name}");
    }
    assert_eq!(certificate.key_algorithm, "ECDSA");
}

#[test]
fn the_choice_follows_name_and_schemes() {
    let set = Certificates::new(vec![
        loaded(&["a.example"], &rcgen::PKCS_ECDSA_P256_SHA256),
        loaded(&["a.example"], &rcgen::PKCS_ED25519),
        loaded(&["b.example"], &rcgen::PKCS_ML_DSA_65),
    ]);
    let both = [SignatureScheme::ED25519, SignatureScheme::ECDSA_NISTP256_SHA256];
    let chosen = |name, schemes: &[SignatureScheme]| {
        let found = set.choose_tls12(name, schemes, |_| true);
        found.map(|(loaded, _)| loaded.key_algorithm)
    };
    assert_eq!(chosen(Some("a.example"), &both), Some("ECDSA"));
    assert_eq!(
        chosen(Some("a.example"), &[SignatureScheme::ED25519]),
        Some("Ed25519")
    );
    assert_eq!(
        chosen(Some("b.example"), &[SignatureScheme::ML_DSA_65]),
        Some("ML-DSA-65")
    );
    assert_eq!(
        chosen(None, &[SignatureScheme::ML_DSA_65, SignatureScheme::ED25519]),
        Some("ML-DSA-65")
    );
    assert_eq!(
        chosen(Some("b.example"), &both),
        Some("ECDSA"),
        "another name's certificate beats none"
    );
    assert_eq!(
        chosen(Some("a.example"), &[SignatureScheme::RSA_PSS_SHA256]),
        None
    );
}

#[test]
fn in_tls_1_2_a_certificate_on_a_listed_curve_goes_first_and_the_name_before_it() {
    let set = Certificates::new(vec![
        loaded(&["a.example"], &rcgen::PKCS_ECDSA_P256_SHA256),
        loaded(&["a.example"], &rcgen::PKCS_ECDSA_P384_SHA384),
        loaded(&["b.example"], &rcgen::PKCS_ED25519),
    ]);
    let all = [
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureScheme::ED25519,
    ];
    let chosen = |name, listed: &[NamedGroup]| {
        let found = set.choose_tls12(name, &all, |curve| listed.contains(&curve));
        found.map(|(_, scheme)| scheme)
    };
    let (p256, p384) = (NamedGroup::secp256r1, NamedGroup::secp384r1);
    assert_eq!(chosen(Some("a.example"), &[p256, p384]), Some(all[0]));
    assert_eq!(chosen(Some("a.example"), &[p384]), Some(all[1]));
    assert_eq!(chosen(Some("a.example"), &[NamedGroup::X25519]), Some(all[0]));
    assert_eq!(chosen(Some("b.example"), &[]), Some(all[2]));
    assert_eq!(chosen(None, &[NamedGroup::X25519]), Some(all[2]));
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let (chain, key) = make(&["a.example"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let (_, other_key) = make(&["a.example"], &rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(matches!(
        load_text(&chain, &other_key),
        Err(LoadError::Mismatch { .. })
    ));
    assert!(matches!(
        load_text("", &key),
        Err(LoadError::Missing {
            expected: "certificate",
            ..
        })
    ));
    assert!(matches!(
        load_text(&chain, &chain),
        Err(LoadError::Missing {
            expected: "private key",
            ..
        })
    ));
    let absent = CertificateFiles {
        chain: "/nonexistent/c.pem".into(),
        key: "/nonexistent/k.pem".into(),
    };
    assert_eq!(
        load(&absent).unwrap_err().to_string(),
        "cannot read /nonexistent/c.pem"
    );
}
