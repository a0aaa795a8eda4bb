//! The key exchange groups that a policy may choose, and small sets of them.
//!
//! This is the closed set that Hybridge negotiates; what else a peer may write on the wire is the
//! open set of `hello::NamedGroup`. Code points are those of the IANA TLS Supported Groups registry.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A key exchange group that we negotiate. `ALL` is in our order of preference: hybrids first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
#[repr(u8)]
pub enum Group {
    /// X25519 with ML-KEM-768 (RFC 10024).
    X25519MlKem768,
    /// P-256 with ML-KEM-768 (RFC 10024).
    SecP256r1MlKem768,
    /// P-384 with ML-KEM-1024 (RFC 10024).
    SecP384r1MlKem1024,
    /// ML-KEM-768 alone (FIPS 203).
    MlKem768,
    /// ML-KEM-1024 alone (FIPS 203).
    MlKem1024,
    /// X25519 (RFC 7748).
    X25519,
    /// P-256 (RFC 8446 §4.2.7).
    SecP256r1,
    /// P-384 (RFC 8446 §4.2.7).
    SecP384r1,
}

impl Group {
    /// Every group, in our order of preference.
    pub const ALL: [Self; 8] = [
        Self::X25519MlKem768,
        Self::SecP256r1MlKem768,
        Self::SecP384r1MlKem1024,
        Self::MlKem768,
        Self::MlKem1024,
        Self::X25519,
        Self::SecP256r1,
        Self::SecP384r1,
    ];

    /// The name in the IANA registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X25519MlKem768 => "X25519MLKEM768",
            Self::SecP256r1MlKem768 => "SecP256r1MLKEM768",
            Self::SecP384r1MlKem1024 => "SecP384r1MLKEM1024",
            Self::MlKem768 => "MLKEM768",
            Self::MlKem1024 => "MLKEM1024",
            Self::X25519 => "x25519",
            Self::SecP256r1 => "secp256r1",
            Self::SecP384r1 => "secp384r1",
        }
    }

    /// The code point on the wire (RFC 8446 §4.2.7).
    pub const fn code_point(self) -> u16 {
        match self {
            Self::X25519MlKem768 => 0x11EC,
            Self::SecP256r1MlKem768 => 0x11EB,
            Self::SecP384r1MlKem1024 => 0x11ED,
            Self::MlKem768 => 0x0201,
            Self::MlKem1024 => 0x0202,
            Self::X25519 => 0x001D,
            Self::SecP256r1 => 0x0017,
            Self::SecP384r1 => 0x0018,
        }
    }

    /// The group with this code point, if it is one of ours.
    pub const fn from_code_point(code_point: u16) -> Option<Self> {
        Some(match code_point {
            0x11EC => Self::X25519MlKem768,
            0x11EB => Self::SecP256r1MlKem768,
            0x11ED => Self::SecP384r1MlKem1024,
            0x0201 => Self::MlKem768,
            0x0202 => Self::MlKem1024,
            0x001D => Self::X25519,
            0x0017 => Self::SecP256r1,
            0x0018 => Self::SecP384r1,
            _ => return None,
        })
    }

    /// Does it withstand a quantum computer (hybrid or pure ML-KEM)?
    pub const fn is_post_quantum(self) -> bool {
        !matches!(self, Self::X25519 | Self::SecP256r1 | Self::SecP384r1)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no group of ours.
#[derive(Debug, thiserror::Error)]
#[error("unknown group {0:?}; known: {known}", known = Group::ALL.map(Group::name).join(", "))]
pub struct UnknownGroup(String);

impl TryFrom<String> for Group {
    type Error = UnknownGroup;

    fn try_from(name: String) -> Result<Self, UnknownGroup> {
        name.parse()
    }
}

impl FromStr for Group {
    type Err = UnknownGroup;

    fn from_str(name: &str) -> Result<Self, UnknownGroup> {
        let spelled = match name.to_ascii_lowercase().as_str() {
            "p-256" | "p256" | "prime256v1" => "secp256r1".to_owned(),
            "p-384" | "p384" => "secp384r1".to_owned(),
            other => other.to_owned(),
        };
        let found = Self::ALL
            .into_iter()
            .find(|group| group.name().eq_ignore_ascii_case(&spelled));
        found.ok_or_else(|| UnknownGroup(name.to_owned()))
    }
}

/// A set of groups, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSet(u8);

impl GroupSet {
    /// No group.
    pub const EMPTY: Self = Self(0);

    /// Adds one.
    pub const fn insert(&mut self, group: Group) {
        self.0 |= 1 << group as u8;
    }

    /// Is it in?
    pub const fn contains(self, group: Group) -> bool {
        self.0 & (1 << group as u8) != 0
    }

    /// Is nothing in?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Is one of the members post-quantum?
    pub fn has_post_quantum(self) -> bool {
        Group::ALL
            .into_iter()
            .any(|group| group.is_post_quantum() && self.contains(group))
    }
}

impl FromIterator<Group> for GroupSet {
    fn from_iter<T: IntoIterator<Item = Group>>(groups: T) -> Self {
        let mut set = Self::EMPTY;
        groups.into_iter().for_each(|group| set.insert(group));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_found_by_its_name_and_code_point() {
        for group in Group::ALL {
            assert_eq!(group.name().parse::<Group>().unwrap(), group);
            assert_eq!(Group::from_code_point(group.code_point()), Some(group));
        }
        assert_eq!("P-256".parse::<Group>().unwrap(), Group::SecP256r1);
        assert!(
            "kyber"
                .parse::<Group>()
                .unwrap_err()
                .to_string()
                .contains("X25519MLKEM768")
        );
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: GroupSet = [Group::X25519, Group::SecP384r1].into_iter().collect();
        for group in Group::ALL {
            assert_eq!(
                set.contains(group),
                matches!(group, Group::X25519 | Group::SecP384r1)
            );
        }
        assert!(!set.has_post_quantum());
    }
}
