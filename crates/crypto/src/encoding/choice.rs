//! The private keys of ML-KEM and ML-DSA: a seed, an expanded key, or both (RFC 9935 §6, RFC 9881 §6).
//!
//! `CHOICE { seed [0] OCTET STRING, expandedKey OCTET STRING, both SEQUENCE { seed, expandedKey } }`. The
//! seed is what is written. A pair whose halves differ is refused: one of them is not what its owner thinks.

use der::Tag;
use zeroize::Zeroizing;

use super::{Error, asn1};
use crate::kem::ParameterSet;
use crate::{Algorithm, Family, constant_time, sign};

/// The stored form: the seed, or the expanded key of ML-DSA where there is no other.
pub(super) fn read(algorithm: &'static Algorithm, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let malformed =
        |error: der::Error| Error::malformed("seed, expanded key or both (RFC 9881, RFC 9935)", error);
    let (tag, value) = asn1::any(content).map_err(malformed)?;
    match tag {
        asn1::CONTEXT_0_IMPLICIT => seed(algorithm, value),
        Tag::OctetString => expanded(algorithm, value),
        Tag::Sequence => {
            let (seed, expanded) = asn1::two_octet_strings(content).map_err(malformed)?;
            both(algorithm, seed, expanded)
        }
        _ => Err(malformed(tag.unexpected_error(None).into())),
    }
}

/// The seed in its tag.
pub(super) fn write(seed: &[u8]) -> Zeroizing<Vec<u8>> {
    asn1::tlv(asn1::CONTEXT_0_IMPLICIT, &[seed])
}

/// The expanded key, for an ML-DSA key whose seed is lost.
pub(super) fn write_expanded(key: &[u8]) -> Zeroizing<Vec<u8>> {
    asn1::tlv(Tag::OctetString, &[key])
}

fn seed(algorithm: &'static Algorithm, seed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if Some(seed.len()) == algorithm.sizes.private_key {
        return Ok(Zeroizing::new(seed.to_vec()));
    }
    Err(Error::malformed(
        "seed",
        format_args!(
            "{algorithm} has seeds of {} bytes, not {}",
            algorithm.sizes.private_key.unwrap_or_default(),
            seed.len()
        ),
    ))
}

fn expanded(algorithm: &'static Algorithm, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let expected = expand(
        algorithm,
        &[0; 64][..algorithm.sizes.private_key.unwrap_or_default()],
    );
    if expected.is_none_or(|expected| expected.len() != key.len()) {
        let why = format!("an expanded {algorithm} key is not {} bytes long", key.len());
        return Err(Error::malformed("expanded key", why));
    }
    match algorithm.family {
        Family::MlDsa => Ok(Zeroizing::new(key.to_vec())),
        _ => Err(Error::SeedMissing {
            algorithm: algorithm.name,
        }),
    }
}

fn both(algorithm: &'static Algorithm, given: &[u8], key: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let stored = seed(algorithm, given)?;
    match expand(algorithm, given) {
        Some(expected) if constant_time::eq(&expected, key) => Ok(stored),
        _ => Err(Error::Mismatch {
            algorithm: algorithm.name,
            what: "its seed does not expand to its expanded key",
        }),
    }
}

fn expand(algorithm: &'static Algorithm, seed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let sets = [
        ParameterSet::MlKem512,
        ParameterSet::MlKem768,
        ParameterSet::MlKem1024,
    ];
    match sets.iter().find(|set| set.name() == algorithm.name) {
        Some(set) => Some(set.expand(seed.try_into().ok()?)),
        None => sign::expand_ml_dsa(algorithm.name, seed),
    }
}
