//! Names of backups: they sort by time, and say which store they are of.
//!
//! `20261122T034512.345Z-0123abcd` is the name; files add `.backup` and `.manifest.json` to it.

use hybridge_store::StoreId;
use jiff::Timestamp;

const CONTAINER: &str = ".backup";
const MANIFEST: &str = ".manifest.json";
/// Digits of the store's id in a name.
const STORE_LEN: usize = 8;

/// The name of a backup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name of a backup of a store, taken at a time (to the millisecond, UTC).
    #[must_use]
    pub fn new(store: StoreId, taken: Timestamp) -> Self {
        let store = &store.to_string()[..STORE_LEN];
        Self(format!("{}-{store}", taken.strftime("%Y%m%dT%H%M%S%.3fZ")))
    }

    /// Reads a name as it is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (time, store) = text.split_once('-')?;
        let shape = |(place, byte): (usize, u8)| match place {
            8 => byte == b'T',
            15 => byte == b'.',
            19 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        let is_time = time.len() == 20 && time.bytes().enumerate().all(shape);
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_store = store.len() == STORE_LEN && store.bytes().all(is_hex);
        (is_time && is_store).then(|| Self(text.to_owned()))
    }

    /// The name that a manifest's file carries.
    #[must_use]
    pub fn of_manifest(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(MANIFEST)?)
    }

    /// The name that a container's file carries.
    #[must_use]
    pub fn of_container(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(CONTAINER)?)
    }

    /// True where the name says this store.
    #[must_use]
    pub fn is_of(&self, store: StoreId) -> bool {
        self.0.ends_with(&format!("-{}", &store.to_string()[..STORE_LEN]))
    }

    /// File name of the container.
    #[must_use]
    pub fn container(&self) -> String {
        format!("{self}{CONTAINER}")
    }

    /// File name of the manifest.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!("{self}{MANIFEST}")
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_read_back() {
        let store = StoreId([0xab; 16]);
        let at = |millis| Name::new(store, Timestamp::from_millisecond(millis).expect("a time"));
        let (first, second) = (at(1_700_000_000_005), at(1_700_000_000_050));
        assert!(first < second);
        assert_eq!(first.to_string(), "20231114T221320.005Z-abababab");
        assert_eq!(Name::of_manifest(&first.manifest()), Some(first.clone()));
        assert_eq!(Name::of_container(&first.container()), Some(first.clone()));
        assert!(first.is_of(store) && !first.is_of(StoreId([1; 16])));
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in [
            "",
            "x-abababab",
            "20231114T221320.005Z-ABABABAB",
            "../20231114T221320.005Z-abababab",
        ] {
            assert_eq!(Name::parse(name), None, "{name}");
        }
    }
}
