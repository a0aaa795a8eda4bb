//! ML-KEM (FIPS 203) and the other post-quantum KEMs that are met in the field.
//!
//! Private keys are seeds d‖z of 64 bytes. NTRU Prime is listed because SSH servers offer it.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    ml_kem(
        "ML-KEM-512",
        &["MLKEM512"],
        &["2.16.840.1.101.3.4.4.1"],
        [800, 768],
        1,
    ),
    ml_kem(
        "ML-KEM-768",
        &["MLKEM768"],
        &["2.16.840.1.101.3.4.4.2"],
        [1184, 1088],
        3,
    ),
    ml_kem(
        "ML-KEM-1024",
        &["MLKEM1024"],
        &["2.16.840.1.101.3.4.4.3"],
        [1568, 1568],
        5,
    ),
    Algorithm {
        name: "sntrup761",
        aliases: &[],
        kind: Kind::Kem,
        family: Family::NtruPrime,
        oids: &[],
        sizes: Sizes {
            private_key: Some(1763),
            ..Sizes::exchange(1158, 1039, 32)
        },
        category: None,
        status: Status::PostQuantum,
        components: &[],
        document: "draft-josefsson-ntruprime-streamlined",
    },
];

const fn ml_kem(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
    [encapsulation_key, ciphertext]: [usize; 2],
    category: u8,
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Kem,
        family: Family::MlKem,
        oids,
        sizes: Sizes {
            private_key: Some(64),
            ..Sizes::exchange(encapsulation_key, ciphertext, 32)
        },
        category: Some(category),
        status: Status::PostQuantum,
        components: &[],
        document: "FIPS 203",
    }
}
