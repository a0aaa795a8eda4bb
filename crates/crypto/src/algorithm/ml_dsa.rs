//! ML-DSA (FIPS 204); X.509 identifiers from RFC 9881, TLS names from the signature scheme registry.
//!
//! Pure mode only: HashML-DSA has identifiers of its own and is not met in TLS. Private keys are seeds.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    ml_dsa(
        "ML-DSA-44",
        &["mldsa44", "ssh-mldsa-44"],
        &["2.16.840.1.101.3.4.3.17"],
        [1312, 2420],
        2,
    ),
    ml_dsa(
        "ML-DSA-65",
        &["mldsa65", "ssh-mldsa-65"],
        &["2.16.840.1.101.3.4.3.18"],
        [1952, 3309],
        3,
    ),
    ml_dsa(
        "ML-DSA-87",
        &["mldsa87", "ssh-mldsa-87"],
        &["2.16.840.1.101.3.4.3.19"],
        [2592, 4627],
        5,
    ),
];

const fn ml_dsa(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
    [public_key, signature]: [usize; 2],
    category: u8,
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Signature,
        family: Family::MlDsa,
        oids,
        sizes: Sizes::signature(public_key, 32, signature),
        category: Some(category),
        status: Status::PostQuantum,
        components: &[],
        document: "FIPS 204",
    }
}
