//! A client's network: /24 of IPv4, /56 of IPv6.
//! Small enough to tell networks apart, coarse enough not to name a person.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of a client, as seven bytes and a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    /// 4 or 6, then the leading bytes of the address; unused ones are zero.
    bytes: [u8; 8],
}

impl Prefix {
    /// The network of an address; IPv4 inside IPv6 counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        let mut bytes = [0; 8];
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                bytes[0] = 4;
                bytes[1..4].copy_from_slice(&v4.octets()[..3]);
            }
            IpAddr::V6(v6) => {
                bytes[0] = 6;
                bytes[1..8].copy_from_slice(&v6.octets()[..7]);
            }
        }
        Self { bytes }
    }

    /// The bytes, for hashing.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [family, a, b, c, d, e, g, h] = self.bytes;
        if family == 4 {
            return write!(f, "{}/24", Ipv4Addr::new(a, b, c, 0));
        }
        let mut octets = [0; 16];
        octets[..7].copy_from_slice(&[a, b, c, d, e, g, h]);
        write!(f, "{}/56", Ipv6Addr::from(octets))
    }
}

/// A text that is no prefix of ours.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no /24 or /56 prefix")]
pub struct NotAPrefix(String);

impl std::str::FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        let wrong = || NotAPrefix(text.to_owned());
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_unusable| wrong())?;
        let expected = if address.is_ipv4() { "24" } else { "56" };
        if length == expected {
            Ok(Self::of(address))
        } else {
            Err(wrong())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fall_into_their_networks() {
        for (address, expect) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:22ff::1", "2001:db8:1:2200::/56"),
        ] {
            let prefix = Prefix::of(address.parse().unwrap());
            assert_eq!(prefix.to_string(), expect);
            assert_eq!(expect.parse::<Prefix>().unwrap(), prefix);
        }
        assert!("192.0.2.0/8".parse::<Prefix>().is_err());
    }
}
