//! DSA in finite fields: withdrawn by FIPS 186-5, still met in old certificates and SSH host keys.
//!
//! Every entry is broken: nothing new may rely on them, and sizes depend on the parameters in the key.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    dsa("DSA", &[], &["1.2.840.10040.4.1"]),
    dsa("dsa-with-SHA1", &["ssh-dss"], &["1.2.840.10040.4.3"]),
    dsa("dsa-with-SHA224", &[], &["2.16.840.1.101.3.4.3.1"]),
    dsa("dsa-with-SHA256", &[], &["2.16.840.1.101.3.4.3.2"]),
];

const fn dsa(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Signature,
        family: Family::Dsa,
        oids,
        sizes: Sizes::NONE,
        category: None,
        status: Status::Broken,
        components: &[],
        document: "FIPS 186-4 (withdrawn)",
    }
}
