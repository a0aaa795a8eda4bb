//! What to probe: a host, a port, and the protocol spoken there.
//!
//! What is read here goes onto the wire and into plaintext protocols, so only plain characters pass.

/// An endpoint as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// What is spoken there.
    pub protocol: Protocol,
    /// A DNS name or an IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// What is spoken at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TLS, at once or after an upgrade.
    Tls,
    /// SSH (RFC 4253).
    Ssh,
}

/// Longest host name in bytes (RFC 1035 §2.3.4).
const HOST_LEN_MAX: usize = 253;

impl Target {
    /// Reads `HOST:PORT`, `https://HOST[:PORT][/…]`, `tls://HOST:PORT` or `ssh://HOST[:PORT]`. IPv6
    /// addresses stand in brackets.
    ///
    /// # Errors
    /// [`TargetError`], which says what is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (protocol, default_port) = match scheme {
            "" | "tls" => (Protocol::Tls, None),
            "https" => (Protocol::Tls, Some(443)),
            "ssh" => (Protocol::Ssh, Some(22)),
            other => {
                return Err(TargetError::Scheme {
                    scheme: other.to_owned(),
                });
            }
        };
        let authority = if scheme.is_empty() {
            rest
        } else {
            rest.split('/').next().unwrap_or(rest)
        };
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(text) => {
                let number = text.parse().ok().filter(|port| *port != 0);
                number.ok_or_else(|| TargetError::Port {
                    port: text.to_owned(),
                })?
            }
            None => default_port.ok_or(TargetError::PortMissing)?,
        };
        check_host(host)?;
        Ok(Self {
            protocol,
            host: host.to_owned(),
            port,
        })
    }

    /// The name to ask for in a hello: the host, unless it is an address (RFC 6066 §3).
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        let is_address = self.host.parse::<std::net::IpAddr>().is_ok();
        (!is_address).then_some(self.host.trim_end_matches('.'))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.protocol == Protocol::Ssh {
            "ssh://"
        } else {
            ""
        };
        if self.host.contains(':') {
            write!(formatter, "{scheme}[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{scheme}{}:{}", self.host, self.port)
        }
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), TargetError> {
    let malformed = || TargetError::Host {
        host: authority.to_owned(),
    };
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').ok_or_else(malformed)?;
        host.parse::<std::net::Ipv6Addr>()
            .map_err(|_address| malformed())?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(malformed()),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(TargetError::Brackets {
            host: authority.to_owned(),
        }),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

/// A host that may go onto the wire, into a hello or into XML.
pub(super) fn check_host(host: &str) -> Result<(), TargetError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    if host.is_empty() || host.len() > HOST_LEN_MAX || !host.bytes().all(plain) {
        return Err(TargetError::Host {
            host: host.to_owned(),
        });
    }
    Ok(())
}

/// Why a text is not a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The part before `://` is not known.
    #[error("{scheme}:// is not known; write HOST:PORT, https://HOST or ssh://HOST")]
    Scheme {
        /// The part before `://`.
        scheme: String,
    },
    /// No port, and no scheme that implies one.
    #[error("the port is missing; write HOST:PORT")]
    PortMissing,
    /// Not a port number.
    #[error("{port:?} is not a port between 1 and 65535")]
    Port {
        /// What stood there.
        port: String,
    },
    /// An IPv6 address without brackets.
    #[error("{host} has more than one colon; write an IPv6 address as [ADDRESS]:PORT")]
    Brackets {
        /// What stood there.
        host: String,
    },
    /// Not a host name or address.
    #[error("{host:?} is not a host name or an address (international names: in their xn-- form)")]
    Host {
        /// What stood there.
        host: String,
    },
}

#[cfg(test)]
mod tests {
    use super::{Protocol, Target, TargetError};

    fn check(text: &str, protocol: Protocol, host: &str, port: u16) {
        let expected = Target {
            protocol,
            host: host.to_owned(),
            port,
        };
        assert_eq!(Target::parse(text), Ok(expected), "{text}");
    }

    #[test]
    fn reads_every_way_to_write_a_target() {
        check("example.org:443", Protocol::Tls, "example.org", 443);
        check("127.0.0.1:8443", Protocol::Tls, "127.0.0.1", 8443);
        check("[::1]:8443", Protocol::Tls, "::1", 8443);
        check("https://example.org", Protocol::Tls, "example.org", 443);
        check(
            "https://example.org:8443/path",
            Protocol::Tls,
            "example.org",
            8443,
        );
        check("https://[2001:db8::1]/", Protocol::Tls, "2001:db8::1", 443);
        check("tls://example.org:993", Protocol::Tls, "example.org", 993);
        check("ssh://example.org", Protocol::Ssh, "example.org", 22);
        check("ssh://[::1]:2222", Protocol::Ssh, "::1", 2222);
    }

    #[test]
    fn says_what_is_wrong_with_the_rest() {
        let refused = |text: &str| Target::parse(text).expect_err(text);
        assert_eq!(refused("example.org"), TargetError::PortMissing);
        assert_eq!(refused("tls://example.org"), TargetError::PortMissing);
        assert!(matches!(
            refused("gopher://example.org:70"),
            TargetError::Scheme { .. }
        ));
        assert!(matches!(refused("example.org:0"), TargetError::Port { .. }));
        assert!(matches!(refused("example.org:70000"), TargetError::Port { .. }));
        assert!(matches!(refused("example.org:https"), TargetError::Port { .. }));
        assert!(matches!(refused("::1:443"), TargetError::Brackets { .. }));
        assert!(matches!(refused("[::1:443"), TargetError::Host { .. }));
        assert!(matches!(refused("[::1]443"), TargetError::Host { .. }));
        assert!(matches!(refused(":443"), TargetError::Host { .. }));
        assert!(matches!(refused("münchen.de:443"), TargetError::Host { .. }));
        assert!(matches!(refused("a b:443"), TargetError::Host { .. }));
        assert!(matches!(
            refused(&format!("{}:443", "a".repeat(254))),
            TargetError::Host { .. }
        ));
    }

    #[test]
    fn asks_for_a_name_but_never_for_an_address() {
        let name = |text: &str| Target::parse(text).expect(text).server_name().map(str::to_owned);
        assert_eq!(name("example.org.:443").as_deref(), Some("example.org"));
        assert_eq!(name("127.0.0.1:443"), None);
        assert_eq!(name("[::1]:443"), None);
    }

    #[test]
    fn shows_what_it_was_read_from() {
        for text in ["example.org:443", "[::1]:443", "ssh://example.org:22"] {
            assert_eq!(Target::parse(text).expect(text).to_string(), text);
        }
    }
}
