//! The test is tested: what leaks is found, what does not leak is not accused, and noise is no verdict.
//!
//! Most tests run against a clock that the subject itself moves, so they are exact and take no time.

use core::cell::Cell;
use core::time::Duration;
use std::hint::black_box;
use std::time::Instant;

use super::{Bench, Class, Compared, Statistic, Subject, Target, Verdict, confirmed, judge, measure};

/// Takes `base` ± `noise` nanoseconds, and `extra` more in class A.
struct Simulated<'a> {
    now: &'a Cell<u64>,
    base: u64,
    noise: u64,
    extra: u64,
    class: Class,
    state: u64,
}

impl Subject for Simulated<'_> {
    fn prepare(&mut self, class: Class) {
        self.class = class;
    }

    fn run(&mut self) {
        // Knuth's MMIX generator: noise, not randomness.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let noise = (self.state >> 33) % (self.noise + 1);
        // One run in 32 is interrupted, as on a real machine.
        let interrupted = if self.state >> 59 == 0 { 50_000 } else { 0 };
        let extra = if self.class == Class::A { self.extra } else { 0 };
        self.now
            .set(self.now.get() + self.base + noise + interrupted + extra);
    }
}

fn simulate(base: u64, noise: u64, extra: u64) -> Verdict {
    let now = Cell::new(0);
    let mut subject = Simulated {
        now: &now,
        base,
        noise,
        extra,
        class: Class::A,
        state: 7,
    };
    let bench = Bench {
        samples: 20_000,
        clock: &|| Duration::from_nanos(now.get()),
        progress: &|_done| {},
    };
    judge(&mut subject, &bench).expect("randomness").1
}

#[test]
fn a_difference_of_one_percent_is_a_leak_under_noise_and_interruptions() {
    assert_eq!(simulate(10_000, 500, 100), Verdict::Leak);
}

#[test]
fn without_a_difference_all_is_quiet() {
    assert_eq!(simulate(10_000, 500, 0), Verdict::Quiet);
}

#[test]
fn noise_that_would_hide_a_leak_is_inconclusive_and_does_not_pass() {
    assert_eq!(simulate(100, 100_000, 0), Verdict::Inconclusive);
}

#[test]
fn a_clock_that_stands_still_is_inconclusive() {
    let bench = Bench {
        samples: 1000,
        clock: &|| Duration::ZERO,
        progress: &|_done| {},
    };
    let measured = measure(Target::MacTag, &bench).expect("measured");
    assert_eq!(measured.verdict, Verdict::Inconclusive);
}

#[test]
fn a_difference_must_come_again_and_point_the_same_way() {
    let round = |t| Statistic {
        t,
        crop: 90,
        samples: [1000, 1000],
        mean_ns: [1.0, 1.0],
        resolution: 0.001,
        resolved: Compared {
            crop: 90,
            samples: [1000, 1000],
            mean_ns: [1.0, 1.0],
        },
    };
    let check = |ts: [f64; 3], expected| assert_eq!(confirmed(&ts.map(round)), expected, "{ts:?}");
    check([5.0, 6.0, 4.6], Verdict::Leak);
    check([-5.0, -6.0, -4.6], Verdict::Leak);
    check([5.0, -6.0, 5.0], Verdict::Inconclusive);
    check([5.0, 1.0, 5.0], Verdict::Inconclusive);
    check([5.0, 1.0, -1.0], Verdict::Quiet);
    let noisy = Statistic {
        resolution: 0.5,
        ..round(1.0)
    };
    assert_eq!(confirmed(&[round(5.0), noisy, noisy]), Verdict::Inconclusive);
}

/// The comparison that every textbook warns of: it stops at the first difference.
struct EarlyExit {
    secret: Vec<u8>,
    guesses: [Vec<u8>; 2],
    current: Vec<u8>,
}

impl Subject for EarlyExit {
    fn prepare(&mut self, class: Class) {
        let [a, b] = &self.guesses;
        self.current
            .copy_from_slice(if class == Class::A { a } else { b });
    }

    fn run(&mut self) {
        for (byte, guess) in self.secret.iter().zip(&self.current) {
            if black_box(byte) != black_box(guess) {
                return;
            }
        }
    }
}

/// The control: with the machine's own clock, a leaky comparison is found.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the control needs the machine's own clock"
)]
fn a_comparison_that_stops_at_the_first_difference_is_found() {
    let secret = vec![0x5a; 1024];
    let wrong_at = |index: usize| {
        let mut guess = secret.clone();
        guess[index] ^= 1;
        guess
    };
    let mut subject = EarlyExit {
        guesses: [wrong_at(0), wrong_at(1023)],
        current: secret.clone(),
        secret,
    };
    let started = Instant::now();
    let bench = Bench {
        samples: 4000,
        clock: &|| started.elapsed(),
        progress: &|_done| {},
    };
    let (rounds, verdict) = judge(&mut subject, &bench).expect("randomness");
    assert_eq!(verdict, Verdict::Leak, "{rounds:?}");
    assert!(
        rounds[0].t < 0.0,
        "the first byte wrong is the fast one: {rounds:?}"
    );
}

/// Every target can be set up and run. What it says depends on the machine; `hybridge selftest --timing` asks.
#[test]
#[expect(clippy::disallowed_methods, reason = "times real operations")]
fn every_target_is_measured_with_both_classes() {
    let started = Instant::now();
    for target in Target::ALL {
        let bench = Bench {
            samples: 300,
            clock: &|| started.elapsed(),
            progress: &|_done| {},
        };
        let measured = measure(target, &bench).expect("measured");
        let first = measured.rounds[0];
        assert!(
            first.samples.iter().all(|count| *count > 30),
            "{target:?} {first:?}"
        );
        assert!(
            first.mean_ns.iter().all(|mean| *mean > 50.0),
            "{target:?} {first:?}"
        );
    }
}

#[test]
fn progress_is_heard_up_to_the_end() {
    let heard = Cell::new(0);
    let bench = Bench {
        samples: 1000,
        clock: &|| Duration::ZERO,
        progress: &|done| heard.set(done),
    };
    measure(Target::AeadTag, &bench).expect("measured");
    assert_eq!(heard.get(), 900);
}

#[test]
fn the_means_beside_a_resolution_are_those_it_was_computed_from() {
    // A difference that shows only in the fast half; the slow half is one time, the same for both.
    let class = |fast: u32| -> Vec<f64> {
        let times = (0..1000).map(|at| if at % 2 == 0 { fast + at % 7 } else { 900 + at % 5 });
        times.map(f64::from).collect()
    };
    let times = super::Times {
        a: class(100),
        b: class(102),
    };
    let found = super::welch::strongest(&times);
    assert!(found.crop < 90, "{found:?}");
    let Compared {
        crop,
        samples,
        mean_ns: [a, b],
    } = found.resolved;
    assert!(crop >= 90 && samples != found.samples, "{found:?}");
    assert!(a > 400.0 && b > 400.0, "means over the slow half, too: {found:?}");
}
