//! Diffie-Hellman over elliptic curves and in finite fields, with the names TLS and SSH give them.
//!
//! Curve identifiers belong to the ECDSA table: in a certificate they describe a signature key.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    Algorithm {
        oids: &["1.3.101.110"],
        ..curve(
            "X25519",
            &["curve25519-sha256", "curve25519-sha256@libssh.org"],
            [32, 32, 32],
            "RFC 7748",
        )
    },
    Algorithm {
        oids: &["1.3.101.111"],
        ..curve("X448", &["curve448-sha512"], [56, 56, 56], "RFC 7748")
    },
    curve(
        "P-256",
        &["secp256r1", "prime256v1", "ecdh-sha2-nistp256"],
        [65, 32, 32],
        "SP 800-186",
    ),
    curve(
        "P-384",
        &["secp384r1", "ecdh-sha2-nistp384"],
        [97, 48, 48],
        "SP 800-186",
    ),
    curve(
        "P-521",
        &["secp521r1", "ecdh-sha2-nistp521"],
        [133, 66, 66],
        "SP 800-186",
    ),
    field("ffdhe2048", &[], Some(256), "RFC 7919"),
    field("ffdhe3072", &[], Some(384), "RFC 7919"),
    field("ffdhe4096", &[], Some(512), "RFC 7919"),
    field("ffdhe6144", &[], Some(768), "RFC 7919"),
    field("ffdhe8192", &[], Some(1024), "RFC 7919"),
    field(
        "MODP-2048",
        &["diffie-hellman-group14-sha256"],
        Some(256),
        "RFC 3526",
    ),
    field(
        "MODP-4096",
        &["diffie-hellman-group16-sha512"],
        Some(512),
        "RFC 3526",
    ),
    field(
        "MODP-8192",
        &["diffie-hellman-group18-sha512"],
        Some(1024),
        "RFC 3526",
    ),
    field(
        "DH group exchange",
        &["diffie-hellman-group-exchange-sha256"],
        None,
        "RFC 4419",
    ),
    field(
        "MODP-2048 with SHA-1",
        &["diffie-hellman-group14-sha1"],
        Some(256),
        "RFC 4253",
    ),
    broken(
        "MODP-1024 with SHA-1",
        &["diffie-hellman-group1-sha1"],
        Some(128),
        "RFC 4253",
    ),
    broken(
        "DH group exchange with SHA-1",
        &["diffie-hellman-group-exchange-sha1"],
        None,
        "RFC 4419",
    ),
];

const fn curve(
    name: &'static str,
    aliases: &'static [&'static str],
    [share, private_key, secret]: [usize; 3],
    document: &'static str,
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::KeyAgreement,
        family: Family::Ecdh,
        oids: &[],
        sizes: Sizes {
            private_key: Some(private_key),
            ..Sizes::exchange(share, share, secret)
        },
        category: None,
        status: Status::QuantumVulnerable,
        components: &[],
        document,
    }
}

const fn field(
    name: &'static str,
    aliases: &'static [&'static str],
    share: Option<usize>,
    document: &'static str,
) -> Algorithm {
    Algorithm {
        family: Family::FiniteField,
        sizes: Sizes {
            public_key: share,
            ciphertext: share,
            shared_secret: share,
            ..Sizes::NONE
        },
        ..curve(name, aliases, [0; 3], document)
    }
}

/// What RFC 9142 §4 says SHOULD NOT be used: a field within reach, or one chosen with SHA-1.
const fn broken(
    name: &'static str,
    aliases: &'static [&'static str],
    share: Option<usize>,
    document: &'static str,
) -> Algorithm {
    Algorithm {
        status: Status::Broken,
        ..field(name, aliases, share, document)
    }
}
