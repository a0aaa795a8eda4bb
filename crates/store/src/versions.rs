//! The versions that the writer knows by heart, so that a precondition seldom needs the database.
//!
//! Exact, because nobody else writes; bounded, by forgetting the older half. Cleared whenever a transaction
//! is rolled back.

use std::collections::HashMap;

use crate::record::Id;

/// Identities per half; two halves of about 100 bytes each make at most 4 MB.
const HALF: usize = 16 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Versions {
    young: HashMap<Id, u64>,
    old: HashMap<Id, u64>,
}

impl Versions {
    /// The version of a record, 0 when it is absent; none when it is not known.
    pub(crate) fn find(&mut self, id: &Id) -> Option<u64> {
        if let Some(version) = self.young.get(id) {
            return Some(*version);
        }
        let version = self.old.remove(id)?;
        self.keep(id.clone(), version);
        Some(version)
    }

    pub(crate) fn keep(&mut self, id: Id, version: u64) {
        if self.young.len() >= HALF && !self.young.contains_key(&id) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, version);
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Table;

    #[test]
    fn the_newest_version_is_found_and_memory_is_bounded() {
        let id = |n: u64| Id::new(Table("key"), n.to_be_bytes());
        let mut versions = Versions::default();
        let most = u64::try_from(HALF).unwrap();
        for n in 0..3 * most {
            versions.keep(id(n), 1);
        }
        assert!(versions.young.len() + versions.old.len() <= 2 * HALF);
        assert_eq!(versions.find(&id(0)), None);
        assert_eq!(versions.find(&id(3 * most - 1)), Some(1));
        let aged = id(2 * most - 1);
        assert_eq!(versions.find(&aged), Some(1), "the old half still answers");
        versions.keep(aged.clone(), 2);
        for n in 0..most {
            versions.keep(id(10 * most + n), 1);
        }
        assert_eq!(versions.find(&aged), Some(2), "never an older version");
    }
}
