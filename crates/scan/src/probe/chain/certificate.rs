//! One certificate: names, times, key and signature algorithms (RFC 5280).
//!
//! It reads and does not judge. What the algorithm table does not know is kept as its object identifier.

use hybridge_crypto::{Algorithm, digest};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Most names of one certificate that are kept.
const NAMES_MAX: usize = 200;

const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFinding {
    /// Subject, as RFC 4514 would write it.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// DNS names and addresses it is valid for.
    pub names: Vec<String>,
    /// Start of validity in seconds since 1970.
    pub not_before: i64,
    /// End of validity in seconds since 1970.
    pub not_after: i64,
    /// Algorithm of the key; `None` if the table does not know it.
    pub key: Option<&'static Algorithm>,
    /// Algorithm and size of the key as text, or its object identifier.
    pub key_text: String,
    /// Size of an RSA modulus in bits; `None` for other keys.
    pub rsa_bits: Option<u32>,
    /// Algorithm of the signature; `None` if the table does not know it.
    pub signature: Option<&'static Algorithm>,
    /// Name of the signature algorithm, or its object identifier.
    pub signature_text: String,
    /// Whether issuer and subject are the same.
    pub self_signed: bool,
    /// Whether it may sign others (basicConstraints).
    pub is_authority: bool,
    /// SHA-256 of the DER encoding.
    pub fingerprint_sha256: [u8; 32],
    /// Size of the DER encoding in bytes.
    pub der_len: usize,
}

impl CertificateFinding {
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der)
            .map_err(|error| format!("a certificate cannot be read: {error}"))?;
        let key = Key::read(certificate.public_key());
        let signature_oid = certificate.signature_algorithm.algorithm.to_id_string();
        let signature = Algorithm::by_oid(&signature_oid);
        Ok(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            names: names(&certificate),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            key: key.algorithm,
            key_text: key.text,
            rsa_bits: key.rsa_bits,
            signature,
            signature_text: signature.map_or(signature_oid, |algorithm| algorithm.name.to_owned()),
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            is_authority: certificate.is_ca(),
            fingerprint_sha256: digest::sha256(der),
            der_len: der.len(),
        })
    }

    /// Whether it may serve under a DNS name (RFC 9525 §6.3): the same, or a wildcard for its first label.
    #[must_use]
    pub fn is_valid_for(&self, name: &str) -> bool {
        let parent = name.split_once('.').map(|(_, parent)| parent);
        self.names
            .iter()
            .any(|known| match (known.strip_prefix("*."), parent) {
                (Some(suffix), Some(parent)) => suffix.eq_ignore_ascii_case(parent),
                (Some(_), None) => false,
                (None, _) => known.eq_ignore_ascii_case(name),
            })
    }
}

struct Key {
    algorithm: Option<&'static Algorithm>,
    text: String,
    rsa_bits: Option<u32>,
}

impl Key {
    fn read(info: &SubjectPublicKeyInfo<'_>) -> Self {
        let oid = key_oid(info);
        let algorithm = Algorithm::by_oid(&oid);
        let name = algorithm.map_or(oid, |algorithm| algorithm.name.to_owned());
        let Ok(PublicKey::RSA(rsa)) = info.parsed() else {
            return Self {
                algorithm,
                text: name,
                rsa_bits: None,
            };
        };
        let bits = bits(rsa.modulus);
        Self {
            algorithm,
            text: format!("{name}-{bits}"),
            rsa_bits: Some(bits),
        }
    }
}

/// The key's identifier; for elliptic curves, that of the curve (RFC 5480 §2.1.1).
fn key_oid(info: &SubjectPublicKeyInfo<'_>) -> String {
    let oid = info.algorithm.algorithm.to_id_string();
    let curve = info
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok());
    match curve {
        Some(curve) if oid == EC_PUBLIC_KEY => curve.to_id_string(),
        _ => oid,
    }
}

/// Length of a big-endian number in bits.
pub(crate) fn bits(magnitude: &[u8]) -> u32 {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = &magnitude[zeros..];
    let leading = digits.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(digits.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(8)
        .saturating_sub(leading)
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let listed = extension
        .iter()
        .flat_map(|extension| &extension.value.general_names);
    listed.filter_map(name).take(NAMES_MAX).collect()
}

fn name(general: &GeneralName<'_>) -> Option<String> {
    match general {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}
