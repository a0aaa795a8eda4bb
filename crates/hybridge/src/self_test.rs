//! The self-tests of a process that will use keys, before it touches the first one.
//!
//! Every implemented algorithm is tested: which of them the store's keys need is not known before the seal is
//! open, and all known answers together take tens of milliseconds. A failure does not end the process. It
//! stays up to say what failed, and no key is used until it is started again.

use hybridge_crypto::Algorithm;
use hybridge_crypto::selftest::{self, Report};

use crate::clock;

/// Runs the known-answer tests. `rehearsal` names an algorithm whose test shall fail; no test can be made to
/// pass.
pub(crate) fn run(rehearsal: Option<&'static Algorithm>) -> Report {
    let started = clock::monotonic();
    let report = match rehearsal {
        Some(broken) => selftest::run_broken(selftest::implemented(), broken, &|| started.elapsed()),
        None => selftest::run(selftest::implemented(), &|| started.elapsed()),
    };
    match report.check() {
        Ok(()) => {
            let took_us = u64::try_from(report.took().as_micros()).unwrap_or(u64::MAX);
            tracing::debug!(tests = report.rows.len(), took_us, "self-tests passed");
        }
        Err(failed) => tracing::error!(%failed, "no key is used until the process is started again"),
    }
    report
}

/// Reads the name of an algorithm that is implemented.
///
/// # Errors
/// What is wrong with the name.
pub(crate) fn parse_algorithm(name: &str) -> Result<&'static Algorithm, String> {
    match Algorithm::by_name(name) {
        Some(algorithm) if algorithm.is_implemented() => Ok(algorithm),
        Some(algorithm) => Err(format!("{algorithm} is known by name, but not implemented here")),
        None => Err("there is no algorithm of this name".to_owned()),
    }
}
