//! Hybrid key exchanges: TLS groups (RFC 10024), SSH methods (RFC 10042) and NTRU Prime's SSH method.
//!
//! Sizes are those of the client's and the server's share and of the secret handed to the protocol.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
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
