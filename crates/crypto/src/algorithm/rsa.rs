//! RSA (RFC 8017): keys, and signatures by encoding and hash. Sizes depend on the modulus.
//!
//! Whether a modulus is long enough is a question of policy, not of this table. What a certificate or a
//! protocol names leaves the size open; a key that is kept has a name that binds size, padding and hash.

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
    key("RSA2048-PSS-SHA256", 256),
    key("RSA2048-PSS-SHA384", 256),
    key("RSA2048-PSS-SHA512", 256),
    key("RSA3072-PSS-SHA256", 384),
    key("RSA3072-PSS-SHA384", 384),
    key("RSA3072-PSS-SHA512", 384),
    key("RSA4096-PSS-SHA256", 512),
    key("RSA4096-PSS-SHA384", 512),
    key("RSA4096-PSS-SHA512", 512),
    key("RSA2048-PKCS15-SHA256", 256),
    key("RSA2048-PKCS15-SHA384", 256),
    key("RSA2048-PKCS15-SHA512", 256),
    key("RSA3072-PKCS15-SHA256", 384),
    key("RSA3072-PKCS15-SHA384", 384),
    key("RSA3072-PKCS15-SHA512", 384),
    key("RSA4096-PKCS15-SHA256", 512),
    key("RSA4096-PKCS15-SHA384", 512),
    key("RSA4096-PKCS15-SHA512", 512),
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

/// A key that is kept: `bytes` is the length of its modulus. The public key is PKCS#1 DER with e = 65537.
const fn key(name: &'static str, bytes: usize) -> Algorithm {
    Algorithm {
        sizes: Sizes {
            public_key: Some(bytes + 14),
            signature: Some(bytes),
            ..Sizes::NONE
        },
        ..rsa(name, &[], &[])
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
