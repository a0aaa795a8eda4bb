//! Ephemeral key exchange: a client share, the server's answer, and the secret of both.
//!
//! Covers what TLS 1.3 and SSH negotiate: curves, ML-KEM, and their hybrids in the layout of each protocol.
//! A share is used once: completing it consumes it. Long-lived keys are not made here.

mod component;

use component::Component;

use crate::{SharedSecret, digest};

pub use component::ExchangeError;

/// A key exchange that the provider can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// RFC 7748 §6.1.
    X25519,
    /// ECDH on secp256r1, uncompressed points (RFC 8446 §4.2.8.2).
    P256,
    /// ECDH on secp384r1.
    P384,
    /// ECDH on secp521r1.
    P521,
    /// FIPS 203 alone.
    MlKem512,
    /// FIPS 203 alone.
    MlKem768,
    /// FIPS 203 alone.
    MlKem1024,
    /// TLS group 0x11EC: ML-KEM first, in shares and secret (RFC 10024).
    X25519MlKem768,
    /// TLS group 0x11EB: P-256 first (RFC 10024).
    SecP256r1MlKem768,
    /// TLS group 0x11ED: P-384 first (RFC 10024).
    SecP384r1MlKem1024,
    /// SSH `mlkem768x25519-sha256`: ML-KEM first, secret hashed (RFC 10042).
    SshMlKem768X25519,
    /// SSH `mlkem768nistp256-sha256` (RFC 10042).
    SshMlKem768NistP256,
    /// SSH `mlkem1024nistp384-sha384` (RFC 10042).
    SshMlKem1024NistP384,
}

impl Exchange {
    /// Every exchange, in no particular order.
    pub const ALL: [Self; 13] = [
        Self::X25519,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
        Self::X25519MlKem768,
        Self::SecP256r1MlKem768,
        Self::SecP384r1MlKem1024,
        Self::SshMlKem768X25519,
        Self::SshMlKem768NistP256,
        Self::SshMlKem1024NistP384,
    ];

    /// The name under which [`crate::Algorithm`] lists it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::MlKem512 => "ML-KEM-512",
            Self::MlKem768 => "ML-KEM-768",
            Self::MlKem1024 => "ML-KEM-1024",
            Self::X25519MlKem768 => "X25519MLKEM768",
            Self::SecP256r1MlKem768 => "SecP256r1MLKEM768",
            Self::SecP384r1MlKem1024 => "SecP384r1MLKEM1024",
            Self::SshMlKem768X25519 => "mlkem768x25519-sha256",
            Self::SshMlKem768NistP256 => "mlkem768nistp256-sha256",
            Self::SshMlKem1024NistP384 => "mlkem1024nistp384-sha384",
        }
    }

    /// The components in the order in which their shares and secrets are joined.
    const fn layout(self) -> &'static [Component] {
        match self {
            Self::X25519 => &[Component::X25519],
            Self::P256 => &[Component::P256],
            Self::P384 => &[Component::P384],
            Self::P521 => &[Component::P521],
            Self::MlKem512 => &[Component::MlKem512],
            Self::MlKem768 => &[Component::MlKem768],
            Self::MlKem1024 => &[Component::MlKem1024],
            Self::X25519MlKem768 | Self::SshMlKem768X25519 => &[Component::MlKem768, Component::X25519],
            Self::SecP256r1MlKem768 => &[Component::P256, Component::MlKem768],
            Self::SecP384r1MlKem1024 => &[Component::P384, Component::MlKem1024],
            Self::SshMlKem768NistP256 => &[Component::MlKem768, Component::P256],
            Self::SshMlKem1024NistP384 => &[Component::MlKem1024, Component::P384],
        }
    }

    /// TLS hands the joined secret to its key schedule; SSH hashes it first (RFC 10042).
    fn combine(self, parts: &[SharedSecret]) -> SharedSecret {
        let joined = SharedSecret::join(parts);
        match self {
            Self::SshMlKem768X25519 | Self::SshMlKem768NistP256 => {
                SharedSecret::new(Box::new(digest::sha256(joined.as_bytes())))
            }
            Self::SshMlKem1024NistP384 => SharedSecret::new(Box::new(digest::sha384(joined.as_bytes()))),
            _ => joined,
        }
    }

    fn refused(self) -> ExchangeError {
        ExchangeError::Share { name: self.name() }
    }
}

/// A client's ephemeral share and the private half behind it.
#[derive(Debug)]
pub struct ClientShare {
    exchange: Exchange,
    secrets: Vec<component::Secret>,
    public: Vec<u8>,
}

impl ClientShare {
    /// Makes a fresh share.
    ///
    /// # Errors
    /// [`ExchangeError::Provider`] when the provider's generator fails.
    pub fn generate(exchange: Exchange) -> Result<Self, ExchangeError> {
        let mut share = Self {
            exchange,
            secrets: Vec::new(),
            public: Vec::new(),
        };
        for component in exchange.layout() {
            let (secret, public) = component.generate()?;
            share.secrets.push(secret);
            share.public.extend_from_slice(&public);
        }
        Ok(share)
    }

    /// Which exchange the share belongs to.
    #[must_use]
    pub const fn exchange(&self) -> Exchange {
        self.exchange
    }

    /// The bytes for the peer, in the protocol's layout.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Completes the exchange with the server's share.
    ///
    /// # Errors
    /// [`ExchangeError::Share`] when the server's share has the wrong length or is not a valid one.
    pub fn complete(self, server_share: &[u8]) -> Result<SharedSecret, ExchangeError> {
        let refused = self.exchange.refused();
        let mut rest = server_share;
        let mut parts = Vec::with_capacity(self.secrets.len());
        for (component, secret) in self.exchange.layout().iter().zip(self.secrets) {
            let (here, after) = rest
                .split_at_checked(component.server_len())
                .ok_or_else(|| refused.clone())?;
            parts.push(secret.complete(here).ok_or_else(|| refused.clone())?);
            rest = after;
        }
        if rest.is_empty() {
            Ok(self.exchange.combine(&parts))
        } else {
            Err(refused)
        }
    }
}

/// Answers a client's share: returns the server's share and the secret.
///
/// # Errors
/// [`ExchangeError::Share`] when the client's share has the wrong length or is not a valid one.
pub fn respond(exchange: Exchange, client_share: &[u8]) -> Result<(Vec<u8>, SharedSecret), ExchangeError> {
    let mut rest = client_share;
    let (mut share, mut parts) = (Vec::new(), Vec::new());
    for component in exchange.layout() {
        let (here, after) = rest
            .split_at_checked(component.client_len())
            .ok_or_else(|| exchange.refused())?;
        let (public, secret) = component.respond(here).ok_or_else(|| exchange.refused())?;
        share.extend_from_slice(&public);
        parts.push(secret);
        rest = after;
    }
    if rest.is_empty() {
        Ok((share, exchange.combine(&parts)))
    } else {
        Err(exchange.refused())
    }
}

#[cfg(test)]
mod tests;
