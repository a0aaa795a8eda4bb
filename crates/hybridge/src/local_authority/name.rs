//! Names that a leaf is valid for: DNS names, wildcards and IP addresses.
//! A `Name` was checked when it was read; certificates are made of nothing else.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::DnsName;

/// A DNS name in lower case (RFC 5280 §4.2.1.6; a leading `*.` is allowed) or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Dns(String),
    Address(IpAddr),
}

/// A text that is no name.
#[derive(Debug, thiserror::Error)]
#[error("write a DNS name (ASCII; punycode for others), *.NAME, or an IP address")]
pub(crate) struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let lower = text.to_ascii_lowercase();
        let host = lower.strip_prefix("*.").unwrap_or(&lower);
        match DnsName::try_from(host) {
            Ok(_) if !host.ends_with('.') => Ok(Self::Dns(lower)),
            _ => Err(NoName),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// The names of this machine to itself, then the given ones, each once.
pub(super) fn with_local(names: &[Name]) -> Vec<Name> {
    let mut all = vec![
        Name::Dns("localhost".to_owned()),
        Name::Address(IpAddr::from([127, 0, 0, 1])),
        Name::Address(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])),
    ];
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

/// Are these the same names, in whatever order?
pub(super) fn same(left: &[Name], right: &[Name]) -> bool {
    left.iter().collect::<BTreeSet<_>>() == right.iter().collect::<BTreeSet<_>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_addresses() {
        for (text, shown) in [
            ("Shop.Example", "shop.example"),
            ("*.shop.example", "*.shop.example"),
            ("::0001", "::1"),
            ("shop", "shop"),
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "a b",
            "shop.example.",
            "*.*.example",
            "bücher.example",
            "shop.example:443",
            "*",
        ] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }

    #[test]
    fn local_names_come_first_and_once() {
        let names = with_local(&["shop.example".parse().unwrap(), "LOCALHOST".parse().unwrap()]);
        let shown: Vec<_> = names.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["localhost", "127.0.0.1", "::1", "shop.example"]);
    }
}
