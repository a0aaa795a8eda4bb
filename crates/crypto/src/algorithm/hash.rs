//! Hash functions and extendable-output functions: SHA-2 (FIPS 180-4), SHA-3 (FIPS 202).
//!
//! SHA-1 and MD5 are not here: where they are met, it is as part of a signature, which has its own entry.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    sha2("SHA-256", &["SHA256"], &["2.16.840.1.101.3.4.2.1"], 32),
    sha2("SHA-384", &["SHA384"], &["2.16.840.1.101.3.4.2.2"], 48),
    sha2("SHA-512", &["SHA512"], &["2.16.840.1.101.3.4.2.3"], 64),
    sha3("SHA3-256", &["2.16.840.1.101.3.4.2.8"], Some(32)),
    sha3("SHA3-384", &["2.16.840.1.101.3.4.2.9"], Some(48)),
    sha3("SHA3-512", &["2.16.840.1.101.3.4.2.10"], Some(64)),
    sha3("SHAKE256", &["2.16.840.1.101.3.4.2.12"], None),
];

const fn sha2(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
    digest: usize,
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Hash,
        family: Family::Sha2,
        oids,
        sizes: Sizes {
            tag: Some(digest),
            ..Sizes::NONE
        },
        category: None,
        status: Status::PostQuantum,
        components: &[],
        document: "FIPS 180-4",
    }
}

const fn sha3(name: &'static str, oids: &'static [&'static str], digest: Option<usize>) -> Algorithm {
    Algorithm {
        family: Family::Sha3,
        sizes: Sizes {
            tag: digest,
            ..Sizes::NONE
        },
        document: "FIPS 202",
        ..sha2(name, &[], oids, 0)
    }
}
