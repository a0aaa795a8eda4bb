//! Key derivation: HKDF from secrets (RFC 5869), Argon2id from passwords (RFC 9106), Shamir's sharing.
//!
//! None of them has a key pair or a size of its own.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    kdf(
        "HKDF-SHA-256",
        &["1.2.840.113549.1.9.16.3.28"],
        Family::Hkdf,
        "RFC 5869",
    ),
    kdf(
        "HKDF-SHA-384",
        &["1.2.840.113549.1.9.16.3.29"],
        Family::Hkdf,
        "RFC 5869",
    ),
    kdf(
        "HKDF-SHA-512",
        &["1.2.840.113549.1.9.16.3.30"],
        Family::Hkdf,
        "RFC 5869",
    ),
    kdf("Argon2id", &[], Family::Argon2, "RFC 9106"),
    Algorithm {
        kind: Kind::SecretSharing,
        ..kdf("Shamir-GF256", &[], Family::Shamir, "Shamir, CACM 22(11), 1979")
    },
];

const fn kdf(
    name: &'static str,
    oids: &'static [&'static str],
    family: Family,
    document: &'static str,
) -> Algorithm {
    Algorithm {
        name,
        aliases: &[],
        kind: Kind::Kdf,
        family,
        oids,
        sizes: Sizes::NONE,
        category: None,
        status: Status::PostQuantum,
        components: &[],
        document,
    }
}
