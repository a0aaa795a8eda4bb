//! Message authentication codes: HMAC (FIPS 198-1) over SHA-2.
//!
//! Keys are as long as the tag where they are generated here; others of at least 112 bits can be imported.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    hmac(
        "HMAC-SHA-256",
        &["HS256", "hmacWithSHA256"],
        &["1.2.840.113549.2.9"],
        32,
    ),
    hmac(
        "HMAC-SHA-384",
        &["HS384", "hmacWithSHA384"],
        &["1.2.840.113549.2.10"],
        48,
    ),
    hmac(
        "HMAC-SHA-512",
        &["HS512", "hmacWithSHA512"],
        &["1.2.840.113549.2.11"],
        64,
    ),
];

const fn hmac(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
    len: usize,
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Mac,
        family: Family::Hmac,
        oids,
        sizes: Sizes {
            private_key: Some(len),
            tag: Some(len),
            ..Sizes::NONE
        },
        category: None,
        status: Status::PostQuantum,
        components: &[],
        document: "FIPS 198-1",
    }
}
