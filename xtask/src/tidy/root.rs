//! The root of the repository stays small enough to be read at a glance.
//!
//! Counts files and folders directly under the root that hold at least one file of the tree.

use std::collections::BTreeSet;

use super::violation::Violation;

const ENTRIES_MAX: usize = 20;

pub(crate) fn check(paths: &[String]) -> Vec<Violation> {
    let entries: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('/').next()).collect();
    if entries.len() <= ENTRIES_MAX {
        return Vec::new();
    }
    let names = entries.iter().copied().collect::<Vec<_>>().join(", ");
    vec![Violation::error(
        ".",
        1,
        format!(
            "{} entries in the root, {ENTRIES_MAX} at most: {names}",
            entries.len()
        ),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Vec<String> {
        (0..count)
            .flat_map(|index| [format!("{index}/a"), format!("{index}/b")])
            .collect()
    }

    #[test]
    fn counts_entries_and_not_files() {
        assert!(check(&entries(20)).is_empty());
        assert_eq!(check(&entries(21)).len(), 1);
    }
}
