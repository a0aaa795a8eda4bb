//! Host keys: what a server signs its exchanges with (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8332, RFC 8709).
//!
//! A signature is checked with the algorithm that was agreed; whether the key is trusted is not asked.

use hybridge_crypto::verify::{self, PublicKey, verify};
use hybridge_crypto::{Algorithm, digest};

use crate::probe::chain::bits;
use crate::probe::report::Support;

/// A host key and its signature over an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKeyFinding {
    /// The host key algorithm that was asked for, such as `rsa-sha2-512`.
    pub algorithm: String,
    /// The entry of the algorithm table, if it has one.
    pub known: Option<&'static Algorithm>,
    /// Size of an RSA modulus in bits; `None` for other keys and for keys that were not seen.
    pub rsa_bits: Option<u32>,
    /// SHA-256 of the key as it is on the wire; `None` if it was not seen.
    pub fingerprint_sha256: Option<[u8; 32]>,
    /// Whether the signature over the exchange hash verifies.
    pub verified: Support,
}

/// A host key algorithm that can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Ed25519,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    RsaSha256,
    RsaSha512,
}

impl Scheme {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "ssh-ed25519" => Self::Ed25519,
            "ecdsa-sha2-nistp256" => Self::EcdsaP256,
            "ecdsa-sha2-nistp384" => Self::EcdsaP384,
            "ecdsa-sha2-nistp521" => Self::EcdsaP521,
            "rsa-sha2-256" => Self::RsaSha256,
            "rsa-sha2-512" => Self::RsaSha512,
            _ => return None,
        })
    }

    /// The name inside the key: RSA has one for all its signatures (RFC 8332 §3).
    pub(super) const fn key_type(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::EcdsaP384 => "ecdsa-sha2-nistp384",
            Self::EcdsaP521 => "ecdsa-sha2-nistp521",
            Self::RsaSha256 | Self::RsaSha512 => "ssh-rsa",
        }
    }

    const fn verification(self) -> verify::Scheme {
        match self {
            Self::Ed25519 => verify::Scheme::Ed25519,
            Self::EcdsaP256 => verify::Scheme::EcdsaP256Sha256,
            Self::EcdsaP384 => verify::Scheme::EcdsaP384Sha384,
            Self::EcdsaP521 => verify::Scheme::EcdsaP521Sha512,
            Self::RsaSha256 => verify::Scheme::RsaPkcs1Sha256,
            Self::RsaSha512 => verify::Scheme::RsaPkcs1Sha512,
        }
    }

    /// Length of r and of s in bytes; `None` where a signature is not a pair.
    const fn scalar_len(self) -> Option<usize> {
        match self {
            Self::EcdsaP256 => Some(32),
            Self::EcdsaP384 => Some(48),
            Self::EcdsaP521 => Some(66),
            Self::Ed25519 | Self::RsaSha256 | Self::RsaSha512 => None,
        }
    }
}

impl HostKeyFinding {
    /// Reads `K_S` and checks its signature over the exchange hash.
    pub(super) fn read(algorithm: &str, key: &[u8], signature: &[u8], exchange_hash: &[u8]) -> Self {
        let verified = match Scheme::of(algorithm) {
            None => Support::unknown("no provider verifies it"),
            Some(scheme) => match check(scheme, algorithm, key, signature, exchange_hash) {
                Ok(()) => Support::Yes,
                Err(because) => Support::no(because),
            },
        };
        Self {
            fingerprint_sha256: Some(digest::sha256(key)),
            rsa_bits: rsa_modulus(key).map(bits),
            ..Self::unseen(algorithm, verified)
        }
    }

    /// A host key that was asked for and did not come.
    pub(super) fn unseen(algorithm: &str, verified: Support) -> Self {
        Self {
            algorithm: algorithm.to_owned(),
            known: Algorithm::by_name(algorithm),
            rsa_bits: None,
            fingerprint_sha256: None,
            verified,
        }
    }
}

fn check(
    scheme: Scheme,
    algorithm: &str,
    key: &[u8],
    signature: &[u8],
    exchange_hash: &[u8],
) -> Result<(), &'static str> {
    let (key_type, key) = string(key).ok_or("the host key is malformed")?;
    if key_type != scheme.key_type().as_bytes() {
        return Err("the host key is of another kind than agreed");
    }
    let (name, signature) = string(signature).ok_or("the signature is malformed")?;
    if name != algorithm.as_bytes() {
        return Err("the signature is of another kind than agreed");
    }
    let (signature, _) = string(signature).ok_or("the signature is malformed")?;
    let signature = fixed(scheme, signature).ok_or("the signature is malformed")?;
    let key = public_key(scheme, key).ok_or("the host key is malformed")?;
    verify(scheme.verification(), key, exchange_hash, &signature)
        .map_err(|_error| "the signature of the host key does not verify")
}

fn public_key(scheme: Scheme, fields: &[u8]) -> Option<PublicKey<'_>> {
    let (first, rest) = string(fields)?;
    match scheme {
        Scheme::Ed25519 => Some(PublicKey::Raw(first)),
        Scheme::EcdsaP256 | Scheme::EcdsaP384 | Scheme::EcdsaP521 => {
            let (point, _) = string(rest)?;
            Some(PublicKey::Raw(point))
        }
        Scheme::RsaSha256 | Scheme::RsaSha512 => {
            let (modulus, _) = string(rest)?;
            Some(PublicKey::Rsa {
                modulus,
                exponent: first,
            })
        }
    }
}

/// ECDSA in SSH is two `mpint`; the check wants both in full length.
fn fixed(scheme: Scheme, signature: &[u8]) -> Option<Vec<u8>> {
    let Some(length) = scheme.scalar_len() else {
        return Some(signature.to_vec());
    };
    let (r, rest) = string(signature)?;
    let (s, _) = string(rest)?;
    let mut pair = vec![0; 2 * length];
    place(&mut pair[..length], r)?;
    place(&mut pair[length..], s)?;
    Some(pair)
}

fn place(room: &mut [u8], scalar: &[u8]) -> Option<()> {
    let zeros = scalar.iter().take_while(|byte| **byte == 0).count();
    let digits = &scalar[zeros..];
    let start = room.len().checked_sub(digits.len())?;
    room[start..].copy_from_slice(digits);
    Some(())
}

fn rsa_modulus(key: &[u8]) -> Option<&[u8]> {
    let (_, fields) = string(key).filter(|(key_type, _)| *key_type == b"ssh-rsa")?;
    let (_, rest) = string(fields)?;
    string(rest).map(|(modulus, _)| modulus)
}

/// A `string` (RFC 4251 §5) and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
