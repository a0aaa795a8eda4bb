//! Composite ML-DSA signatures (draft-ietf-lamps-pq-composite-sigs-19): ML-DSA beside a classical signature.
//!
//! Sizes are the draft's appendix; where a classical part varies in length, they are its largest.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    composite(
        "MLDSA44-RSA2048-PSS-SHA256",
        &["1.3.6.1.5.5.7.6.37"],
        &["ML-DSA-44", "RSASSA-PSS"],
        [1582, 1226, 2676],
    ),
    composite(
        "MLDSA44-RSA2048-PKCS15-SHA256",
        &["1.3.6.1.5.5.7.6.38"],
        &["ML-DSA-44", "RSA"],
        [1582, 1226, 2676],
    ),
    composite(
        "MLDSA44-Ed25519-SHA512",
        &["1.3.6.1.5.5.7.6.39"],
        &["ML-DSA-44", "Ed25519"],
        [1344, 64, 2484],
    ),
    composite(
        "MLDSA44-ECDSA-P256-SHA256",
        &["1.3.6.1.5.5.7.6.40"],
        &["ML-DSA-44", "ECDSA-P-256"],
        [1377, 83, 2492],
    ),
    composite(
        "MLDSA65-RSA3072-PSS-SHA512",
        &["1.3.6.1.5.5.7.6.41"],
        &["ML-DSA-65", "RSASSA-PSS"],
        [2350, 1802, 3693],
    ),
    composite(
        "MLDSA65-RSA3072-PKCS15-SHA512",
        &["1.3.6.1.5.5.7.6.42"],
        &["ML-DSA-65", "RSA"],
        [2350, 1802, 3693],
    ),
    composite(
        "MLDSA65-RSA4096-PSS-SHA512",
        &["1.3.6.1.5.5.7.6.43"],
        &["ML-DSA-65", "RSASSA-PSS"],
        [2478, 2383, 3821],
    ),
    composite(
        "MLDSA65-RSA4096-PKCS15-SHA512",
        &["1.3.6.1.5.5.7.6.44"],
        &["ML-DSA-65", "RSA"],
        [2478, 2383, 3821],
    ),
    composite(
        "MLDSA65-ECDSA-P256-SHA512",
        &["1.3.6.1.5.5.7.6.45"],
        &["ML-DSA-65", "ECDSA-P-256"],
        [2017, 83, 3381],
    ),
    composite(
        "MLDSA65-ECDSA-P384-SHA512",
        &["1.3.6.1.5.5.7.6.46"],
        &["ML-DSA-65", "ECDSA-P-384"],
        [2049, 96, 3413],
    ),
    composite(
        "MLDSA65-ECDSA-brainpoolP256r1-SHA512",
        &["1.3.6.1.5.5.7.6.47"],
        &["ML-DSA-65", "ECDSA-brainpoolP256r1"],
        [2017, 84, 3381],
    ),
    composite(
        "MLDSA65-Ed25519-SHA512",
        &["1.3.6.1.5.5.7.6.48"],
        &["ML-DSA-65", "Ed25519"],
        [1984, 64, 3373],
    ),
    composite(
        "MLDSA87-ECDSA-P384-SHA512",
        &["1.3.6.1.5.5.7.6.49"],
        &["ML-DSA-87", "ECDSA-P-384"],
        [2689, 96, 4731],
    ),
    composite(
        "MLDSA87-ECDSA-brainpoolP384r1-SHA512",
        &["1.3.6.1.5.5.7.6.50"],
        &["ML-DSA-87", "ECDSA-brainpoolP384r1"],
        [2689, 100, 4731],
    ),
    composite(
        "MLDSA87-Ed448-SHAKE256",
        &["1.3.6.1.5.5.7.6.51"],
        &["ML-DSA-87", "Ed448"],
        [2649, 89, 4741],
    ),
    composite(
        "MLDSA87-RSA3072-PSS-SHA512",
        &["1.3.6.1.5.5.7.6.52"],
        &["ML-DSA-87", "RSASSA-PSS"],
        [2990, 1802, 5011],
    ),
    composite(
        "MLDSA87-RSA4096-PSS-SHA512",
        &["1.3.6.1.5.5.7.6.53"],
        &["ML-DSA-87", "RSASSA-PSS"],
        [3118, 2383, 5139],
    ),
    composite(
        "MLDSA87-ECDSA-P521-SHA512",
        &["1.3.6.1.5.5.7.6.54"],
        &["ML-DSA-87", "ECDSA-P-521"],
        [2725, 114, 4766],
    ),
];

const fn composite(
    name: &'static str,
    oids: &'static [&'static str],
    components: &'static [&'static str],
    [public_key, private_key, signature]: [usize; 3],
) -> Algorithm {
    Algorithm {
        name,
        aliases: &[],
        kind: Kind::Signature,
        family: Family::CompositeMlDsa,
        oids,
        sizes: Sizes::signature(public_key, private_key, signature),
        category: Some(match name.as_bytes() {
            [b'M', b'L', b'D', b'S', b'A', b'4', ..] => 2,
            [b'M', b'L', b'D', b'S', b'A', b'6', ..] => 3,
            _ => 5,
        }),
        status: Status::Hybrid,
        components,
        document: "draft-ietf-lamps-pq-composite-sigs-19",
    }
}
