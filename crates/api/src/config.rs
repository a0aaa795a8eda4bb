//! Where the API listens.
//!
//! The API has no authentication, so being on the same machine is the only credential there is:
//! any other bind is refused, with the reason.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

/// The `[api]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Loopback address and port; port 0 takes a free one. Default `127.0.0.1:8000`.
    pub listen: SocketAddr,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
        }
    }
}

impl Config {
    /// Refuses what cannot be served safely; call it before binding.
    pub fn validate(&self) -> Result<(), ConfigError> {
        require_loopback(self.listen)
    }
}

pub(crate) fn require_loopback(listen: SocketAddr) -> Result<(), ConfigError> {
    if listen.ip().to_canonical().is_loopback() {
        Ok(())
    } else {
        Err(ConfigError::NotLoopback { listen })
    }
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "api.listen = {listen} is not a loopback address: the API has no authentication, so whoever reaches \
         it could change routes; listen on 127.0.0.1 or [::1] and come from elsewhere through a tunnel \
         (ssh -L 8000:127.0.0.1:8000 HOST)"
    )]
    NotLoopback { listen: SocketAddr },
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn accepted(listen: &str) -> bool {
        let listen = listen.parse().expect("test address");
        Config { listen }.validate().is_ok()
    }

    #[test]
    fn loopback_addresses_are_accepted() {
        for listen in [
            "127.0.0.1:8000",
            "127.8.9.1:1",
            "[::1]:0",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(accepted(listen), "{listen}");
        }
        assert!(Config::default().validate().is_ok());
    }

    #[test]
    fn every_other_bind_is_refused_with_the_reason() {
        for listen in [
            "0.0.0.0:8000",
            "[::]:8000",
            "192.0.2.1:80",
            "10.0.0.1:80",
            "[::ffff:10.0.0.1]:80",
        ] {
            assert!(!accepted(listen), "{listen}");
        }
        let listen = "0.0.0.0:8000".parse().expect("test address");
        let reason = Config { listen }
            .validate()
            .expect_err("not loopback")
            .to_string();
        assert!(
            reason.contains("no authentication") && reason.contains("0.0.0.0:8000"),
            "{reason}"
        );
    }
}
