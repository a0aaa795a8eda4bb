//! What `--version` says: ours, and whose code computes.
//! Versions describe what was built; they claim no validation.

use std::sync::OnceLock;

/// `0.1.0`.
pub(crate) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// The version of the TLS library in the lock file that this build used.
const RUSTLS: &str = env!("HYBRIDGE_RUSTLS_VERSION");

/// The version with those of the providers, one line each.
pub(crate) fn long() -> &'static str {
    static LONG: OnceLock<String> = OnceLock::new();
    LONG.get_or_init(|| {
        let provider = hybridge_crypto::provider::versions();
        format!("{SHORT}\nprimitives: {provider}\nTLS: rustls {RUSTLS}")
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_the_libraries_and_claims_no_validation() {
        let text = super::long();
        let versions: Vec<_> = text
            .split_whitespace()
            .filter(|word| word.contains('.'))
            .collect();
        assert_eq!(versions.len(), 4, "{text}");
        assert!(text.contains("AWS-LC") && text.contains("rustls 0."), "{text}");
        assert!(!text.to_lowercase().contains("fips"), "{text}");
    }
}
