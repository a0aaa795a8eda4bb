//! The `[api]` table: where the API listens and whom it believes.
//!
//! The API itself speaks plain HTTP, so it listens on loopback and nowhere else. With `[api.tls]` the edge
//! stands in front of it, and the address may be any.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use hybridge_exchange::{HYBRID, Suite};
use hybridge_keys::token::Rate;
use hybridge_policy::access::{Binding, InvalidBinding};
use serde::Deserialize;

use crate::access::JWT_ALGORITHMS;

/// The `[api]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port, on loopback unless there is `tls`; port 0 takes a free one. Default `127.0.0.1:8000`.
    pub listen: SocketAddr,
    /// File with the administrator's token for a process without a key service; made (0600) if it is not
    /// there. Default: `admin.token` in the data directory.
    pub token_file: Option<PathBuf>,
    /// How fast each principal may go.
    pub rate: RateLimit,
    /// Suites that the key exchange agrees to, by name; hybrid ones alone. Default: all hybrid ones.
    pub exchange_suites: Option<Vec<String>>,
    /// TLS in front of the API, by an edge route of the name `api`.
    pub tls: Option<Tls>,
    /// Who the holders of client certificates are; the first that matches counts.
    #[serde(rename = "identity")]
    pub identities: Vec<IdentityRule>,
    /// An issuer of JWTs that is believed.
    pub oidc: Option<Oidc>,
}

/// `[api.oidc]`: whose JWTs are believed, and what their holders may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The claim `iss`, exactly.
    pub issuer: String,
    /// What the claim `aud` must be or contain.
    pub audience: String,
    /// File with the issuer's keys, a JWK set (RFC 7517). It is read again when it changes.
    pub jwks: PathBuf,
    /// Algorithms that are accepted. Default: all that are understood.
    #[serde(default = "all_algorithms")]
    pub algorithms: Vec<String>,
    /// How far clocks may be apart, in seconds. Default 60.
    #[serde(default = "default_leeway")]
    pub leeway_s: u32,
    /// The claim that says what its holder is, a text or a list of texts.
    pub claim: String,
    /// What each of its values may do; all that match count together.
    #[serde(rename = "role")]
    pub roles: Vec<ClaimRule>,
}

/// `[[api.oidc.role]]`: what a value of the claim may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRule {
    pub value: String,
    #[serde(rename = "binding")]
    pub bindings: Vec<Binding>,
}

fn all_algorithms() -> Vec<String> {
    JWT_ALGORITHMS.map(str::to_owned).to_vec()
}

const fn default_leeway() -> u32 {
    60
}

impl Oidc {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let unknown = |name: &&String| !JWT_ALGORITHMS.contains(&name.as_str());
        if let Some(name) = self.algorithms.iter().find(unknown) {
            return Err(ConfigError::JwtAlgorithm { name: name.clone() });
        }
        let bindings = self
            .roles
            .iter()
            .flat_map(|rule| rule.bindings.iter().map(move |binding| (rule, binding)));
        for (rule, binding) in bindings {
            let name = rule.value.clone();
            binding
                .validate()
                .map_err(|source| ConfigError::Binding { name, source })?;
        }
        Ok(())
    }
}

/// `[api.tls]`: how the edge stands in front of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate chain, leaf first.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
    /// PEM file with the authorities of client certificates; without it, none are asked for.
    pub client_ca: Option<PathBuf>,
}

/// `[[api.identity]]`: what the holder of a client certificate may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityRule {
    /// A name in the certificate, as a pattern: `dns:HOST` or a URI such as `spiffe://example.org/pay`.
    pub name: NamePattern,
    /// What it may do.
    #[serde(rename = "binding")]
    pub bindings: Vec<Binding>,
}

/// A name of a certificate, or the beginning of several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct NamePattern(String);

impl std::fmt::Display for NamePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl NamePattern {
    /// `*` at the end stands for the rest; everything else for itself.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.0,
        }
    }

    fn is_sound(&self) -> bool {
        let kind = self.0.starts_with("dns:") || self.0.contains("://");
        let start = self.0.strip_suffix('*').unwrap_or(&self.0);
        kind && !start.contains('*') && start.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
    }
}

/// `[api.rate]`: a token bucket per principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Requests per second; 0 is unlimited. Default 20000.
    pub per_second: u32,
    /// Requests at once. Default 20000.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            per_second: 20_000,
            burst: 20_000,
        }
    }
}

impl From<RateLimit> for Rate {
    fn from(limit: RateLimit) -> Self {
        Self {
            per_second: limit.per_second,
            burst: limit.burst,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            token_file: None,
            rate: RateLimit::default(),
            exchange_suites: None,
            tls: None,
            identities: Vec::new(),
            oidc: None,
        }
    }
}

impl Config {
    /// Refuses what cannot be served safely; call it before binding.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.tls.is_none() {
            require_loopback(self.listen)?;
        }
        self.oidc.as_ref().map_or(Ok(()), Oidc::validate)?;
        for name in self.exchange_suites.iter().flatten() {
            hybrid_suite(name).ok_or_else(|| ConfigError::Suite { name: name.clone() })?;
        }
        for rule in &self.identities {
            let name = || rule.name.0.clone();
            if !rule.name.is_sound() {
                return Err(ConfigError::IdentityName { name: name() });
            }
            for binding in &rule.bindings {
                let valid = binding.validate();
                valid.map_err(|source| ConfigError::Binding { name: name(), source })?;
            }
        }
        Ok(())
    }

    /// The suites that the key exchange agrees to.
    #[must_use]
    pub fn suites(&self) -> Arc<[&'static Suite]> {
        match &self.exchange_suites {
            Some(names) => names.iter().filter_map(|name| hybrid_suite(name)).collect(),
            None => HYBRID.iter().collect(),
        }
    }
}

fn hybrid_suite(name: &str) -> Option<&'static Suite> {
    Suite::by_name(name).filter(|suite| suite.is_hybrid())
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
        "api.listen = {listen} is not a loopback address: the API speaks plain HTTP, so whoever is on the way \
         could read tokens; give it TLS with [api.tls], or listen on 127.0.0.1 or [::1] and come from elsewhere \
         through a tunnel (ssh -L 8000:127.0.0.1:8000 HOST)"
    )]
    NotLoopback { listen: SocketAddr },
    #[error(
        "api.identity: the name {name:?} is neither dns:HOST nor a URI such as spiffe://example.org/pay; a * may \
         stand at its end"
    )]
    IdentityName { name: String },
    #[error(
        "api.exchange_suites: {name:?} is no hybrid suite; classical ones need an exception: hybridge exception open"
    )]
    Suite { name: String },
    #[error("api.oidc: {name:?} is none of ES256, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87, RS256")]
    JwtAlgorithm { name: String },
    #[error("the bindings of {name:?}: {source}")]
    Binding { name: String, source: InvalidBinding },
}

#[cfg(test)]
mod tests {
    use super::{Config, SocketAddr};

    fn at(listen: SocketAddr) -> Config {
        Config {
            listen,
            ..Config::default()
        }
    }

    fn accepted(listen: &str) -> bool {
        let listen = listen.parse().expect("test address");
        at(listen).validate().is_ok()
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
        let reason = at(listen).validate().expect_err("not loopback").to_string();
        assert!(
            reason.contains("plain HTTP") && reason.contains("0.0.0.0:8000"),
            "{reason}"
        );
    }
}
