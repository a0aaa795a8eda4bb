//! How many descriptors a process may have here, and how many connections that allows.
//! The hard limit is taken as it is: fewer connections are made, and that is said.

use std::fs;

use anyhow::Context as _;

/// Descriptors of the edge that are not connections: listeners, runtimes, the API, logs.
const OTHER: usize = 200;

/// The hard limit: what a child may raise its own limit to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) descriptors: usize,
}

impl Limits {
    /// Reads it from /proc/self/limits.
    pub(super) fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string("/proc/self/limits").context("cannot read /proc/self/limits")?;
        let descriptors = hard(&text).context("/proc/self/limits has no line for open files")?;
        Ok(Self { descriptors })
    }

    /// The connections that fit: each needs two descriptors of the edge. Says so when they are fewer.
    pub(super) fn scale(&self, asked: usize) -> usize {
        let fit = self.descriptors.saturating_sub(OTHER) / 2;
        if fit < asked {
            crate::say(&format!(
                "soak: the hard limit of open files is {}: {asked} connections need {}; {fit} are made. \
                 Raise it (ulimit -Hn, or LimitNOFILE= of the service manager) for all of them.",
                self.descriptors,
                2 * asked + OTHER
            ));
        }
        asked.min(fit)
    }
}

fn hard(text: &str) -> Option<usize> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let hard = line.split_whitespace().nth(1)?;
    if hard == "unlimited" {
        Some(usize::MAX / 4)
    } else {
        hard.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_is_the_second_number() {
        let text = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024    20000    files\n";
        assert_eq!(hard(text), Some(20_000));
        assert_eq!(hard("nothing"), None);
    }

    #[test]
    fn two_descriptors_for_each_connection_must_fit() {
        let limits = Limits { descriptors: 20_000 };
        assert_eq!(limits.scale(10_000), 9_900);
        assert_eq!(limits.scale(500), 500);
    }
}
