//! Private keys in PKCS#8 (RFC 5208, RFC 5958), read from anyone and written in one form.
//!
//! Reading is strict DER. A public key that comes along is compared with the one that follows from the
//! private key. Writing gives version 1 without attributes; only `ECPrivateKey` carries its public key, as
//! RFC 5915 §3 asks.

use der::asn1::OctetStringRef;
use der::{Decode as _, Tag};
use pkcs8::PrivateKeyInfoRef;
use spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use super::identifier::{self, Identifier};
use super::{Error, PrivateKey, asn1, choice};
use crate::{Algorithm, Family};

const PKCS8: &str = "PKCS#8 private key (RFC 5958)";

/// Reads PKCS#8 DER as a key for the wanted algorithm, or for the one it names.
pub(super) fn read(wanted: Option<&'static Algorithm>, der: &[u8]) -> Result<PrivateKey, Error> {
    let info = parse(der)?;
    let content = info.private_key.as_bytes();
    let found = identifier::read(&info.algorithm)?;
    let rsa_bits = match found.is_rsa() {
        true => rsa_bits(content)?,
        false => 0,
    };
    let algorithm = found.resolve(wanted, rsa_bits)?;
    let stored = stored_form(algorithm, content)?;
    let key = PrivateKey::from_bytes(algorithm, &stored.bytes)?;
    let beside = info.public_key.and_then(|bits| bits.as_bytes());
    let mut publics = [stored.public_key, beside].into_iter().flatten();
    match publics.all(|public| public == key.public_key()) {
        true => Ok(key),
        false => Err(Error::Mismatch {
            algorithm: algorithm.name,
            what: "the public key beside it is not its own",
        }),
    }
}

fn parse(der: &[u8]) -> Result<PrivateKeyInfoRef<'_>, Error> {
    PrivateKeyInfoRef::try_from(der).map_err(|error| match asn1::first_tag_inside(der) {
        Some(Tag::Sequence) if SubjectPublicKeyInfoRef::try_from(der).is_ok() => {
            Error::malformed(PKCS8, "it is a public key; give the private key")
        }
        Some(Tag::Sequence) => Error::Encrypted,
        _ => Error::malformed(PKCS8, error),
    })
}

/// Length of the modulus of an `RSAPrivateKey`.
fn rsa_bits(content: &[u8]) -> Result<usize, Error> {
    asn1::rsa_private_modulus_bits(content)
        .map_err(|error| Error::malformed("RSAPrivateKey (RFC 8017 §A.1.2)", error))
}

/// The stored form of a key, and the public key where one stands inside.
struct Stored<'a> {
    bytes: Zeroizing<Vec<u8>>,
    public_key: Option<&'a [u8]>,
}

fn stored_form<'a>(algorithm: &'static Algorithm, content: &'a [u8]) -> Result<Stored<'a>, Error> {
    let bytes = match (algorithm.family, identifier::of(algorithm)?) {
        (Family::MlKem | Family::MlDsa, _) => choice::read(algorithm, content)?,
        (_, Identifier::Curve(curve)) => return ec(curve, content),
        (_, Identifier::Rsa) => asn1::rsa_pkcs8(content),
        (Family::EdDsa | Family::Ecdh, _) => {
            let inner = <&OctetStringRef>::from_der(content);
            let inner = inner.map_err(|error| Error::malformed("CurvePrivateKey (RFC 8410 §7)", error))?;
            Zeroizing::new(inner.as_bytes().to_vec())
        }
        _ => Zeroizing::new(content.to_vec()),
    };
    Ok(Stored {
        bytes,
        public_key: None,
    })
}

fn ec<'a>(curve: &str, content: &'a [u8]) -> Result<Stored<'a>, Error> {
    const WHAT: &str = "ECPrivateKey (RFC 5915)";
    let key = asn1::read_ec_private_key(content).map_err(|error| Error::malformed(WHAT, error))?;
    if key.curve.is_some_and(|inner| inner.to_string() != curve) {
        return Err(Error::malformed(
            WHAT,
            "the curve inside is not the curve outside",
        ));
    }
    Ok(Stored {
        bytes: Zeroizing::new(key.scalar.to_vec()),
        public_key: key.public_key,
    })
}

/// Writes PKCS#8 DER.
pub(super) fn write(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    let algorithm = key.algorithm();
    let identifier = identifier::of(algorithm)?;
    let stored = key.to_bytes();
    let is_seed = Some(stored.len()) == algorithm.sizes.private_key;
    let content = match (algorithm.family, identifier) {
        (_, Identifier::Rsa) => return Ok(stored),
        (Family::MlKem | Family::MlDsa, _) if is_seed => choice::write(&stored),
        (Family::MlKem | Family::MlDsa, _) => choice::write_expanded(&stored),
        (_, Identifier::Curve(_)) => asn1::ec_private_key(&stored, None, Some(key.public_key())),
        (Family::EdDsa | Family::Ecdh, _) => asn1::tlv(Tag::OctetString, &[&stored]),
        _ => stored,
    };
    Ok(asn1::pkcs8(&identifier.encode(), &content))
}
