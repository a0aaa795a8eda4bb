//! A statistical test for timing leaks, after dudect (Reparaz, Balasch, Verbauwhede, DATE 2017).
//!
//! Two classes of input that an attacker must not tell apart run in random order; Welch's t-test compares
//! their times, over all samples and with slow ones cropped at fixed percentiles. What looks like a leak is
//! measured again before it is called one, and what is too noisy to say anything is called inconclusive, not
//! passed. It finds leaks on this machine; it proves no absence. The clock is an argument.

mod target;
mod welch;

use crate::random::{self, RandomError};
use crate::selftest::Clock;

pub use target::{Error, Target};
pub use welch::{CROPS, Compared, Statistic};

/// A difference whose |t| reaches this is taken for real, if it comes again (dudect §2.3).
pub const THRESHOLD: f64 = 4.5;
/// The smallest relative difference that must be visible for a measurement to say anything.
pub const RESOLUTION_MAX: f64 = 0.02;

/// What one target showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured.
    pub target: Target,
    /// The strongest statistic of each round.
    pub rounds: Vec<Statistic>,
    /// What follows from them.
    pub verdict: Verdict,
}

/// What a measurement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// No difference between the classes, by a clock that would have shown one.
    Quiet,
    /// The same difference in every round.
    Leak,
    /// Differences that came and went, or too much noise to see one.
    Inconclusive,
}

impl Verdict {
    /// The word for tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Leak => "leak",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// How often to measure, and by what.
pub struct Bench<'a> {
    /// Samples in a round, both classes together; a tenth more is thrown away as warm-up.
    pub samples: usize,
    /// Reads the time.
    pub clock: Clock<'a>,
    /// Hears how many samples of the round are done.
    pub progress: &'a dyn Fn(usize),
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Bench({} samples)", self.samples)
    }
}

/// Measures one target: one round, and two more where the first shows a difference.
///
/// # Errors
/// [`Error`] when the target cannot be set up: the error state, or no randomness.
pub fn measure(target: Target, bench: &Bench<'_>) -> Result<Measurement, Error> {
    let mut subject = target.subject()?;
    let (rounds, verdict) = judge(&mut *subject, bench)?;
    Ok(Measurement {
        target,
        rounds,
        verdict,
    })
}

/// Which of the two kinds of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    A,
    B,
}

/// Something that takes time, with two kinds of input.
trait Subject {
    /// Puts an input of this kind in place; not timed.
    fn prepare(&mut self, class: Class);

    /// Does the work with it; timed.
    fn run(&mut self);
}

const ROUNDS: usize = 3;

fn judge(subject: &mut dyn Subject, bench: &Bench<'_>) -> Result<(Vec<Statistic>, Verdict), RandomError> {
    let first = welch::strongest(&round(subject, bench)?);
    if first.t.abs() < THRESHOLD {
        let verdict = if first.resolution <= RESOLUTION_MAX {
            Verdict::Quiet
        } else {
            Verdict::Inconclusive
        };
        return Ok((vec![first], verdict));
    }
    let mut rounds = vec![first];
    while rounds.len() < ROUNDS {
        rounds.push(welch::strongest(&round(subject, bench)?));
    }
    let verdict = confirmed(&rounds);
    Ok((rounds, verdict))
}

/// What the rounds after a suspicious first one say about it.
fn confirmed(rounds: &[Statistic]) -> Verdict {
    let Some((first, again)) = rounds.split_first() else {
        return Verdict::Inconclusive;
    };
    let differs = |round: &Statistic| round.t.abs() >= THRESHOLD;
    let same_way = |round: &Statistic| round.t.is_sign_positive() == first.t.is_sign_positive();
    if again.iter().all(|round| differs(round) && same_way(round)) {
        Verdict::Leak
    } else if again
        .iter()
        .all(|round| !differs(round) && round.resolution <= RESOLUTION_MAX)
    {
        Verdict::Quiet
    } else {
        Verdict::Inconclusive
    }
}

/// Times of both classes in nanoseconds.
#[derive(Clone, Debug, Default)]
struct Times {
    a: Vec<f64>,
    b: Vec<f64>,
}

fn round(subject: &mut dyn Subject, bench: &Bench<'_>) -> Result<Times, RandomError> {
    const STEP: usize = 500;
    let warm_up = bench.samples / 10;
    let mut coins = vec![0; warm_up + bench.samples];
    random::fill(&mut coins)?;
    let mut times = Times::default();
    for (done, coin) in coins.into_iter().enumerate() {
        let class = if coin & 1 == 0 { Class::A } else { Class::B };
        let took = sample(subject, class, bench.clock);
        if done % STEP == 0 {
            (bench.progress)(done.saturating_sub(warm_up));
        }
        match class {
            _ if done < warm_up => {}
            Class::A => times.a.push(took),
            Class::B => times.b.push(took),
        }
    }
    Ok(times)
}

fn sample(subject: &mut dyn Subject, class: Class, clock: Clock<'_>) -> f64 {
    subject.prepare(class);
    let started = clock();
    subject.run();
    clock().saturating_sub(started).as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests;
