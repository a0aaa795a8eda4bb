//! `hybridge selftest`: asks the cryptography of this program whether it still computes what it should.
//! The tests are `crypto`'s; here are arguments, progress, the table and the JSON.

use std::time::Duration;

use clap::Args;
use hybridge_crypto::selftest::{self, Report};
use hybridge_crypto::timing::{self, Bench, Measurement, Target};
use hybridge_crypto::{Algorithm, Kind as Use};

use crate::command_error::{CommandError, Ending, Kind};
use crate::service::ServiceArgs;
use crate::{clock, self_test, terminal};

mod json;
mod running;
mod table;

/// Test the cryptography of this program
///
/// Computes a known answer for every implemented algorithm: KEMs decapsulate a fixed ciphertext and
/// one that must be rejected, signature algorithms verify a fixed signature and (SLH-DSA aside) refuse
/// it under another message, ciphers, MACs, hashes and key derivation give published results. The answers are
/// compiled in and come from other implementations. A server runs the same tests when it starts, and
/// refuses every cryptographic service after a failure.
///
/// With --timing it also measures, for some seconds, whether operations with secrets take the same time
/// for inputs that nobody may tell apart (a Welch t-test after dudect). "quiet" means that no difference
/// was seen by a clock that would have shown one; "inconclusive", that this machine is too noisy to say
/// so. It is evidence about this program on this machine, and no proof.
///
/// Ends with exit code 1 when a test fails, or when a measurement is a leak or inconclusive.
#[derive(Args, Debug)]
pub(crate) struct Selftest {
    /// Test only this algorithm (may be given more than once)
    #[arg(long, value_name = "NAME", value_parser = self_test::parse_algorithm)]
    algorithm: Vec<&'static Algorithm>,

    /// Also make a key of each kind and test that its halves belong together (RSA takes seconds)
    #[arg(long)]
    pairwise: bool,

    /// Also look for timing leaks
    #[arg(long)]
    timing: bool,

    /// Samples in one round of --timing
    #[arg(long, value_name = "NUMBER", default_value_t = 50_000, requires = "timing",
          value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    samples: u32,

    /// Change one bit before the test of this algorithm, to see what a failure does
    #[arg(long, value_name = "NAME", value_parser = self_test::parse_algorithm)]
    fail: Option<&'static Algorithm>,

    /// Have the running service test itself instead: all algorithms, known answers
    ///
    /// It writes the result into its audit log. A service whose cryptography is switched off says what did
    /// that; "refused" means that the test was not tried any more.
    #[arg(long, conflicts_with_all = ["algorithm", "pairwise", "timing", "fail"])]
    running: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Everything one run of the command found.
struct Findings {
    report: Report,
    timing: Vec<Measurement>,
}

impl Findings {
    fn good(&self) -> bool {
        let quiet = |one: &Measurement| one.verdict == timing::Verdict::Quiet;
        self.report.passed() && self.timing.iter().all(quiet)
    }
}

impl Selftest {
    pub(crate) fn run(self) -> Result<Ending, CommandError> {
        if self.running {
            return running::run(&self.service);
        }
        let started = clock::monotonic();
        let clock = || started.elapsed();
        let findings = self.find(&clock);
        terminal::progress("");
        let findings = findings?;
        let text = if self.service.json {
            json::render(&findings)?
        } else {
            table::render(&findings, terminal::output_colour())
        };
        terminal::print(&text)?;
        Ok(if findings.good() {
            Ending::Done
        } else {
            Ending::Negative
        })
    }

    fn find(&self, clock: &dyn Fn() -> Duration) -> Result<Findings, CommandError> {
        let chosen = self.chosen();
        let mut report = match self.fail {
            Some(broken) => selftest::run_broken(chosen.iter().copied(), broken, clock),
            None => selftest::run(chosen.iter().copied(), clock),
        };
        if self.pairwise {
            for algorithm in chosen.iter().copied().filter(|one| has_pairs(one)) {
                terminal::progress(&format!("making a key of {algorithm}"));
                report.rows.extend(selftest::pairwise([algorithm], clock).rows);
            }
        }
        let timing = self.measure(&chosen, clock)?;
        Ok(Findings { report, timing })
    }

    /// What was asked for and what is to fail; everything where nothing was asked for.
    fn chosen(&self) -> Vec<&'static Algorithm> {
        if self.algorithm.is_empty() {
            return selftest::implemented().collect();
        }
        let mut chosen = self.algorithm.clone();
        chosen.extend(self.fail.filter(|broken| !chosen.contains(broken)));
        chosen
    }

    fn measure(
        &self,
        chosen: &[&'static Algorithm],
        clock: &dyn Fn() -> Duration,
    ) -> Result<Vec<Measurement>, CommandError> {
        if !self.timing {
            return Ok(Vec::new());
        }
        let asked = |target: &Target| chosen.iter().any(|one| one.name == target.algorithm());
        let measure = |target: Target| {
            let samples = usize::try_from(self.samples).unwrap_or(usize::MAX);
            let show = |done: usize| terminal::progress(&watching(target, done, samples));
            let bench = Bench {
                samples,
                clock,
                progress: &show,
            };
            let measured = timing::measure(target, &bench);
            measured.map_err(|error| CommandError::new(Kind::Internal, error))
        };
        Target::ALL.into_iter().filter(asked).map(measure).collect()
    }
}

fn has_pairs(algorithm: &Algorithm) -> bool {
    matches!(algorithm.kind, Use::Kem | Use::KeyAgreement | Use::Signature)
}

fn watching(target: Target, done: usize, samples: usize) -> String {
    let [one, other] = target.classes();
    let percent = done * 100 / samples.max(1);
    format!(
        "timing {} {}, {one} or {other}: {percent} %",
        target.algorithm(),
        target.operation()
    )
}
