//! Certificates as such (RFC 5280): making the CA's and the leaf's, and reading them back.
//! Nothing here touches the disk; the time is an argument.

use std::net::IpAddr;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};
use zeroize::Zeroizing;

use super::name::Name;
use crate::command_error::{CommandError, Kind};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Ten years, leap days included.
const AUTHORITY_DAYS: i32 = 3652;
/// Browsers refuse leaves that live longer than 397 days; a short life makes renewal a habit.
const LEAF_DAYS: i32 = 90;
/// Certificates start a little earlier, for clients whose clocks are slow.
const BACKDATE: SignedDuration = SignedDuration::from_hours(1);

/// A new CA, in PEM.
pub(super) struct Authority {
    pub(super) certificate_pem: String,
    pub(super) key_pem: Zeroizing<String>,
}

/// What we need to know of a certificate.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) is_authority: bool,
    pub(super) names: Vec<Name>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) subject_id: Option<Vec<u8>>,
    pub(super) authority_id: Option<Vec<u8>>,
    /// The uncompressed point.
    pub(super) public_key: Vec<u8>,
}

/// Makes a CA that signs leaves only (pathLenConstraint 0), valid for ten years.
///
/// # Errors
/// `Internal`: the provider fails.
pub(super) fn authority(now: Timestamp) -> Result<Authority, CommandError> {
    let mut params = CertificateParams::default();
    let [a, b, c, d] = random::<4>()?;
    // Two authorities with one name confuse trust stores, so each has a name of its own.
    let name = format!("Hybridge local authority {a:02x}{b:02x}{c:02x}{d:02x}");
    params.distinguished_name = distinguished_name(&name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now, now + DAY * AUTHORITY_DAYS);
    params.serial_number = Some(serial_number()?);
    params.use_authority_key_identifier_extension = true;
    let key = new_key()?;
    let certificate = params.self_signed(&*key).map_err(internal)?;
    Ok(Authority {
        certificate_pem: certificate.pem(),
        key_pem: Zeroizing::new(key.serialize_pem()),
    })
}

/// Makes a leaf with a key of its own: the certificate, then the key, in PEM. It lives for 90 days,
/// but no longer than the CA.
///
/// # Errors
/// `Internal`: the provider fails.
pub(super) fn leaf_pem(
    authority_pem: &str,
    authority_key: &KeyPair,
    authority_end: Timestamp,
    names: &[Name],
    now: Timestamp,
) -> Result<Zeroizing<String>, CommandError> {
    let issuer = Issuer::from_ca_cert_pem(authority_pem, authority_key).map_err(internal)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name("Hybridge local leaf");
    params.subject_alt_names = names.iter().map(alternative_name).collect::<Result<_, _>>()?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    set_validity(&mut params, now, authority_end.min(now + DAY * LEAF_DAYS));
    params.serial_number = Some(serial_number()?);
    params.use_authority_key_identifier_extension = true;
    let key = new_key()?;
    let certificate = params.signed_by(&*key, &issuer).map_err(internal)?;
    let key_pem = Zeroizing::new(key.serialize_pem());
    Ok(Zeroizing::new([certificate.pem().as_str(), &key_pem].concat()))
}

/// When a third of its life is left.
pub(super) fn renew_at(facts: &Facts) -> Timestamp {
    let life = facts.not_after.duration_since(facts.not_before);
    facts.not_after - life / 3
}

/// The first certificate in a PEM text, if its key follows.
pub(super) fn pair_of_pem(pem: &[u8]) -> Option<Facts> {
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(pem).ok()?;
    let key = Zeroizing::new(KeyPair::try_from(&key).ok()?);
    Facts::of_pem(pem).filter(|facts| facts.public_key == key.der_bytes())
}

impl Facts {
    /// Reads the first certificate in a PEM text.
    pub(super) fn of_pem(pem: &[u8]) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        let validity = certificate.validity();
        let names = certificate
            .subject_alternative_name()
            .ok()?
            .map(|san| &san.value.general_names);
        Some(Self {
            is_authority: certificate.is_ca(),
            names: names.into_iter().flatten().filter_map(read_name).collect(),
            not_before: Timestamp::from_second(validity.not_before.timestamp()).ok()?,
            not_after: Timestamp::from_second(validity.not_after.timestamp()).ok()?,
            subject_id: key_id(&certificate, |extension| match extension {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
                _ => None,
            }),
            authority_id: key_id(&certificate, |extension| match extension {
                ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0),
                _ => None,
            }),
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        })
    }
}

fn key_id<'a>(
    certificate: &'a X509Certificate<'a>,
    pick: impl Fn(&'a ParsedExtension<'a>) -> Option<&'a [u8]>,
) -> Option<Vec<u8>> {
    certificate
        .extensions()
        .iter()
        .find_map(|extension| pick(extension.parsed_extension()))
        .map(<[u8]>::to_vec)
}

fn read_name(name: &GeneralName<'_>) -> Option<Name> {
    match name {
        GeneralName::DNSName(name) => name.parse().ok(),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
                .ok()
                .map(Name::Address)
        }
        _ => None,
    }
}

fn alternative_name(name: &Name) -> Result<SanType, CommandError> {
    Ok(match name {
        Name::Dns(name) => SanType::DnsName(Ia5String::try_from(name.as_str()).map_err(internal)?),
        Name::Address(address) => SanType::IpAddress(*address),
    })
}

fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn set_validity(params: &mut CertificateParams, now: Timestamp, end: Timestamp) {
    let seconds =
        |time: Timestamp| SystemTime::from(Timestamp::from_second(time.as_second()).unwrap_or(time));
    params.not_before = seconds(now - BACKDATE).into();
    params.not_after = seconds(end).into();
}

/// 127 random bits, positive and not zero (RFC 5280 §4.1.2.2).
fn serial_number() -> Result<SerialNumber, CommandError> {
    let mut bytes = random::<16>()?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn new_key() -> Result<Zeroizing<KeyPair>, CommandError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map(Zeroizing::new)
        .map_err(internal)
}

fn random<const N: usize>() -> Result<[u8; N], CommandError> {
    hybridge_crypto::random::bytes().map_err(|error| CommandError::new(Kind::Internal, error))
}

fn internal(error: rcgen::Error) -> CommandError {
    CommandError::new(
        Kind::Internal,
        anyhow::Error::new(error).context("the certificate cannot be made"),
    )
}
