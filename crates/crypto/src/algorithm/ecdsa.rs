//! ECDSA: keys by curve (RFC 5480, RFC 5639) and X.509 signature identifiers by hash (RFC 5758).
//!
//! Curve identifiers stand here and not with Diffie-Hellman, because in a certificate they describe a
//! signature key; a signature identifier leaves the curve open.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    curve(
        "ECDSA-P-256",
        &["ECDSA-P256", "ecdsa_secp256r1_sha256", "ecdsa-sha2-nistp256"],
        &["1.2.840.10045.3.1.7"],
        [65, 32, 72],
    ),
    curve(
        "ECDSA-P-384",
        &["ECDSA-P384", "ecdsa_secp384r1_sha384", "ecdsa-sha2-nistp384"],
        &["1.3.132.0.34"],
        [97, 48, 104],
    ),
    curve(
        "ECDSA-P-521",
        &["ECDSA-P521", "ecdsa_secp521r1_sha512", "ecdsa-sha2-nistp521"],
        &["1.3.132.0.35"],
        [133, 66, 139],
    ),
    curve("ECDSA-P-224", &[], &["1.3.132.0.33"], [57, 28, 64]),
    curve("ECDSA-secp256k1", &[], &["1.3.132.0.10"], [65, 32, 72]),
    curve(
        "ECDSA-brainpoolP256r1",
        &[],
        &["1.3.36.3.3.2.8.1.1.7"],
        [65, 32, 72],
    ),
    curve(
        "ECDSA-brainpoolP384r1",
        &[],
        &["1.3.36.3.3.2.8.1.1.11"],
        [97, 48, 104],
    ),
    curve(
        "ECDSA-brainpoolP512r1",
        &[],
        &["1.3.36.3.3.2.8.1.1.13"],
        [129, 64, 137],
    ),
    hashed(
        "id-ecPublicKey",
        &["1.2.840.10045.2.1"],
        Status::QuantumVulnerable,
    ),
    hashed(
        "ecdsa-with-SHA224",
        &["1.2.840.10045.4.3.1"],
        Status::QuantumVulnerable,
    ),
    hashed(
        "ecdsa-with-SHA256",
        &["1.2.840.10045.4.3.2"],
        Status::QuantumVulnerable,
    ),
    hashed(
        "ecdsa-with-SHA384",
        &["1.2.840.10045.4.3.3"],
        Status::QuantumVulnerable,
    ),
    hashed(
        "ecdsa-with-SHA512",
        &["1.2.840.10045.4.3.4"],
        Status::QuantumVulnerable,
    ),
    Algorithm {
        aliases: &["ecdsa_sha1"],
        ..hashed("ecdsa-with-SHA1", &["1.2.840.10045.4.1"], Status::Broken)
    },
];

/// The signature size is that of the DER form, at its largest.
const fn curve(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
    [public_key, private_key, signature]: [usize; 3],
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Signature,
        family: Family::Ecdsa,
        oids,
        sizes: Sizes::signature(public_key, private_key, signature),
        category: None,
        status: Status::QuantumVulnerable,
        components: &[],
        document: "FIPS 186-5",
    }
}

/// An identifier that leaves the curve open.
const fn hashed(name: &'static str, oids: &'static [&'static str], status: Status) -> Algorithm {
    Algorithm {
        sizes: Sizes::NONE,
        status,
        document: "RFC 5758",
        ..curve(name, &[], oids, [0; 3])
    }
}
