//! Signature schemes (RFC 8446 §4.2.3, RFC 8734, draft-ietf-tls-mldsa).
//! The pairs of hash and algorithm of TLS 1.2 go by their TLS 1.3 names, or by names made likewise.

use crate::code_point::code_points;

code_points! {
    /// A signature scheme: an algorithm with its hash, or in TLS 1.2 a pair of both.
    SignatureScheme, "signature scheme", aliases ALIASES,
    {
        rsa_pkcs1_md5 = 0x0101,
        rsa_pkcs1_sha1 = 0x0201,
        dsa_sha1 = 0x0202,
        ecdsa_sha1 = 0x0203,
        rsa_pkcs1_sha224 = 0x0301,
        dsa_sha224 = 0x0302,
        ecdsa_sha224 = 0x0303,
        rsa_pkcs1_sha256 = 0x0401,
        dsa_sha256 = 0x0402,
        ecdsa_secp256r1_sha256 = 0x0403,
        rsa_pkcs1_sha384 = 0x0501,
        dsa_sha384 = 0x0502,
        ecdsa_secp384r1_sha384 = 0x0503,
        rsa_pkcs1_sha512 = 0x0601,
        dsa_sha512 = 0x0602,
        ecdsa_secp521r1_sha512 = 0x0603,
        sm2sig_sm3 = 0x0708,
        rsa_pss_rsae_sha256 = 0x0804,
        rsa_pss_rsae_sha384 = 0x0805,
        rsa_pss_rsae_sha512 = 0x0806,
        ed25519 = 0x0807,
        ed448 = 0x0808,
        rsa_pss_pss_sha256 = 0x0809,
        rsa_pss_pss_sha384 = 0x080a,
        rsa_pss_pss_sha512 = 0x080b,
        ecdsa_brainpoolP256r1tls13_sha256 = 0x081a,
        ecdsa_brainpoolP384r1tls13_sha384 = 0x081b,
        ecdsa_brainpoolP512r1tls13_sha512 = 0x081c,
        mldsa44 = 0x0904,
        mldsa65 = 0x0905,
        mldsa87 = 0x0906,
    }
}

/// Spellings of FIPS 204 beside the registry's.
const ALIASES: &[(&str, u16)] = &[
    ("ML-DSA-44", 0x0904),
    ("ML-DSA-65", 0x0905),
    ("ML-DSA-87", 0x0906),
];

impl SignatureScheme {
    /// Whether the signature resists a quantum computer.
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.0, 0x0904..=0x0906)
    }
}
