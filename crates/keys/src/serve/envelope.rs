//! The two ciphertext formats: payloads, and wrapped data keys. Pure functions.
//!
//! Payload: `0x01 ‖ u32be version ‖ nonce 12 ‖ ciphertext ‖ tag 16`, AES-256-GCM or ChaCha20-Poly1305 under a
//! random nonce. Wrapped data key: `0x02 ‖ u32be version ‖ salt 32 ‖ commitment 32 ‖ ciphertext ‖ tag 16`.
//! Both bind the key's name, the version and the caller's associated data. The wrap commits to the wrapping
//! key and to all of that with the UtC transform of Bellare and Hoang (EUROCRYPT 2022, §6): a committing PRF,
//! here HKDF-Expand with HMAC-SHA-256 (RFC 5869 §2.3), gives the commitment and a key for this one message,
//! so that no wrapped key opens to two data keys.

use hybridge_crypto::kdf::{Hash, hkdf_expand};
use hybridge_crypto::{aead, constant_time, random};
use zeroize::Zeroizing;

use crate::material::failed;
use crate::{Error, KeyName};

const PAYLOAD: u8 = 1;
const WRAP: u8 = 2;
const HEAD_LEN: usize = 5;
const SALT_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;

/// What a ciphertext is bound to besides its key.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) name: &'a KeyName,
    pub(super) version: u32,
    pub(super) aad: &'a [u8],
}

impl Bound<'_> {
    /// Label, name with its length, version, then the caller's bytes: no two bindings look the same.
    fn to_bytes(self, label: &[u8; 20]) -> Vec<u8> {
        let name = self.name.as_bytes();
        let mut bytes = Vec::with_capacity(label.len() + 1 + name.len() + 4 + self.aad.len());
        bytes.extend_from_slice(label);
        bytes.push(u8::try_from(name.len()).expect("a name has at most 129 bytes"));
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(self.aad);
        bytes
    }
}

/// What the head of a ciphertext says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Payload,
    DataKey,
}

/// The kind and the key version of a ciphertext, not yet authenticated.
pub(super) fn head(ciphertext: &[u8]) -> Result<(Kind, u32), Error> {
    let rejected = Error::Rejected { what: "ciphertext" };
    let Some((kind, rest)) = ciphertext.split_first() else {
        return Err(rejected);
    };
    let Some((version, _)) = rest.split_first_chunk::<4>() else {
        return Err(rejected);
    };
    match *kind {
        PAYLOAD => Ok((Kind::Payload, u32::from_be_bytes(*version))),
        WRAP => Ok((Kind::DataKey, u32::from_be_bytes(*version))),
        _ => Err(rejected),
    }
}

fn with_head(kind: u8, version: u32, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_LEN + capacity);
    out.push(kind);
    out.extend_from_slice(&version.to_be_bytes());
    out
}

