//! Where the service is: `https://host:port`, or plain `http` on this machine.
//!
//! Whether a host is this machine is read from its text, before any name is resolved, so no resolver can
//! decide that a token goes over the wire in clear.

use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

/// The address of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// In front of every path; without a slash at its end.
    pub(crate) prefix: String,
}

impl Address {
    /// Reads a URL. The port is 443, or 80 without TLS, where it says none; a path goes before all paths.
    ///
    /// # Errors
    /// [`AddressError`]
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let refused = |why| AddressError {
            url: url.to_owned(),
            why,
        };
        let uri: Uri = url.parse().map_err(|_malformed| refused("it is not a URL"))?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(refused("it begins with neither https:// nor http://")),
        };
        let authority = uri.authority().ok_or(refused("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("it has a user name; use a token"));
        }
        if uri.query().is_some() {
            return Err(refused("it has a query"));
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(refused("it has no host"));
        }
        Ok(Self {
            tls,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// True for `localhost` and for addresses of the loopback interface.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }

    /// What goes into `Host` (RFC 9110 §7.2).
    pub(crate) fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

/// Why a URL is not the address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} is not the address of a service: {why}")]
pub struct AddressError {
    /// What was given.
    pub url: String,
    /// What is wrong with it.
    pub why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str, loopback: bool) {
        let address = Address::parse(url).unwrap();
        assert_eq!(address.to_string(), expected);
        assert_eq!(address.is_loopback(), loopback, "{url}");
    }

    #[test]
    fn reads_scheme_host_port_and_prefix() {
        check("https://keys.example.com", "https://keys.example.com:443", false);
        check(
            "https://keys.example.com:8443/hybridge/",
            "https://keys.example.com:8443/hybridge",
            false,
        );
        check("http://127.0.0.1:8000", "http://127.0.0.1:8000", true);
        check("http://LOCALHOST", "http://LOCALHOST:80", true);
        check("http://[::1]:8000/", "http://[::1]:8000", true);
    }

    #[test]
    fn what_only_looks_like_this_machine_is_not() {
        for host in [
            "127.0.0.1.example.com",
            "localhost.example.com",
            "10.0.0.1",
            "0.0.0.0",
        ] {
            assert!(
                !Address::parse(&format!("http://{host}")).unwrap().is_loopback(),
                "{host}"
            );
        }
    }

    #[test]
    fn refuses_what_is_not_the_address_of_a_service() {
        for url in [
            "",
            "keys.example.com",
            "ftp://host",
            "https://user@host",
            "https://host/?a=b",
            "/path",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
