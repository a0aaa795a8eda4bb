//! Which implementation does what: one plain table of everything this build can do.
//!
//! Every lookup of an algorithm ends here or in one of the tables named here; what is not listed is not
//! implemented, and an error says so by name. Adding an algorithm is one file and one line in its table.
//! Version numbers are facts about the code that runs and no claim about a certificate.

use crate::Algorithm;
use crate::aead::{self, Aead};
use crate::kem::{self, Kem};
use crate::mac::{self, Mac};
use crate::sign::{self, Scheme};

/// Everything that is implemented, by what it is used for.
#[derive(Clone, Copy)]
pub struct Provider {
    /// Key-encapsulation mechanisms.
    pub kems: &'static [&'static dyn Kem],
    /// Signature algorithms, family by family.
    pub signatures: &'static [&'static [&'static dyn Scheme]],
    /// Authenticated encryption.
    pub aeads: &'static [&'static dyn Aead],
    /// Message authentication codes.
    pub macs: &'static [&'static dyn Mac],
    /// Names of what is a function and has no key object: hashes, key derivation, secret sharing.
    pub functions: &'static [&'static str],
}

/// The one provider: AWS-LC, and RustCrypto where AWS-LC has no such algorithm.
pub static PROVIDER: Provider = Provider {
    kems: kem::ALL,
    signatures: sign::SCHEMES,
    aeads: aead::ALL,
    macs: mac::ALL,
    functions: &[
        "SHA-256",
        "SHA-384",
        "SHA-512",
        "SHA3-256",
        "SHA3-384",
        "SHA3-512",
        "SHAKE256",
        "HKDF-SHA-256",
        "HKDF-SHA-384",
        "HKDF-SHA-512",
        "Argon2id",
        "Shamir-GF256",
    ],
};

impl Provider {
    /// Names of everything that is implemented.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let kems = self.kems.iter().map(|kem| kem.name());
        let signatures = self.signatures.iter().copied().flatten();
        let aeads = self.aeads.iter().map(|aead| aead.name());
        let macs = self.macs.iter().map(|mac| mac.name());
        kems.chain(signatures.map(|scheme| scheme.name()))
            .chain(aeads)
            .chain(macs)
            .chain(self.functions.iter().copied())
    }

    /// Everything that is implemented, with its entry in the table of algorithms.
    pub fn algorithms(&self) -> impl Iterator<Item = &'static Algorithm> {
        self.names().filter_map(Algorithm::by_name)
    }

    /// True where the algorithm can be used, not only named.
    #[must_use]
    pub fn implements(&self, algorithm: &Algorithm) -> bool {
        self.names().any(|name| name == algorithm.name)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

impl Algorithm {
    /// True where this build can use the algorithm, not only name it.
    #[must_use]
    pub fn is_implemented(&self) -> bool {
        PROVIDER.implements(self)
    }
}

/// The primitive library and its Rust binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The C library that computes, `AWS-LC`.
    pub library: &'static str,
    /// Its version as it reports it at run time, digits and dots.
    pub library_version: &'static str,
    /// Version of the `aws-lc-rs` binding in the lock file that this build used, or `unknown`.
    pub binding_version: &'static str,
}

/// Versions of the provider. They describe the code that runs, and claim nothing about certificates.
#[must_use]
pub fn versions() -> Versions {
    Versions {
        library: "AWS-LC",
        library_version: aws_lc_rs::awslc_version().trim_end_matches(')'),
        binding_version: env!("HYBRIDGE_AWS_LC_RS_VERSION"),
    }
}

impl std::fmt::Display for Versions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} {} (aws-lc-rs {})",
            self.library, self.library_version, self.binding_version
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::PROVIDER;
    use crate::Algorithm;

    #[test]
    fn every_implementation_has_its_own_entry_in_the_table() {
        let names: Vec<_> = PROVIDER.names().collect();
        let unique: HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{names:?}");
        for name in names {
            assert_eq!(Algorithm::by_name(name).map(|found| found.name), Some(name));
        }
    }

    #[test]
    fn what_is_only_named_is_not_implemented() {
        for name in ["X-Wing", "ML-DSA-65", "AES-256-GCM", "HMAC-SHA-512", "Argon2id"] {
            assert!(Algorithm::by_name(name).expect(name).is_implemented(), "{name}");
        }
        for name in ["sntrup761", "X448", "RSA", "AES-128-GCM", "ffdhe2048"] {
            assert!(!Algorithm::by_name(name).expect(name).is_implemented(), "{name}");
        }
    }

    fn is_version(text: &str) -> bool {
        text.split('.').count() >= 3 && text.split('.').all(|part| part.parse::<u32>().is_ok())
    }

    #[test]
    fn names_real_versions_and_claims_no_validation() {
        let versions = super::versions();
        assert!(is_version(versions.library_version), "{versions}");
        assert!(is_version(versions.binding_version), "{versions}");
        assert!(
            !versions.to_string().to_lowercase().contains("fips"),
            "{versions}"
        );
    }
}
