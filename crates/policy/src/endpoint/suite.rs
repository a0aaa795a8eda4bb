//! What is wrong with a TLS cipher suite, read from its registered name.
//!
//! The registry's names say enough, so policy needs no table of suites; unknown names have no weakness.

/// A weakness that makes a suite unacceptable today (RFC 9325 §4.1, RFC 7465).
pub(super) fn broken(suite: &str) -> Option<&'static str> {
    const MARKS: [(&str, &str); 9] = [
        ("_NULL_", "does not encrypt"),
        ("_EXPORT_", "uses export-grade keys"),
        ("_anon_", "does not authenticate the server"),
        ("_RC4_", "uses RC4"),
        ("_RC2_", "uses RC2"),
        ("_DES_", "uses DES"),
        ("_DES40_", "uses DES"),
        ("_3DES_", "uses 3DES, with blocks of 64 bits"),
        ("_IDEA_", "uses IDEA, with blocks of 64 bits"),
    ];
    MARKS
        .iter()
        .find(|(mark, _)| suite.contains(mark))
        .map(|(_, weakness)| *weakness)
}

/// Whether the key exchange lacks forward secrecy: static RSA or static Diffie-Hellman.
pub(super) fn static_key_exchange(suite: &str) -> bool {
    [
        "TLS_RSA_WITH_",
        "TLS_DH_RSA_",
        "TLS_DH_DSS_",
        "TLS_ECDH_RSA_",
        "TLS_ECDH_ECDSA_",
    ]
    .iter()
    .any(|prefix| suite.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{broken, static_key_exchange};

    #[test]
    fn reads_weaknesses_from_the_name() {
        let cases = [
            ("TLS_RSA_WITH_NULL_SHA256", true, true),
            ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", true, false),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", true, true),
            ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", true, false),
            ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", true, false),
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", false, true),
            ("TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", false, true),
            ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false, false),
            ("TLS_AES_256_GCM_SHA384", false, false),
        ];
        for (suite, weak, no_forward_secrecy) in cases {
            assert_eq!(broken(suite).is_some(), weak, "{suite}");
            assert_eq!(static_key_exchange(suite), no_forward_secrecy, "{suite}");
        }
    }
}
