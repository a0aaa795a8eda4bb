//! EdDSA (RFC 8032; X.509: RFC 8410; SSH: RFC 8709).
//!
//! Sizes are of the raw encodings. A security key signs more than the message, so it is an entry of its own.

use super::{Algorithm, Family, Kind, Sizes, Status};

pub(super) const TABLE: &[Algorithm] = &[
    eddsa("Ed25519", &["ssh-ed25519"], &["1.3.101.112"], [32, 32, 64]),
    eddsa("Ed448", &["ssh-ed448"], &["1.3.101.113"], [57, 57, 114]),
    eddsa(
        "Ed25519 on a security key",
        &["sk-ssh-ed25519@openssh.com"],
        &[],
        [32, 32, 64],
    ),
];

const fn eddsa(
    name: &'static str,
    aliases: &'static [&'static str],
    oids: &'static [&'static str],
    [public_key, private_key, signature]: [usize; 3],
) -> Algorithm {
    Algorithm {
        name,
        aliases,
        kind: Kind::Signature,
        family: Family::EdDsa,
        oids,
        sizes: Sizes::signature(public_key, private_key, signature),
        category: None,
        status: Status::QuantumVulnerable,
        components: &[],
        document: "RFC 8032",
    }
}
