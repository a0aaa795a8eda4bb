//! The error state: after a failed self-test nothing that makes, loads or uses a key works any more.
//!
//! Rules: one state for the whole process, entered once and left only by a restart; the first failure is the
//! one that is reported. Every operation with a key calls [`check`] first, which costs one relaxed load.
//! Digests of public bytes and the random generator's raw output are not key operations and go on.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static FAILED: AtomicBool = AtomicBool::new(false);
static FIRST: OnceLock<Failed> = OnceLock::new();

/// Passes unless a self-test failed in this process.
///
/// # Errors
/// [`Failed`] with the first failure.
#[inline]
pub fn check() -> Result<(), Failed> {
    if FAILED.load(Ordering::Relaxed) {
        return Err(first());
    }
    Ok(())
}

/// Enters the error state and returns the failure that is reported from now on.
pub fn fail(algorithm: &'static str, test: Test) -> Failed {
    let first = FIRST.get_or_init(|| Failed { algorithm, test });
    FAILED.store(true, Ordering::Relaxed);
    *first
}

/// The first failure, or `None` while all is well.
#[must_use]
pub fn failure() -> Option<Failed> {
    FIRST.get().copied()
}

#[cold]
fn first() -> Failed {
    // `fail` stores the reason before the flag; a reader on another core may see them in the other order.
    *FIRST.wait()
}

/// Which self-test of which algorithm failed; from then on every cryptographic service is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cryptography is switched off: the {test} of {algorithm} failed")]
pub struct Failed {
    /// Name of the algorithm.
    pub algorithm: &'static str,
    /// The test that failed.
    pub test: Test,
}

/// A kind of self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// A fixed input gives the published output.
    KnownAnswer,
    /// The two halves of a new key pair belong together.
    PairwiseConsistency,
    /// A signature just made verifies under its own public key.
    VerifyAfterSign,
}

impl Test {
    /// The name for tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KnownAnswer => "known answer",
            Self::PairwiseConsistency => "pairwise consistency",
            Self::VerifyAfterSign => "verify after sign",
        }
    }
}

impl std::fmt::Display for Test {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} test", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{Failed, Test};

    #[test]
    fn a_failure_names_the_algorithm_and_the_test() {
        let failed = Failed {
            algorithm: "ML-KEM-768",
            test: Test::PairwiseConsistency,
        };
        assert_eq!(
            failed.to_string(),
            "cryptography is switched off: the pairwise consistency test of ML-KEM-768 failed"
        );
    }
}