/// Encrypts a payload under a random nonce.
pub(super) fn seal(key: &aead::Key, bound: Bound<'_>, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let sealed = key
        .seal_random(&bound.to_bytes(b"hybridge-encrypt-v1\0"), plaintext)
        .map_err(failed(key.algorithm()))?;
    let mut out = with_head(PAYLOAD, bound.version, sealed.len());
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Decrypts a payload.
pub(super) fn open(key: &aead::Key, bound: Bound<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    key.open_random(&bound.to_bytes(b"hybridge-encrypt-v1\0"), &sealed[HEAD_LEN..])
        .map_err(|error| rejected(key, error))
}

/// Wraps a data key, with a commitment to the wrapping key.
pub(super) fn wrap(key: &aead::Key, bound: Bound<'_>, data_key: &[u8]) -> Result<Vec<u8>, Error> {
    let salt: [u8; SALT_LEN] = random::bytes().map_err(failed(key.algorithm()))?;
    let (commitment, once) = derive(key, bound, &salt)?;
    let sealed = once
        .seal([0; aead::NONCE_LEN], &[], data_key)
        .map_err(failed(key.algorithm()))?;
    let mut out = with_head(WRAP, bound.version, SALT_LEN + COMMITMENT_LEN + sealed.len());
    out.extend_from_slice(&salt);
    out.extend_from_slice(&commitment);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Unwraps a data key; the commitment is checked before anything is decrypted.
pub(super) fn unwrap(key: &aead::Key, bound: Bound<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let parts = wrapped[HEAD_LEN..]
        .split_first_chunk::<SALT_LEN>()
        .and_then(|(salt, rest)| Some((salt, rest.split_first_chunk::<COMMITMENT_LEN>()?)));
    let Some((salt, (commitment, sealed))) = parts else {
        return Err(Error::Rejected { what: "wrapped key" });
    };
    let (expected, once) = derive(key, bound, salt)?;
    if !constant_time::eq(&expected, commitment) {
        return Err(Error::Rejected { what: "wrapped key" });
    }
    once.open([0; aead::NONCE_LEN], &[], sealed)
        .map_err(|error| rejected(key, error))
}

/// The commitment and the key for one message: the two halves of the committing PRF's output.
fn derive(
    key: &aead::Key,
    bound: Bound<'_>,
    salt: &[u8; SALT_LEN],
) -> Result<([u8; COMMITMENT_LEN], aead::Key), Error> {
    let mut input = bound.to_bytes(b"hybridge-data-key-v1");
    input.splice(20..20, salt.iter().copied());
    let len = COMMITMENT_LEN + aead::KEY_LEN;
    let output = hkdf_expand(Hash::Sha256, &key.to_bytes(), &input, len).map_err(failed(key.algorithm()))?;
    let (commitment, once) = output
        .split_first_chunk()
        .expect("the output is longer than the commitment");
    let once = aead::Key::from_bytes(key.algorithm(), once).map_err(failed(key.algorithm()))?;
    Ok((*commitment, once))
}

fn rejected(key: &aead::Key, error: aead::Error) -> Error {
    match error {
        aead::Error::Open { .. } => Error::Rejected { what: "ciphertext" },
        other => failed(key.algorithm())(other),
    }
}

#[cfg(test)]
mod tests {
    use hybridge_crypto::{Algorithm, aead};

    use super::{Bound, HEAD_LEN, Kind, head, open, seal, unwrap, wrap};
    use crate::KeyName;

    fn key(name: &str) -> aead::Key {
        aead::Key::generate(Algorithm::by_name(name).expect("in the table")).expect("the provider works")
    }

    fn name(name: &str) -> KeyName {
        KeyName::parse(name).expect("a name")
    }

    #[test]
    fn what_was_sealed_opens_under_the_same_binding_only() {
        for algorithm in ["AES-256-GCM", "ChaCha20-Poly1305"] {
            let (key, a, b) = (key(algorithm), name("a"), name("ab"));
            let bound = Bound {
                name: &a,
                version: 7,
                aad: b"b-aad",
            };
            let others = [
                Bound { version: 8, ..bound },
                Bound { aad: b"aad", ..bound },
                Bound {
                    name: &b,
                    aad: b"-aad",
                    ..bound
                },
            ];
            let payload = seal(&key, bound, b"secret").expect("seals");
            let wrapped = wrap(&key, bound, &[9; 32]).expect("wraps");
            assert_eq!(head(&payload).ok(), Some((Kind::Payload, 7)));
            assert_eq!(head(&wrapped).ok(), Some((Kind::DataKey, 7)));
            assert_eq!(*open(&key, bound, &payload).expect("opens"), b"secret");
            assert_eq!(*unwrap(&key, bound, &wrapped).expect("unwraps"), [9; 32]);
            for other in others {
                assert!(open(&key, other, &payload).is_err());
                assert!(unwrap(&key, other, &wrapped).is_err());
            }
        }
    }

    #[test]
    fn every_changed_byte_is_found() {
        let (key, a) = (key("AES-256-GCM"), name("a"));
        let bound = Bound {
            name: &a,
            version: 1,
            aad: b"",
        };
        let payload = seal(&key, bound, b"secret").expect("seals");
        let wrapped = wrap(&key, bound, &[9; 32]).expect("wraps");
        for at in HEAD_LEN..payload.len() {
            let mut changed = payload.clone();
            changed[at] ^= 1;
            assert!(open(&key, bound, &changed).is_err(), "byte {at}");
        }
        for at in HEAD_LEN..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(unwrap(&key, bound, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn what_is_too_short_is_rejected() {
        let (key, a) = (key("AES-256-GCM"), name("a"));
        let bound = Bound {
            name: &a,
            version: 1,
            aad: b"",
        };
        let wrapped = wrap(&key, bound, &[9; 32]).expect("wraps");
        for len in 0..HEAD_LEN {
            assert!(head(&wrapped[..len]).is_err());
        }
        for len in HEAD_LEN..wrapped.len() {
            assert!(unwrap(&key, bound, &wrapped[..len]).is_err());
            assert!(open(&key, bound, &wrapped[..len]).is_err());
        }
        assert!(head(&[3, 0, 0, 0, 1]).is_err());
    }

    #[test]
    fn a_wrapped_key_names_exactly_one_wrapping_key() {
        let a = name("a");
        let bound = Bound {
            name: &a,
            version: 1,
            aad: b"",
        };
        let wrapped = wrap(&key("AES-256-GCM"), bound, &[9; 32]).expect("wraps");
        let error = unwrap(&key("AES-256-GCM"), bound, &wrapped).expect_err("another key");
        assert_eq!(error.code(), "rejected");
    }
}
