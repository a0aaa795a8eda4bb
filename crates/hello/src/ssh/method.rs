//! Key exchange methods by name, and which of them resist a quantum computer.
//! The verdict on a method is made here and nowhere else: whether it resists a quantum computer.

use std::fmt;

/// A name from the list of key exchange methods.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct KexMethod<'a>(pub &'a str);

/// What a key exchange method protects against.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KexKind {
    /// Falls to a quantum computer.
    Classical,
    /// A classical and a post-quantum exchange together (RFC 10042, RFC 9941).
    Hybrid,
    /// An experiment with a scheme that was changed before it became a standard; no protection to count on.
    Obsolete,
    /// No method at all but a flag that travels among them (RFC 8308, OpenSSH's strict mode).
    Signal,
    /// Not in our table.
    Unknown,
}

/// `mlkem768x25519-sha256` and its kin (RFC 10042), then Streamlined NTRU Prime (RFC 9941).
const HYBRID: &[&str] = &[
    "mlkem768x25519-sha256",
    "mlkem768nistp256-sha256",
    "mlkem1024nistp384-sha384",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
];

const SIGNALS: &[&str] = &[
    "ext-info-c",
    "ext-info-s",
    "kex-strict-c-v00@openssh.com",
    "kex-strict-s-v00@openssh.com",
    "kexguess2@matt.ucc.asn.au",
];

const CLASSICAL_PREFIXES: &[&str] = &[
    "curve25519-sha256",
    "curve448-sha512",
    "ecdh-sha2-",
    "diffie-hellman-group",
    "ecmqv-sha2",
    "gss-",
    "rsa1024-",
    "rsa2048-",
];

impl KexMethod<'_> {
    /// What the method protects against.
    pub fn kind(self) -> KexKind {
        let name = self.0;
        if HYBRID.contains(&name) {
            KexKind::Hybrid
        } else if SIGNALS.contains(&name) {
            KexKind::Signal
        } else if name.contains("kyber") || name.starts_with("sntrup4591761") {
            KexKind::Obsolete
        } else if CLASSICAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            KexKind::Classical
        } else {
            KexKind::Unknown
        }
    }

    /// Whether the method resists a quantum computer.
    pub fn is_post_quantum(self) -> bool {
        self.kind() == KexKind::Hybrid
    }
}

impl fmt::Display for KexMethod<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}
