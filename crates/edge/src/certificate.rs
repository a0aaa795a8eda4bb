//! Certificates of a route: loading, the choice for one ClientHello, expiry.
//!
//! A choice depends on the server name and on the signature schemes that the client can verify
//! (RFC 8446 §4.2.3): post-quantum keys first, then in the order of the configuration. Private keys
//! go straight from the file into rustls; nothing here prints or keeps their bytes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{NamedGroup, SignatureScheme};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::config::CertificateFiles;

/// A chain with its key, and what we need to know of the leaf.
#[derive(Clone, Debug)]
pub struct Loaded {
    key: Arc<CertifiedKey>,
    /// What the key can sign with, in its order of preference.
    schemes: Vec<SignatureScheme>,
    /// DNS names and addresses of the leaf, lower case.
    pub names: Vec<String>,
    /// The end of the leaf's validity, in seconds since the Unix epoch.
    pub not_after: i64,
    /// The key's algorithm, as the field calls it.
    pub key_algorithm: &'static str,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds no PEM block of the right kind.
    #[error("{path} holds no {expected} in PEM form")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// The key is of a kind that we cannot sign with, or is damaged.
    #[error("{path}: this private key cannot be used: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The leaf cannot be parsed (RFC 5280).
    #[error("{path}: the first certificate cannot be parsed")]
    Leaf {
        /// The file.
        path: PathBuf,
    },
    /// Key and certificate are no pair.
    #[error("{key} is not the key of the first certificate in {chain}")]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The chain's file.
        chain: PathBuf,
    },
}

/// Loads a chain and its key and checks that they belong together.
///
/// # Errors
/// See `LoadError`; each names the file.
pub fn load(files: &CertificateFiles) -> Result<Loaded, LoadError> {
    let chain = read_chain(&files.chain)?;
    let key = read_key(&files.key)?;
    let facts = leaf_facts(&chain[0]).ok_or_else(|| LoadError::Leaf {
        path: files.chain.clone(),
    })?;
    let signing = any_supported_type(&key).map_err(|source| LoadError::Key {
        path: files.key.clone(),
        source,
    })?;
    let schemes = schemes(signing.as_ref());
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(_) => {
            return Err(LoadError::Mismatch {
                key: files.key.clone(),
                chain: files.chain.clone(),
            });
        }
    }
    let (names, not_after, key_algorithm) = facts;
    Ok(Loaded {
        key: Arc::new(certified),
        schemes,
        names,
        not_after,
        key_algorithm,
    })
}

/// Asks the key again and again for the best that is left, so that a choice for a client costs nothing.
fn schemes(key: &dyn SigningKey) -> Vec<SignatureScheme> {
    let mut left = aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .supported_schemes();
    let mut own = Vec::new();
    while let Some(signer) = key.choose_scheme(&left) {
        own.push(signer.scheme());
        left.retain(|scheme| *scheme != signer.scheme());
    }
    own
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let missing = || LoadError::Missing {
        path: path.to_owned(),
        expected: "certificate",
    };
    let bytes = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(missing()),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, LoadError> {
    let bytes = zeroize::Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_unusable| LoadError::Missing {
        path: path.to_owned(),
        expected: "private key",
    })
}

fn leaf_facts(der: &CertificateDer<'_>) -> Option<(Vec<String>, i64, &'static str)> {
    let (_, leaf) = X509Certificate::from_der(der).ok()?;
    let names = match leaf.subject_alternative_name() {
        Ok(Some(extension)) => extension
            .value
            .general_names
            .iter()
            .filter_map(general_name)
            .collect(),
        _ => Vec::new(),
    };
    let key_algorithm = key_algorithm(&leaf.public_key().algorithm.algorithm.to_id_string());
    Some((names, leaf.validity().not_after.timestamp(), key_algorithm))
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
    v4.or_else(|_| v6()).ok().map(|address| address.to_string())
}

/// Public key algorithms by OID: RFC 8017, RFC 5480, RFC 8410, RFC 9881.
fn key_algorithm(oid: &str) -> &'static str {
    match oid {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.10045.2.1" => "ECDSA",
        "1.3.101.112" => "Ed25519",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        _ => "unknown",
    }
}

impl Loaded {
    /// Does the leaf cover this name (RFC 9525 §6.3: a wildcard stands for one whole label)?
    pub fn covers(&self, server_name: &str) -> bool {
        let rest = server_name.split_once('.').map(|(_, rest)| rest);
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => rest.is_some_and(|rest| rest.eq_ignore_ascii_case(parent)),
            None => name.eq_ignore_ascii_case(server_name),
        })
    }

    fn is_post_quantum(&self) -> bool {
        self.key_algorithm.starts_with("ML-DSA")
    }

    /// The first scheme of its own that is wanted.
    fn scheme(&self, wanted: impl Fn(&SignatureScheme) -> bool) -> Option<SignatureScheme> {
        self.schemes.iter().copied().find(wanted)
    }
}

