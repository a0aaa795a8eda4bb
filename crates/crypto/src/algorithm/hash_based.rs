//! Hash-based signatures: SLH-DSA (FIPS 205, X.509: RFC 9909) and the stateful ones (RFC 9802).
//!
//! Their security rests on a hash alone; the stateful ones are met in firmware, never made by us.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    slh_dsa("SLH-DSA-SHA2-128s", &["2.16.840.1.101.3.4.3.20"], 32, 7856),
    slh_dsa("SLH-DSA-SHA2-128f", &["2.16.840.1.101.3.4.3.21"], 32, 17088),
    slh_dsa("SLH-DSA-SHA2-192s", &["2.16.840.1.101.3.4.3.22"], 48, 16224),
    slh_dsa("SLH-DSA-SHA2-192f", &["2.16.840.1.101.3.4.3.23"], 48, 35664),
    slh_dsa("SLH-DSA-SHA2-256s", &["2.16.840.1.101.3.4.3.24"], 64, 29792),
    slh_dsa("SLH-DSA-SHA2-256f", &["2.16.840.1.101.3.4.3.25"], 64, 49856),
    slh_dsa("SLH-DSA-SHAKE-128s", &["2.16.840.1.101.3.4.3.26"], 32, 7856),
    slh_dsa("SLH-DSA-SHAKE-128f", &["2.16.840.1.101.3.4.3.27"], 32, 17088),
    slh_dsa("SLH-DSA-SHAKE-192s", &["2.16.840.1.101.3.4.3.28"], 48, 16224),
    slh_dsa("SLH-DSA-SHAKE-192f", &["2.16.840.1.101.3.4.3.29"], 48, 35664),
    slh_dsa("SLH-DSA-SHAKE-256s", &["2.16.840.1.101.3.4.3.30"], 64, 29792),
    slh_dsa("SLH-DSA-SHAKE-256f", &["2.16.840.1.101.3.4.3.31"], 64, 49856),
    stateful("HSS/LMS", &["1.2.840.113549.1.9.16.3.17"]),
    stateful("XMSS", &["1.3.6.1.5.5.7.6.34"]),
    stateful("XMSS^MT", &["1.3.6.1.5.5.7.6.35"]),
];

/// A public key is two hash values of the category's length, a private key four (FIPS 205 §9.1).
const fn slh_dsa(
    name: &'static str,
    oids: &'static [&'static str],
    public_key: usize,
    signature: usize,
) -> Algorithm {
    Algorithm {
        name,
        aliases: &[],
        kind: Kind::Signature,
        family: Family::SlhDsa,
        oids,
        sizes: Sizes::signature(public_key, 2 * public_key, signature),
        category: Some(match public_key {
            32 => 1,
            48 => 3,
            _ => 5,
        }),
        status: Status::PostQuantum,
        components: &[],
        document: "FIPS 205",
    }
}

/// Sizes depend on the parameters inside the key.
const fn stateful(name: &'static str, oids: &'static [&'static str]) -> Algorithm {
    Algorithm {
        family: Family::StatefulHash,
        sizes: Sizes::NONE,
        category: None,
        document: "SP 800-208, RFC 9802",
        ..slh_dsa(name, oids, 32, 0)
    }
}
