//! Which `AlgorithmIdentifier` names which key, both ways.
//!
//! Most algorithms have an identifier of their own. Keys on NIST curves share `id-ecPublicKey` (RFC 5480)
//! whether they sign or agree, and RSA keys share `rsaEncryption` (RFC 8017 §A.1) whatever their padding and
//! hash: such a key is what the caller asks for, else a signature key with our default.

use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{Error, asn1, pss};
use crate::{Algorithm, Family, kem, sign};

pub(super) const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
pub(super) const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
/// `NULL`, the parameters of `rsaEncryption`.
const NULL: &[u8] = &[5, 0];

/// What identifies an algorithm's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identifier {
    /// Its own identifier, without parameters.
    Own(&'static str),
    /// `id-ecPublicKey` with this curve.
    Curve(&'static str),
    /// `rsaEncryption`.
    Rsa,
}

/// What a foreign `AlgorithmIdentifier` says, before the caller's wish is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One algorithm and no other.
    One(&'static Algorithm),
    /// A key on this curve, which signs or agrees.
    Curve(&'static str),
    /// An RSA key.
    Rsa,
    /// An RSA key for PSS alone, with this hash where it names one.
    RsaPss(Option<&'static str>),
}

/// The identifier of an algorithm's keys.
pub(crate) fn of(algorithm: &'static Algorithm) -> Result<Identifier, Error> {
    let curve = |curve: &'static str| Ok(Identifier::Curve(curve));
    match (algorithm.family, algorithm.name, algorithm.oids) {
        (Family::Rsa, ..) => Ok(Identifier::Rsa),
        (Family::Ecdsa, _, [oid]) => curve(oid),
        (_, "P-256", _) => curve("1.2.840.10045.3.1.7"),
        (_, "P-384", _) => curve("1.3.132.0.34"),
        (_, "P-521", _) => curve("1.3.132.0.35"),
        (_, _, [oid]) => Ok(Identifier::Own(oid)),
        _ => Err(Error::NoEncoding {
            algorithm: algorithm.name,
        }),
    }
}

impl Identifier {
    /// The encoded `AlgorithmIdentifier`.
    pub(crate) fn encode(self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Own(own) => asn1::algorithm_identifier(own, &[]),
            Self::Curve(curve) => asn1::algorithm_identifier(EC_PUBLIC_KEY, &asn1::oid(curve)),
            Self::Rsa => asn1::algorithm_identifier(RSA_ENCRYPTION, NULL),
        }
    }
}

/// Reads a foreign identifier.
pub(super) fn read(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Found, Error> {
    let oid = identifier.oid.to_string();
    match oid.as_str() {
        EC_PUBLIC_KEY => named_curve(identifier),
        RSA_ENCRYPTION => Ok(Found::Rsa),
        RSASSA_PSS => restricted_to_pss(identifier),
        _ => own(oid, identifier),
    }
}

fn restricted_to_pss(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Found, Error> {
    let Some(parameters) = identifier.parameters else {
        return Ok(Found::RsaPss(None));
    };
    let hash = pss::hash(parameters).ok_or(Error::Parameters {
        oid: RSASSA_PSS.to_owned(),
        remedy: "make the key for SHA-256, SHA-384 or SHA-512, MGF1 with the same hash, and a salt as long as it",
    })?;
    Ok(Found::RsaPss(Some(hash)))
}

fn named_curve(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Found, Error> {
    let curve = identifier
        .parameters
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    let curve = curve.ok_or(Error::Parameters {
        oid: EC_PUBLIC_KEY.to_owned(),
        remedy: "name the curve: openssl ec -in KEY -param_enc named_curve",
    })?;
    let found = Algorithm::by_oid(&curve.to_string()).filter(|found| implemented(found));
    match found.map(|found| found.oids) {
        Some([oid]) => Ok(Found::Curve(oid)),
        _ => Err(Error::UnknownAlgorithm {
            oid: curve.to_string(),
            named: Algorithm::by_oid(&curve.to_string()).map_or("an unknown curve", |known| known.name),
        }),
    }
}

fn own(oid: String, identifier: &AlgorithmIdentifierRef<'_>) -> Result<Found, Error> {
    let known = Algorithm::by_oid(&oid);
    match known.filter(|known| implemented(known)) {
        Some(_) if identifier.parameters.is_some() => Err(Error::Parameters {
            oid,
            remedy: "this algorithm has no parameters; leave them out",
        }),
        Some(known) => Ok(Found::One(known)),
        None => Err(Error::UnknownAlgorithm {
            oid,
            named: known.map_or("an unknown algorithm", |known| known.name),
        }),
    }
}

fn implemented(algorithm: &Algorithm) -> bool {
    kem::algorithms()
        .chain(sign::algorithms())
        .any(|one| one == algorithm)
}

impl Found {
    /// The algorithm the key is read for: the one the caller wants, if the key can be that, else the default.
    /// `rsa_bits` is the length of the modulus, which only an RSA key has.
    pub(super) fn resolve(
        self,
        wanted: Option<&'static Algorithm>,
        rsa_bits: usize,
    ) -> Result<&'static Algorithm, Error> {
        let default = match self {
            Self::One(one) => Some(one),
            Self::Curve(curve) => Algorithm::by_oid(curve),
            Self::Rsa => Algorithm::by_name(&format!("RSA{rsa_bits}-PSS-SHA256")),
            Self::RsaPss(hash) => {
                let hash = hash.unwrap_or("SHA256");
                Algorithm::by_name(&format!("RSA{rsa_bits}-PSS-{hash}"))
            }
        };
        let default = default.ok_or(Error::RsaSize { bits: rsa_bits })?;
        match wanted {
            None => Ok(default),
            Some(wanted) if self.fits(wanted, default) => Ok(wanted),
            Some(wanted) => Err(Error::OtherAlgorithm {
                wanted: wanted.name,
                found: default.name,
            }),
        }
    }

    /// True for a key whose size has to be looked up inside.
    pub(super) fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa | Self::RsaPss(_))
    }

    /// True when a key read as the default can as well be for the wanted algorithm.
    fn fits(self, wanted: &'static Algorithm, default: &'static Algorithm) -> bool {
        let same_size = wanted.sizes.signature == default.sizes.signature;
        let allowed = match self {
            Self::One(_) | Self::RsaPss(Some(_)) => wanted == default,
            Self::Curve(_) => true,
            Self::Rsa => same_size,
            Self::RsaPss(None) => same_size && wanted.name.contains("-PSS-"),
        };
        allowed && of(wanted) == of(default) && implemented(wanted)
    }
}
