//! The suites: a KEM, the hash of the key schedule, and the AEAD of the session, as one closed list.
//!
//! A suite is named on the wire by the three code points that HPKE has for its parts (RFC 9180 §7 and
//! draft-ietf-hpke-pq-03), so this protocol needs no registry of its own. Only combinations listed here
//! exist. Adding one is one line; the classical ones stand apart because they need an exception.

use hybridge_crypto::Algorithm;
use hybridge_crypto::kdf::Hash;

/// One combination that both sides can speak.
#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    /// `KEM/KDF/AEAD`, for example `X-Wing/HKDF-SHA-256/AES-256-GCM`.
    pub name: &'static str,
    /// How the messages name it.
    pub code: Code,
    kem: &'static str,
    pub(crate) hash: Hash,
    aead: &'static str,
}

/// HPKE code points of KEM, KDF and AEAD, in that order; two bytes each on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// KEM, RFC 9180 §7.1: 0x647A is X-Wing.
    pub kem: u16,
    /// KDF, RFC 9180 §7.2: 1 is HKDF-SHA-256.
    pub kdf: u16,
    /// AEAD, RFC 9180 §7.3: 2 is AES-256-GCM.
    pub aead: u16,
}

const X_WING: (&str, u16) = ("X-Wing", 0x647a);
const MLKEM768_P256: (&str, u16) = ("MLKEM768-P256", 0x0050);
const MLKEM1024_P384: (&str, u16) = ("MLKEM1024-P384", 0x0051);
const X25519: (&str, u16) = ("X25519", 0x0020);
const P256: (&str, u16) = ("P-256", 0x0010);
const P384: (&str, u16) = ("P-384", 0x0011);
const AES: (&str, u16) = ("AES-256-GCM", 0x0002);
const CHACHA: (&str, u16) = ("ChaCha20-Poly1305", 0x0003);

/// Hybrid suites, in the order in which they are offered and allowed where nobody says otherwise.
pub const HYBRID: &[Suite] = &[
    suite("X-Wing/HKDF-SHA-256/AES-256-GCM", X_WING, Hash::Sha256, AES),
    suite(
        "X-Wing/HKDF-SHA-256/ChaCha20-Poly1305",
        X_WING,
        Hash::Sha256,
        CHACHA,
    ),
    suite(
        "MLKEM1024-P384/HKDF-SHA-384/AES-256-GCM",
        MLKEM1024_P384,
        Hash::Sha384,
        AES,
    ),
    suite(
        "MLKEM1024-P384/HKDF-SHA-384/ChaCha20-Poly1305",
        MLKEM1024_P384,
        Hash::Sha384,
        CHACHA,
    ),
    suite(
        "MLKEM768-P256/HKDF-SHA-256/AES-256-GCM",
        MLKEM768_P256,
        Hash::Sha256,
        AES,
    ),
    suite(
        "MLKEM768-P256/HKDF-SHA-256/ChaCha20-Poly1305",
        MLKEM768_P256,
        Hash::Sha256,
        CHACHA,
    ),
];

/// Classical suites: a quantum computer breaks them, so each use needs an open exception.
pub const CLASSICAL: &[Suite] = &[
    suite("X25519/HKDF-SHA-256/AES-256-GCM", X25519, Hash::Sha256, AES),
    suite("P-384/HKDF-SHA-384/AES-256-GCM", P384, Hash::Sha384, AES),
    suite("P-256/HKDF-SHA-256/AES-256-GCM", P256, Hash::Sha256, AES),
];

const fn suite(
    name: &'static str,
    (kem, kem_code): (&'static str, u16),
    hash: Hash,
    (aead, aead_code): (&'static str, u16),
) -> Suite {
    Suite {
        name,
        code: Code {
            kem: kem_code,
            kdf: kdf_code(hash),
            aead: aead_code,
        },
        kem,
        hash,
        aead,
    }
}

/// RFC 9180 §7.2.
const fn kdf_code(hash: Hash) -> u16 {
    match hash {
        Hash::Sha256 => 0x0001,
        Hash::Sha384 => 0x0002,
        Hash::Sha512 => 0x0003,
    }
}

impl Suite {
    /// Every suite, hybrid ones first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        HYBRID.iter().chain(CLASSICAL)
    }

    /// Looks up a code; `None` where this side does not speak it.
    #[must_use]
    pub fn by_code(code: Code) -> Option<&'static Self> {
        Self::all().find(|suite| suite.code == code)
    }

    /// Looks up a name, or the name of a KEM alone, which means its first suite; case does not matter.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        let full = Self::all().find(|suite| suite.name.eq_ignore_ascii_case(name));
        full.or_else(|| Self::all().find(|suite| suite.kem.eq_ignore_ascii_case(name)))
    }

    /// The KEM.
    #[must_use]
    pub fn kem(&self) -> &'static Algorithm {
        Algorithm::by_name(self.kem).expect("a test finds the KEM of every suite in the table")
    }

    /// The AEAD that protects the session's messages.
    #[must_use]
    pub fn aead(&self) -> &'static Algorithm {
        Algorithm::by_name(self.aead).expect("a test finds the AEAD of every suite in the table")
    }

    /// True where the session's secrecy holds while either the classical or the post-quantum part holds.
    #[must_use]
    pub fn is_hybrid(&self) -> bool {
        HYBRID.iter().any(|suite| suite.code == self.code)
    }
}

impl std::fmt::Display for Suite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:04x}:{:04x}:{:04x}", self.kem, self.kdf, self.aead)
    }
}

#[cfg(test)]
mod tests {
    use hybridge_crypto::Status;

    use super::*;

    #[test]
    fn every_part_is_in_the_table_of_algorithms_and_stands_as_its_list_says() {
        for suite in HYBRID {
            assert_eq!(suite.kem().status, Status::Hybrid, "{suite}");
        }
        for suite in CLASSICAL {
            assert_eq!(suite.kem().status, Status::QuantumVulnerable, "{suite}");
        }
        for suite in Suite::all() {
            assert_eq!(suite.aead().name, suite.aead, "{suite}");
            assert_eq!(suite.is_hybrid(), suite.kem().status.resists_quantum(), "{suite}");
        }
    }

    #[test]
    fn a_name_says_the_parts_and_finds_the_suite_as_does_the_code() {
        for suite in Suite::all() {
            let kdf = suite.hash.hkdf_name();
            assert_eq!(suite.name, format!("{}/{kdf}/{}", suite.kem, suite.aead));
            assert_eq!(Suite::by_name(suite.name), Some(suite));
            assert_eq!(Suite::by_code(suite.code), Some(suite));
        }
    }

    #[test]
    fn the_name_of_a_kem_means_its_first_suite() {
        assert_eq!(Suite::by_name("x-wing"), HYBRID.first());
        assert_eq!(Suite::by_name("ML-KEM-768"), None);
    }
}