/// The certificates of a route, as a resolver for rustls.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// Post-quantum keys first, then in the order of the configuration.
    loaded: Arc<[Loaded]>,
}

impl Certificates {
    /// Takes what was loaded, in the order of the configuration.
    pub fn new(mut loaded: Vec<Loaded>) -> Self {
        loaded.sort_by_key(|loaded| !loaded.is_post_quantum());
        Self {
            loaded: loaded.into(),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Loaded> {
        self.loaded.iter()
    }

    /// Is there a certificate for this name?
    pub fn cover(&self, server_name: &str) -> bool {
        self.loaded.iter().any(|loaded| loaded.covers(server_name))
    }

    /// The certificate for a client of TLS 1.2, and the scheme its key will sign with.
    ///
    /// Among those that cover the name, else among all, the first whose key has a scheme in common
    /// with the client; one on a curve that the client lists goes before one on another (RFC 8422 §5.1).
    /// A client without a name, or with a strange one, still gets a certificate and decides for itself,
    /// as with nginx's default server.
    pub fn choose_tls12(
        &self,
        name: Option<&str>,
        offered: &[SignatureScheme],
        lists: impl Fn(NamedGroup) -> bool,
    ) -> Option<(&Loaded, SignatureScheme)> {
        let scheme = |loaded: &Loaded| loaded.scheme(|scheme| offered.contains(scheme));
        let on_listed = |loaded: &Loaded| scheme(loaded).filter(|scheme| curve(*scheme).is_none_or(&lists));
        let covers = |loaded: &Loaded| name.is_some_and(|name| loaded.covers(name));
        self.first(covers, on_listed)
            .or_else(|| self.first(covers, scheme))
            .or_else(|| self.first(|_| true, on_listed))
            .or_else(|| self.first(|_| true, scheme))
    }

    /// The same for TLS 1.3, where a list of groups says nothing of certificates and PKCS #1 v1.5 signs certificates only (RFC 8446 §4.2.3).
    pub fn choose_tls13(
        &self,
        name: Option<&str>,
        offered: &[SignatureScheme],
    ) -> Option<(&Loaded, SignatureScheme)> {
        let signs = |scheme: &SignatureScheme| u16::from(*scheme) & 0xff != 0x01;
        let scheme = |loaded: &Loaded| loaded.scheme(|scheme| signs(scheme) && offered.contains(scheme));
        let covers = |loaded: &Loaded| name.is_some_and(|name| loaded.covers(name));
        self.first(covers, scheme)
            .or_else(|| self.first(|_| true, scheme))
    }

    /// Where none fits, rustls is given the first: it finds out, and says handshake_failure as RFC 8446
    /// §4.2.3 wants it; given none it would say access_denied.
    fn key(&self, chosen: Option<(&Loaded, SignatureScheme)>) -> Option<Arc<CertifiedKey>> {
        let loaded = chosen.map(|(loaded, _)| loaded).or_else(|| self.loaded.first());
        loaded.map(|loaded| Arc::clone(&loaded.key))
    }

    fn first(
        &self,
        wanted: impl Fn(&Loaded) -> bool,
        scheme: impl Fn(&Loaded) -> Option<SignatureScheme>,
    ) -> Option<(&Loaded, SignatureScheme)> {
        let mut pool = self.loaded.iter().filter(|loaded| wanted(loaded));
        pool.find_map(|loaded| scheme(loaded).map(|scheme| (loaded, scheme)))
    }
}

/// The curve of the only kind of key that signs with a scheme, for ECDSA.
const fn curve(scheme: SignatureScheme) -> Option<NamedGroup> {
    match scheme {
        SignatureScheme::ECDSA_NISTP256_SHA256 => Some(NamedGroup::secp256r1),
        SignatureScheme::ECDSA_NISTP384_SHA384 => Some(NamedGroup::secp384r1),
        SignatureScheme::ECDSA_NISTP521_SHA512 => Some(NamedGroup::secp521r1),
        _ => None,
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let lists = |curve| hello.named_groups().is_none_or(|groups| groups.contains(&curve));
        let (name, offered) = (hello.server_name(), hello.signature_schemes());
        self.key(self.choose_tls12(name, offered, lists))
    }
}

/// The same certificates for connections that are TLS 1.3 and nothing else.
#[derive(Debug)]
pub(crate) struct Tls13(pub(crate) Certificates);

impl ResolvesServerCert for Tls13 {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let chosen = self
            .0
            .choose_tls13(hello.server_name(), hello.signature_schemes());
        self.0.key(chosen)
    }
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
