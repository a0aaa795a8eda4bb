//! Welch's t-test over two classes of times, with the slow tail cropped at fixed percentiles.
//!
//! Cropping uses one limit for both classes, taken from all samples together, so that it cannot favour one.

use super::Times;

/// Percentiles of all samples above which times are left out, in percent.
pub const CROPS: [u8; 8] = [100, 99, 95, 90, 80, 70, 60, 50];

/// Crops below this many percent find leaks but say nothing about how small a leak would be found: what is
/// left of the times then hardly moves with their mean.
const CROP_RESOLVING: u8 = 90;

/// What one crop leaves of the two classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Percent of all samples; one of [`CROPS`].
    pub crop: u8,
    /// Samples, by class.
    pub samples: [usize; 2],
    /// Mean time in nanoseconds, by class.
    pub mean_ns: [f64; 2],
}

/// One comparison of the two classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    /// Welch's t; positive where the first class is slower.
    pub t: f64,
    /// Percent of all samples that were compared; one of [`CROPS`].
    pub crop: u8,
    /// Samples compared, by class.
    pub samples: [usize; 2],
    /// Mean time in nanoseconds, by class.
    pub mean_ns: [f64; 2],
    /// The smallest relative difference of the means that would have reached the threshold; 1 is 100 %.
    pub resolution: f64,
    /// What that resolution was computed from; often another crop than that of `t`.
    pub resolved: Compared,
}

/// The crop with the largest |t|; the resolution is the finest of those that keep [`CROP_RESOLVING`] percent.
pub(super) fn strongest(times: &Times) -> Statistic {
    let all = CROPS.map(|crop| at_crop(times, crop));
    let by_resolution = |one: &&Statistic, other: &&Statistic| one.resolution.total_cmp(&other.resolution);
    let resolving = all.iter().filter(|one| one.crop >= CROP_RESOLVING);
    let finest = resolving.min_by(by_resolution).unwrap_or(&all[0]);
    let by_t = |one: &&Statistic, other: &&Statistic| one.t.abs().total_cmp(&other.t.abs());
    let strongest = all.iter().max_by(by_t).copied().unwrap_or(all[0]);
    Statistic {
        resolution: finest.resolution,
        resolved: finest.resolved,
        ..strongest
    }
}

/// The comparison at one crop.
fn at_crop(times: &Times, crop: u8) -> Statistic {
    let limit = percentile(times, crop);
    let [a, b] = [&times.a, &times.b].map(|class| Moments::of(class, limit));
    let error = (a.variance / a.count + b.variance / b.count).sqrt();
    let mean = f64::midpoint(a.mean, b.mean);
    // Far apart classes are not cropped alike: what is left of the slow one is no sample of it.
    let alike = [(&times.a, a.kept), (&times.b, b.kept)]
        .iter()
        .all(|(class, kept)| 200 * kept >= usize::from(crop) * class.len());
    let (samples, mean_ns) = ([a.kept, b.kept], [a.mean, b.mean]);
    Statistic {
        t: if alike {
            quotient(a.mean - b.mean, error)
        } else {
            0.0
        },
        crop,
        samples,
        mean_ns,
        resolved: Compared {
            crop,
            samples,
            mean_ns,
        },
        resolution: if alike && error > 0.0 && mean > 0.0 {
            super::THRESHOLD * error / mean
        } else {
            f64::INFINITY
        },
    }
}

/// Without any spread every difference is certain, and none at all is silence.
fn quotient(difference: f64, error: f64) -> f64 {
    match difference / error {
        t if error > 0.0 => t,
        _ if error == 0.0 && difference != 0.0 => f64::INFINITY.copysign(difference),
        _ => 0.0,
    }
}

struct Moments {
    kept: usize,
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(class: &[f64], limit: f64) -> Self {
        let kept = || class.iter().filter(|time| **time <= limit);
        let number = kept().count();
        let count = f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let mean = kept().sum::<f64>() / count;
        let squares: f64 = kept().map(|time| (time - mean).powi(2)).sum();
        Self {
            kept: number,
            count,
            mean,
            variance: squares / (count - 1.0),
        }
    }
}

fn percentile(times: &Times, percent: u8) -> f64 {
    let mut all = [times.a.as_slice(), &times.b].concat();
    all.sort_by(f64::total_cmp);
    let rank = (all.len() * usize::from(percent)).div_ceil(100);
    let last = rank.saturating_sub(1);
    all.get(last).copied().unwrap_or(f64::INFINITY)
}
