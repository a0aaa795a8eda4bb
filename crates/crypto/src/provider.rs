//! Which primitive library is behind this build, in its own words.
//!
//! It reports versions and nothing else: no version number is a claim about a certificate.

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
