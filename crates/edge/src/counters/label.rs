//! The closed lists that label values come from, and the place of a wire value in its list.
//!
//! What a peer writes is an open set; what a metric can carry is not. Everything without a place of
//! its own is `other`; what was not negotiated or not visible is `none`.

use hybridge_hello::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use hybridge_policy::Group;

use crate::arms::Arm;

/// Arms, in that order; `None` for handshakes that ended before their client had one (garbage, scans,
/// rates), which would make the comparison of the arms a comparison of noise.
pub const ARMS: [Option<Arm>; 3] = [Some(Arm::Control), Some(Arm::Canary), None];

/// Key exchange groups: those of `Group::ALL`, in that order, then `other` and `none`.
pub const GROUPS: [&str; 10] = {
    let mut names = ["other"; 10];
    let mut index = 0;
    while index < Group::ALL.len() {
        names[index] = Group::ALL[index].name();
        index += 1;
    }
    names[9] = "none";
    names
};

/// Protocol versions; `other` is SSL, or a success whose version is not visible.
pub const VERSIONS: [&str; 5] = ["TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3", "other"];

/// Cipher suites that rustls speaks, the rest as `other`.
pub const SUITES: [&str; 10] = {
    let mut names = ["other"; 10];
    let mut index = 0;
    while index < KNOWN_SUITES.len() {
        names[index] = match KNOWN_SUITES[index].name() {
            Some(name) => name,
            None => "other",
        };
        index += 1;
    }
    names
};

/// Signature schemes that rustls signs or verifies with, then `other` and `none`.
pub const SCHEMES: [&str; 15] = {
    let mut names = ["other"; 15];
    let mut index = 0;
    while index < KNOWN_SCHEMES.len() {
        names[index] = match KNOWN_SCHEMES[index].name() {
            Some(name) => name,
            None => "other",
        };
        index += 1;
    }
    names[14] = "none";
    names
};

/// Classes of HTTP status.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

const KNOWN_SUITES: [CipherSuite; 9] = [
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

const KNOWN_SCHEMES: [SignatureScheme; 13] = [
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::ed25519,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pss_rsae_sha512,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::mldsa44,
    SignatureScheme::mldsa65,
    SignatureScheme::mldsa87,
];

pub(super) fn group(group: Option<NamedGroup>) -> usize {
    match group {
        Some(group) => Group::from_code_point(group.0).map_or(Group::ALL.len(), |group| group as usize),
        None => GROUPS.len() - 1,
    }
}

pub(super) const fn arm(arm: Option<Arm>) -> usize {
    match arm {
        Some(arm) => arm as usize,
        None => Arm::ALL.len(),
    }
}

/// The name of an arm, or of none.
pub const fn arm_name(arm: Option<Arm>) -> &'static str {
    match arm {
        Some(arm) => arm.name(),
        None => "none",
    }
}

pub(super) fn version(version: Option<ProtocolVersion>) -> usize {
    match version {
        Some(ProtocolVersion::TLS_1_0) => 0,
        Some(ProtocolVersion::TLS_1_1) => 1,
        Some(ProtocolVersion::TLS_1_2) => 2,
        Some(ProtocolVersion::TLS_1_3) => 3,
        _ => 4,
    }
}

pub(super) fn suite(suite: Option<CipherSuite>) -> usize {
    let place = |suite| KNOWN_SUITES.iter().position(|known| *known == suite);
    suite.and_then(place).unwrap_or(KNOWN_SUITES.len())
}

pub(super) fn scheme(scheme: Option<SignatureScheme>) -> usize {
    match scheme {
        Some(scheme) => KNOWN_SCHEMES
            .iter()
            .position(|known| *known == scheme)
            .unwrap_or(KNOWN_SCHEMES.len()),
        None => SCHEMES.len() - 1,
    }
}

/// A client treats a status that is none as 5xx (RFC 9110 §15), and so do we.
pub(super) const fn status_class(status: u16) -> usize {
    match status {
        100..=199 => 0,
        200..=299 => 1,
        300..=399 => 2,
        400..=499 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_finds_its_own_name() {
        for known in Group::ALL {
            assert_eq!(GROUPS[group(Some(NamedGroup(known.code_point())))], known.name());
        }
        assert_eq!(GROUPS[group(Some(NamedGroup::MLKEM512))], "other");
        assert_eq!(GROUPS[group(Some(NamedGroup(0x7777)))], "other");
        assert_eq!(GROUPS[group(None)], "none");
    }

    #[test]
    fn every_arm_and_none_finds_its_own_place() {
        for (place, known) in ARMS.into_iter().enumerate() {
            assert_eq!(arm(known), place);
        }
        assert_eq!(ARMS.map(arm_name), ["control", "canary", "none"]);
    }

    #[test]
    fn every_suite_and_scheme_finds_its_own_name() {
        for known in KNOWN_SUITES {
            assert_eq!(Some(SUITES[suite(Some(known))]), known.name());
        }
        for known in KNOWN_SCHEMES {
            assert_eq!(Some(SCHEMES[scheme(Some(known))]), known.name());
        }
        assert_eq!(SUITES[suite(None)], "other");
        assert_eq!(SUITES[suite(Some(CipherSuite(0x002f)))], "other");
        assert_eq!(SCHEMES[scheme(Some(SignatureScheme::rsa_pkcs1_sha1))], "other");
        assert_eq!(SCHEMES[scheme(None)], "none");
    }

    #[test]
    fn the_suites_are_those_of_the_tls_library() {
        let spoken: Vec<u16> = rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES
            .iter()
            .map(|suite| u16::from(suite.suite()))
            .collect();
        let ours: Vec<u16> = KNOWN_SUITES.iter().map(|suite| suite.0).collect();
        assert!(spoken.iter().all(|suite| ours.contains(suite)), "{spoken:04x?}");
        assert_eq!(spoken.len(), ours.len());
    }

    #[test]
    fn versions_and_status_classes_have_their_places() {
        assert_eq!(VERSIONS[version(Some(ProtocolVersion::TLS_1_1))], "TLS1.1");
        assert_eq!(VERSIONS[version(Some(ProtocolVersion::TLS_1_3))], "TLS1.3");
        assert_eq!(VERSIONS[version(Some(ProtocolVersion::SSL_3_0))], "other");
        for (status, class) in [
            (101, "1xx"),
            (200, "2xx"),
            (308, "3xx"),
            (499, "4xx"),
            (503, "5xx"),
            (799, "5xx"),
            (0, "5xx"),
        ] {
            assert_eq!(STATUS_CLASSES[status_class(status)], class, "{status}");
        }
    }
}
