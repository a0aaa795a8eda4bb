//! TLS client configurations: towards upstreams, for probes and for load.
//!
//! A configuration remembers sessions and the group a server last chose, so there is one for each
//! arm (and core): the arms must not learn from one another.

use std::path::PathBuf;
use std::sync::Arc;

use hybridge_policy::{Group, Rung};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::kx;

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The authorities of the system.
    System,
    /// The authorities in a PEM file.
    File(PathBuf),
    /// Anyone's. For looking at a certificate, and for emergencies.
    DangerAnyone,
}

/// Why there is no trust anchor.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds no certificate.
    #[error("{path} holds no certificate in PEM form")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The system has no authorities.
    #[error(
        "no trusted authorities were found on this system; name a PEM file instead (upstream.tls.authorities)"
    )]
    NoSystem,
    /// rustls refuses the anchors.
    #[error("the trusted authorities cannot be used: {0}")]
    Unusable(String),
}

/// A verifier, made once and shared by configurations.
#[derive(Clone, Debug)]
pub struct Verifier(Arc<dyn ServerCertVerifier>);

impl Trust {
    /// Reads the anchors.
    ///
    /// # Errors
    /// See `TrustError`.
    pub fn verifier(&self) -> Result<Verifier, TrustError> {
        let provider = kx::provider(&Group::ALL);
        let roots = match self {
            Self::DangerAnyone => return Ok(Verifier(Arc::new(Anyone(provider)))),
            Self::System => system_roots()?,
            Self::File(path) => file_roots(path)?,
        };
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        built
            .map(|verifier| Verifier(verifier))
            .map_err(|error| TrustError::Unusable(error.to_string()))
    }
}

fn system_roots() -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        Err(TrustError::NoSystem)
    } else {
        Ok(roots)
    }
}

fn file_roots(path: &PathBuf) -> Result<RootCertStore, TrustError> {
    let bytes = std::fs::read(path).map_err(|source| TrustError::Read {
        path: path.clone(),
        source,
    })?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok));
    if roots.is_empty() {
        Err(TrustError::Empty { path: path.clone() })
    } else {
        Ok(roots)
    }
}

/// The groups that a rung lists, shared one first: rustls shares the first (RFC 8446 §4.2.8), and
/// with a hybrid its classical half too.
pub fn rung_groups(rung: Rung, order: &[Group]) -> Vec<Group> {
    let (post_quantum, classical): (Vec<_>, Vec<_>) = order.iter().partition(|group| group.is_post_quantum());
    match rung {
        Rung::Classical => classical,
        Rung::Advertise => [classical, post_quantum].concat(),
        Rung::Accept | Rung::Upgrade | Rung::Share => [post_quantum, classical].concat(),
        Rung::Require => post_quantum,
    }
}

/// Does a client remember sessions?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Every handshake is a full one.
    Forget,
    /// Up to 256 sessions are kept in memory.
    Remember,
}

/// Builds a client configuration that lists these groups and shares the first.
///
/// # Errors
/// rustls refuses the combination.
pub fn build(
    groups: &[Group],
    verifier: &Verifier,
    alpn: &[&[u8]],
    sessions: Sessions,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(kx::provider(groups));
    let post_quantum_only = groups.iter().all(|group| group.is_post_quantum());
    let builder = if post_quantum_only {
        builder.with_protocol_versions(&[&rustls::version::TLS13])?
    } else {
        builder.with_safe_default_protocol_versions()?
    };
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier.0))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    config.resumption = match sessions {
        Sessions::Forget => Resumption::disabled(),
        Sessions::Remember => Resumption::in_memory_sessions(256),
    };
    Ok(Arc::new(config))
}

/// Believes every certificate, but still checks that the peer holds its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_of_a_rung_is_the_one_that_is_shared() {
        for (rung, first, post_quantum_listed) in [
            (Rung::Classical, Group::X25519, false),
            (Rung::Advertise, Group::X25519, true),
            (Rung::Share, Group::X25519MlKem768, true),
            (Rung::Require, Group::X25519MlKem768, true),
        ] {
            let groups = rung_groups(rung, &Group::ALL);
            assert_eq!(groups[0], first, "{rung}");
            assert_eq!(
                groups.iter().any(|group| group.is_post_quantum()),
                post_quantum_listed,
                "{rung}"
            );
        }
        assert!(
            rung_groups(Rung::Require, &Group::ALL)
                .iter()
                .all(|group| group.is_post_quantum())
        );
    }

    #[test]
    fn a_missing_or_empty_trust_file_is_named() {
        let missing = Trust::File("/nonexistent/ca.pem".into()).verifier().unwrap_err();
        assert_eq!(missing.to_string(), "cannot read /nonexistent/ca.pem");
        let empty = tempfile::NamedTempFile::new().unwrap();
        let error = Trust::File(empty.path().to_owned()).verifier().unwrap_err();
        assert!(error.to_string().contains("holds no certificate"));
    }
}
