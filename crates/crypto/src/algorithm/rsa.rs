//! RSA (RFC 8017): keys, and signatures by encoding and hash. Sizes depend on the modulus.
//!
//! Whether a modulus is long enough is a question of policy, not of this table.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    rsa("RSA", &["rsaEncryption"], &["1.2.840.113549.1.1.1"]),
    rsa(
        "RSASSA-PSS",
        &[
            "rsa_pss_rsae_sha256",
            "rsa_pss_rsae_sha384",
            "rsa_pss_rsae_sha512",
            "rsa_pss_pss_sha256",
            "rsa_pss_pss_sha384",
            "rsa_pss_pss_sha512",
        ],
        &["1.2.840.113549.1.1.10"],
    ),
    rsa("sha224WithRSAEncryption", &[], &["1.2.840.113549.1.1.14"]),
    rsa(
        "sha256WithRSAEncryption",
        &["rsa_pkcs1_sha256", "rsa-sha2-256"],
        &["1.2.840.113549.1.1.11"],
    ),
    rsa(
        "sha384WithRSAEncryption",
        &["rsa_pkcs1_sha384"],
        &["1.2.840.113549.1.1.12"],
    ),
    rsa(
        "sha512WithRSAEncryption",
        &["rsa_pkcs1_sha512", "rsa-sha2-512"],
        &["1.2.840.113549.1.1.13"],
    ),
    broken(
        "sha1WithRSAEncryption",
        &["sha1WithRSA", "rsa_pkcs1_sha1", "ssh-rsa"],
        &["1.2.840.113549.1.1.5"],
    ),
    broken("md5WithRSAEncryption", &[], &["1.2.840.113549.1.1.4"]),
    broken("md2WithRSAEncryption", &[], &["1.2.840.113549.1.1.2"]),
];

const fn rsa(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Signature,
        family: Family::Rsa,
        oids,
        sizes: Sizes::NONE,
        category: None,
        status: Status::QuantumVulnerable,
        components: &[],
        document: "RFC 8017",
    }
}

/// Collisions in the hash make the signature forgeable today.
const fn broken(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
) -> Algorithm {
    Algorithm {
        status: Status::Broken,
        ..rsa(name, aliases, oids)
    }
}
