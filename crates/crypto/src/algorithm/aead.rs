//! Authenticated encryption with 96-bit nonces and 128-bit tags.
//!
//! Symmetric: a quantum computer halves the exponent of a search at best, so category 5 needs 256-bit keys.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    Algorithm {
        aliases: &["AES128-GCM"],
        oids: &["2.16.840.1.101.3.4.1.6"],
        category: Some(1),
        ..aead("AES-128-GCM", 16, Family::Aes, "SP 800-38D")
    },
    Algorithm {
        aliases: &["AES256-GCM"],
        oids: &["2.16.840.1.101.3.4.1.46"],
        category: Some(5),
        ..aead("AES-256-GCM", 32, Family::Aes, "SP 800-38D")
    },
    Algorithm {
        oids: &["1.2.840.113549.1.9.16.3.18"],
        ..aead("ChaCha20-Poly1305", 32, Family::ChaCha, "RFC 8439")
    },
];

const fn aead(name: &'static str, key: usize, family: Family, document: &'static str) -> Algorithm {
    Algorithm {
        name,
        aliases: &[],
        kind: Kind::Aead,
        family,
        oids: &[],
        sizes: Sizes {
            private_key: Some(key),
            tag: Some(16),
            ..Sizes::NONE
        },
        category: None,
        status: Status::PostQuantum,
        components: &[],
        document,
    }
}
