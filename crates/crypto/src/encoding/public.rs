//! Public keys in `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), for every KEM and signature.
//!
//! The bit string holds the raw form: FIPS 203, 204 and 205 keys as they are (RFC 9935, 9881, 9909), points
//! uncompressed (RFC 5480 §2.2), `RSAPublicKey` (RFC 3279 §2.3.1), concatenations for composites.

use der::Tag;
use spki::SubjectPublicKeyInfoRef;

use super::identifier::{self, Identifier};
use super::{Error, asn1};
use crate::{Algorithm, kem, sign};

const SPKI: &str = "SubjectPublicKeyInfo (RFC 5280)";

/// Reads SPKI DER as a key for the wanted algorithm, or for the one it names, and checks the key.
pub(super) fn read(
    wanted: Option<&'static Algorithm>,
    der: &[u8],
) -> Result<(&'static Algorithm, Vec<u8>), Error> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|error| malformed(der, &error))?;
    let raw = info.subject_public_key.as_bytes();
    let raw = raw.ok_or_else(|| Error::malformed(SPKI, "the key is not a whole number of bytes"))?;
    let found = identifier::read(&info.algorithm)?;
    let rsa_bits = match found.is_rsa() {
        true => asn1::rsa_modulus_bits(raw)
            .map_err(|error| Error::malformed("RSAPublicKey (RFC 8017 §A.1.1)", error))?,
        false => 0,
    };
    let algorithm = found.resolve(wanted, rsa_bits)?;
    refuse_compressed(algorithm, raw)?;
    check(algorithm, raw)?;
    Ok((algorithm, raw.to_vec()))
}

/// RFC 5480 §2.2 allows a compressed point; the raw form here is the uncompressed one.
fn refuse_compressed(algorithm: &'static Algorithm, raw: &[u8]) -> Result<(), Error> {
    match (identifier::of(algorithm)?, raw.first()) {
        (Identifier::Curve(_), Some(2 | 3)) => Err(Error::malformed(
            SPKI,
            "the point is compressed; openssl ec -pubin -in KEY -conv_form uncompressed",
        )),
        _ => Ok(()),
    }
}

fn malformed(der: &[u8], error: &spki::Error) -> Error {
    match asn1::first_tag_inside(der) {
        Some(Tag::Integer) => Error::malformed(
            SPKI,
            "it looks like a private key; take the public key out: openssl pkey -pubout -in KEY",
        ),
        Some(Tag::Sequence) => Error::malformed(
            SPKI,
            format!("{error}; of a certificate, take the key: openssl x509 -pubkey -noout -in CERT"),
        ),
        _ => Error::malformed(SPKI, error),
    }
}

/// Writes SPKI DER.
pub(super) fn write(algorithm: &'static Algorithm, raw: &[u8]) -> Result<Vec<u8>, Error> {
    check(algorithm, raw)?;
    let identifier = identifier::of(algorithm)?.encode();
    let key = asn1::tlv(Tag::BitString, &[&[0], raw]);
    Ok(asn1::tlv(Tag::Sequence, &[&identifier, &key]).to_vec())
}

/// Checks a raw public key of a KEM or a signature algorithm.
pub(super) fn check(algorithm: &'static Algorithm, raw: &[u8]) -> Result<(), Error> {
    match sign::algorithms().any(|one| one == algorithm) {
        true => Ok(sign::check_public_key(algorithm, raw)?),
        false => Ok(kem::check_public_key(algorithm, raw)?),
    }
}
