//! Hybrids: KEMs with stored keys, TLS groups (RFC 10024), SSH methods (RFC 10042), NTRU Prime's SSH method.
//!
//! Sizes of exchanges are those of the client's and the server's share and of the secret handed to the
//! protocol. A KEM's private key is its seed; its layouts and its secret differ from those of the exchanges.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    Algorithm {
        aliases: &["MLKEM768-X25519"],
        oids: &["1.3.6.1.4.1.62253.25722"],
        document: "draft-connolly-cfrg-xwing-kem-11",
        ..kem("X-Wing", &["ML-KEM-768", "X25519"], [1216, 1120], 3)
    },
    kem("MLKEM768-P256", &["ML-KEM-768", "P-256"], [1249, 1153], 3),
    kem("MLKEM1024-P384", &["ML-KEM-1024", "P-384"], [1665, 1665], 5),
    hybrid(
        "X25519MLKEM768",
        &["ML-KEM-768", "X25519"],
        [1216, 1120, 64],
        Some(3),
        "RFC 10024",
    ),
    hybrid(
        "SecP256r1MLKEM768",
        &["P-256", "ML-KEM-768"],
        [1249, 1153, 64],
        Some(3),
        "RFC 10024",
    ),
    hybrid(
        "SecP384r1MLKEM1024",
        &["P-384", "ML-KEM-1024"],
        [1665, 1665, 80],
        Some(5),
        "RFC 10024",
    ),
    hybrid(
        "mlkem768x25519-sha256",
        &["ML-KEM-768", "X25519"],
        [1216, 1120, 32],
        Some(3),
        "RFC 10042",
    ),
    hybrid(
        "mlkem768nistp256-sha256",
        &["ML-KEM-768", "P-256"],
        [1249, 1153, 32],
        Some(3),
        "RFC 10042",
    ),
    hybrid(
        "mlkem1024nistp384-sha384",
        &["ML-KEM-1024", "P-384"],
        [1665, 1665, 48],
        Some(5),
        "RFC 10042",
    ),
    Algorithm {
        aliases: &["sntrup761x25519-sha512@openssh.com"],
        ..hybrid(
            "sntrup761x25519-sha512",
            &["sntrup761", "X25519"],
            [1190, 1071, 64],
            None,
            "RFC 9941",
        )
    },
];

const fn hybrid(
    name: &'static str,
    components: &'static [&'static str],
    [client, server, secret]: [usize; 3],
    category: Option<u8>,
    document: &'static str,
) -> Algorithm {
    Algorithm {
        name,
        aliases: &[],
        kind: Kind::KeyExchange,
        family: Family::HybridExchange,
        oids: &[],
        sizes: Sizes::exchange(client, server, secret),
        category,
        status: Status::Hybrid,
        components,
        document,
    }
}

const fn kem(
    name: &'static str,
    components: &'static [&'static str],
    [public_key, ciphertext]: [usize; 2],
    category: u8,
) -> Algorithm {
    Algorithm {
        kind: Kind::Kem,
        family: Family::HybridKem,
        sizes: Sizes {
            private_key: Some(32),
            ..Sizes::exchange(public_key, ciphertext, 32)
        },
        ..hybrid(
            name,
            components,
            [public_key, ciphertext, 32],
            Some(category),
            "draft-irtf-cfrg-concrete-hybrid-kems-02",
        )
    }
}
