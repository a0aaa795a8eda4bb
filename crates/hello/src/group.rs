//! Named groups (RFC 8446 §4.2.7, RFC 7919, RFC 8734, RFC 10024) and what they are worth today.
//! The verdict on a group is made here and nowhere else: whether it resists a quantum computer.

use crate::code_point::code_points;

code_points! {
    /// A named group: how the two sides agree on a secret.
    NamedGroup, "named group", aliases ALIASES,
    {
        X25519MLKEM768 = 0x11ec,
        SecP256r1MLKEM768 = 0x11eb,
        SecP384r1MLKEM1024 = 0x11ed,
        MLKEM512 = 0x0200,
        MLKEM768 = 0x0201,
        MLKEM1024 = 0x0202,
        x25519 = 0x001d => "X25519",
        x448 = 0x001e => "X448",
        secp256r1 = 0x0017,
        secp384r1 = 0x0018,
        secp521r1 = 0x0019,
        secp256k1 = 0x0016,
        secp224r1 = 0x0015,
        secp192r1 = 0x0013,
        brainpoolP256r1 = 0x001a,
        brainpoolP384r1 = 0x001b,
        brainpoolP512r1 = 0x001c,
        brainpoolP256r1tls13 = 0x001f,
        brainpoolP384r1tls13 = 0x0020,
        brainpoolP512r1tls13 = 0x0021,
        curveSM2 = 0x0029,
        ffdhe2048 = 0x0100,
        ffdhe3072 = 0x0101,
        ffdhe4096 = 0x0102,
        ffdhe6144 = 0x0103,
        ffdhe8192 = 0x0104,
        curveSM2MLKEM768 = 0x11ee,
        X25519Kyber768Draft00 = 0x6399,
        SecP256r1Kyber768Draft00 = 0x639a,
        CECPQ2 = 0x4138,
    }
}

#[allow(
    non_upper_case_globals,
    reason = "the registry's own spelling, for the one group it writes in lower case"
)]
impl NamedGroup {
    /// `0x001d`, as most programs write it.
    pub const X25519: Self = Self::x25519;
    /// `0x001e`, as most programs write it.
    pub const X448: Self = Self::x448;
}

/// Spellings of OpenSSL, nginx, Go and SEC 1 beside the registry's.
const ALIASES: &[(&str, u16)] = &[
    ("prime256v1", 0x0017),
    ("P-256", 0x0017),
    ("P256", 0x0017),
    ("CurveP256", 0x0017),
    ("P-384", 0x0018),
    ("P384", 0x0018),
    ("CurveP384", 0x0018),
    ("P-521", 0x0019),
    ("P521", 0x0019),
    ("CurveP521", 0x0019),
    ("P-224", 0x0015),
    ("P-192", 0x0013),
    ("prime192v1", 0x0013),
    ("curve25519", 0x001d),
    ("ML-KEM-512", 0x0200),
    ("ML-KEM-768", 0x0201),
    ("ML-KEM-1024", 0x0202),
    ("X25519-MLKEM768", 0x11ec),
    ("x25519_mlkem768", 0x11ec),
    ("P256MLKEM768", 0x11eb),
    ("SecP256r1-MLKEM768", 0x11eb),
    ("P384MLKEM1024", 0x11ed),
    ("SecP384r1-MLKEM1024", 0x11ed),
    ("X25519Kyber768", 0x6399),
];

/// What a group protects against.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum GroupKind {
    /// Falls to a quantum computer: elliptic curves and finite fields.
    Classical,
    /// A classical and a post-quantum exchange together (RFC 10024, RFC 9954).
    Hybrid,
    /// Post-quantum alone.
    PostQuantum,
    /// An experiment that nothing should use any more; it counts as no protection.
    Obsolete,
    /// Reserved noise (RFC 8701).
    Grease,
    /// Not in our table.
    Unknown,
}

impl NamedGroup {
    /// What the group protects against.
    pub const fn kind(self) -> GroupKind {
        match self.0 {
            0x11eb..=0x11ee => GroupKind::Hybrid,
            0x0200..=0x0202 => GroupKind::PostQuantum,
            0x6399 | 0x639a | 0x4138 => GroupKind::Obsolete,
            0x0001..=0x0021 | 0x0029 | 0x0100..=0x0104 => GroupKind::Classical,
            _ if self.is_grease() => GroupKind::Grease,
            _ => GroupKind::Unknown,
        }
    }

    /// Whether the group resists a quantum computer: hybrid, or post-quantum alone.
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.kind(), GroupKind::Hybrid | GroupKind::PostQuantum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_spellings_that_people_write() {
        let check = |text: &str, expect| assert_eq!(text.parse::<NamedGroup>().ok(), expect, "{text}");
        check("X25519MLKEM768", Some(NamedGroup::X25519MLKEM768));
        check("x25519mlkem768", Some(NamedGroup::X25519MLKEM768));
        check("0x11EC", Some(NamedGroup::X25519MLKEM768));
        check("0X17", Some(NamedGroup::secp256r1));
        check("prime256v1", Some(NamedGroup::secp256r1));
        check("p-256", Some(NamedGroup::secp256r1));
        check("X25519", Some(NamedGroup::X25519));
        check("0xabcde", None);
        check("0x+1", None);
        check("0x", None);
        check("", None);
        check("secp999", None);
    }

    #[test]
    fn tells_what_each_group_is_worth() {
        let check = |value, kind, post_quantum| {
            assert_eq!(NamedGroup(value).kind(), kind, "{value:04x}");
            assert_eq!(NamedGroup(value).is_post_quantum(), post_quantum, "{value:04x}");
        };
        check(0x11ec, GroupKind::Hybrid, true);
        check(0x11eb, GroupKind::Hybrid, true);
        check(0x11ed, GroupKind::Hybrid, true);
        check(0x0201, GroupKind::PostQuantum, true);
        check(0x6399, GroupKind::Obsolete, false);
        check(0x001d, GroupKind::Classical, false);
        check(0x0017, GroupKind::Classical, false);
        check(0x0104, GroupKind::Classical, false);
        check(0x2a2a, GroupKind::Grease, false);
        check(0x0000, GroupKind::Unknown, false);
        check(0x2a3a, GroupKind::Unknown, false);
    }

    #[test]
    fn every_named_group_has_a_kind_and_reads_back() {
        for group in NamedGroup::NAMED {
            assert_ne!(group.kind(), GroupKind::Unknown, "{group}");
            assert_eq!(group.to_string().parse(), Ok(*group));
        }
    }

    #[test]
    fn shows_a_nameless_value_as_a_number() {
        assert_eq!(NamedGroup(0x1234).to_string(), "0x1234");
        assert_eq!(format!("{:>8}|", NamedGroup::X25519), "  X25519|");
    }
}
