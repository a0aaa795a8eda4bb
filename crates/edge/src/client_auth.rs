//! Client certificates: whose are believed on a route, and what an upstream is told of them.
//!
//! The chain is verified by rustls (webpki: signature, validity, extended key usage). Rule: a connection of a
//! route that asks for certificates is never resumed, so that each has been verified now, not hours ago.
//! What an upstream is told is RFC 9440's `Client-Cert`, and the names in a field of our own.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::certificate::{LoadError, read_chain};
use crate::config::{ClientAuth, ClientAuthMode};
use crate::kx;

/// Names of one certificate beyond these are not passed on.
const NAMES_MAX: usize = 32;

/// Why clients cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum ClientAuthError {
    /// The authorities' file.
    #[error(transparent)]
    Read(#[from] LoadError),
    /// A certificate in it is no trust anchor.
    #[error("{path} holds a certificate that cannot be an authority: {source}", path = path.display())]
    Authority {
        /// The file.
        path: std::path::PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
    /// No verifier can be built from it.
    #[error("{path}: {source}", path = path.display())]
    Verifier {
        /// The file.
        path: std::path::PathBuf,
        /// What rustls said.
        source: rustls::server::VerifierBuilderError,
    },
}

/// Makes the verifier of a route.
///
/// # Errors
/// See [`ClientAuthError`]; each names the file.
pub(crate) fn verifier(auth: &ClientAuth) -> Result<Arc<dyn ClientCertVerifier>, ClientAuthError> {
    let roots = roots(&auth.ca)?;
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), kx::provider(&[]));
    let builder = match auth.mode {
        ClientAuthMode::Required => builder,
        ClientAuthMode::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|source| ClientAuthError::Verifier {
        path: auth.ca.clone(),
        source,
    })
}

fn roots(path: &Path) -> Result<RootCertStore, ClientAuthError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(path)? {
        roots
            .add(certificate)
            .map_err(|source| ClientAuthError::Authority {
                path: path.to_owned(),
                source,
            })?;
    }
    Ok(roots)
}

/// A verified client certificate, in the form of the fields that tell of it.
#[derive(Clone, Debug)]
pub(crate) struct ClientCertificate {
    /// The leaf (RFC 9440 §2.2): a byte sequence (RFC 8941 §3.3.5).
    pub(crate) leaf: HeaderValue,
    /// `dns:NAME` and URIs of the subject alternative name (RFC 5280 §4.2.1.6), separated by commas.
    pub(crate) names: HeaderValue,
}

impl ClientCertificate {
    /// From a chain that was verified; none without a leaf.
    pub(crate) fn of(chain: Option<&[CertificateDer<'_>]>) -> Option<Self> {
        let leaf = chain?.first()?;
        let names = names(leaf).join(",");
        Some(Self {
            leaf: HeaderValue::try_from(format!(":{}:", STANDARD.encode(leaf))).ok()?,
            names: HeaderValue::try_from(names).ok()?,
        })
    }
}

fn names(leaf: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, leaf)) = X509Certificate::from_der(leaf) else {
        return Vec::new();
    };
    let Ok(Some(extension)) = leaf.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(format!("dns:{}", name.to_ascii_lowercase())),
            // A URI that could be read as a DNS entry of ours is not passed on.
            GeneralName::URI(uri) if !uri.to_ascii_lowercase().starts_with("dns:") => Some((*uri).to_owned()),
            _ => None,
        });
    names.filter(|name| is_plain(name)).take(NAMES_MAX).collect()
}

/// Neither a separator nor anything that a reader could take for another name.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b',' && byte != b'"' && byte != b'\\';
    !name.is_empty() && name.len() <= 2048 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};
    use rustls::pki_types::CertificateDer;

    use super::ClientCertificate;

    fn told(names: Vec<SanType>) -> ClientCertificate {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let key = KeyPair::generate().expect("random bytes");
        let leaf = params.self_signed(&key).expect("a certificate");
        let chain = [CertificateDer::from(leaf.der().to_vec())];
        ClientCertificate::of(Some(&chain)).expect("a leaf")
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().expect("IA5"))
    }

    fn dns(text: &str) -> SanType {
        SanType::DnsName(text.try_into().expect("IA5"))
    }

    #[test]
    fn names_are_told_with_their_kind() {
        let told = told(vec![uri("spiffe://example.org/pay"), dns("Pay.Example")]);
        assert_eq!(told.names, "spiffe://example.org/pay,dns:pay.example");
        let leaf = told.leaf.to_str().expect("base64");
        assert!(leaf.starts_with(":MI") && leaf.ends_with(':'), "{leaf}");
    }

    #[test]
    fn a_name_cannot_pass_for_two_or_for_another_kind() {
        let forged = vec![
            uri("spiffe://a,spiffe://b"),
            uri("dns:admin.example"),
            uri("DNS:admin.example"),
            dns("a b"),
        ];
        assert_eq!(told(forged).names, "");
    }

    #[test]
    fn without_a_certificate_nothing_is_told() {
        assert!(ClientCertificate::of(None).is_none());
        assert!(ClientCertificate::of(Some(&[])).is_none());
    }
}
