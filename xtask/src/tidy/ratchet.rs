//! The ratchet: what is longer than the rule allows, by how much, and nothing more.
//!
//! An entry may only shrink. One that allows more than the code needs is a violation that says the new
//! number, so whoever shortens a file also takes the slack away.

use std::collections::BTreeMap;

use serde::Deserialize;

pub(crate) const PATH: &str = "xtask/ratchet.toml";

/// Lines above the hard limit that are allowed, by place.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ratchet {
    /// By path.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, usize>,
    /// By `path::function`.
    #[serde(default)]
    pub(crate) functions: BTreeMap<String, usize>,
}

impl Ratchet {
    /// # Errors
    /// Text that is not TOML, or that has a table or a value the ratchet does not know.
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_file_allows_nothing() {
        let ratchet = Ratchet::parse("").expect("empty text is valid TOML");
        assert!(ratchet.files.is_empty() && ratchet.functions.is_empty());
    }

    #[test]
    fn refuses_a_table_it_does_not_know() {
        assert!(Ratchet::parse("[modules]\n\"a.rs\" = 1").is_err());
        assert!(Ratchet::parse("[files]\n\"a.rs\" = -1").is_err());
    }
}
