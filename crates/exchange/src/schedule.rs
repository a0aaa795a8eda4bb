//! The key schedule: from the KEM's secret and the transcript to every key of a session.
//!
//! The shape of RFC 8446 §7.1 with labels of our own. Each epoch has its own secrets; what an epoch was made
//! from is erased as soon as its keys exist, so no later state leads back to it.

use hybridge_crypto::kdf::{self, Hash};
use hybridge_crypto::{Algorithm, SharedSecret, digest, mac};
use zeroize::Zeroizing;

use crate::CryptoError;

/// In front of every label, as `tls13 ` is in RFC 8446 §7.1.
const LABEL_PREFIX: &[u8] = b"hybridge1 ";
/// What every transcript begins with.
const TRANSCRIPT_START: &[u8] = b"hybridge key exchange, version 1";
/// Labels of [`expand_label`] are at most this long, in bytes.
pub(crate) const LABEL_LEN_MAX: usize = 255 - LABEL_PREFIX.len();

/// Bytes that are erased when dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// A running hash of all that was said: `T_n = Hash(T_{n-1} ‖ message_n)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transcript {
    hash: Hash,
    digest: Vec<u8>,
}

impl Transcript {
    pub(crate) fn new(hash: Hash) -> Self {
        let digest = hashed(hash, TRANSCRIPT_START);
        Self { hash, digest }
    }

    pub(crate) fn add(&mut self, message: &[u8]) {
        self.digest.extend_from_slice(message);
        self.digest = hashed(self.hash, &self.digest);
    }

    pub(crate) fn with(&self, message: &[u8]) -> Self {
        let mut longer = self.clone();
        longer.add(message);
        longer
    }

    pub(crate) fn digest(&self) -> &[u8] {
        &self.digest
    }
}

pub(crate) fn hashed(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => digest::sha256(message).to_vec(),
        Hash::Sha384 => digest::sha384(message).to_vec(),
        Hash::Sha512 => digest::sha512(message).to_vec(),
    }
}

/// HKDF-Expand-Label of RFC 8446 §7.1.
pub(crate) fn expand_label(
    hash: Hash,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    length: usize,
) -> Result<Secret, CryptoError> {
    let short = |length: usize| u8::try_from(length).expect("labels and contexts are checked to be short");
    let wanted = u16::try_from(length).expect("no key is longer than 255 hashes");
    let mut info = wanted.to_be_bytes().to_vec();
    info.push(short(LABEL_PREFIX.len() + label.len()));
    info.extend_from_slice(LABEL_PREFIX);
    info.extend_from_slice(label);
    info.push(short(context.len()));
    info.extend_from_slice(context);
    Ok(kdf::hkdf_expand(hash, secret, &info, length)?)
}

/// The MAC key that [`expand_label`] gives.
pub(crate) fn mac_key(
    hash: Hash,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
) -> Result<mac::Key, CryptoError> {
    let bytes = expand_label(hash, secret, label, context, hash.len())?;
    Ok(mac::Key::from_bytes(hmac(hash), &bytes)?)
}

fn hmac(hash: Hash) -> &'static Algorithm {
    let name = match hash {
        Hash::Sha256 => "HMAC-SHA-256",
        Hash::Sha384 => "HMAC-SHA-384",
        Hash::Sha512 => "HMAC-SHA-512",
    };
    Algorithm::by_name(name).expect("the table has HMAC with every hash of SHA-2")
}

/// The secrets of the exchange itself.
pub(crate) struct Handshake {
    hash: Hash,
    secret: Secret,
}

impl Handshake {
    /// `HKDF-Extract(salt, shared secret)`; the salt is empty in an exchange, and the secret of the epoch
    /// before in a re-key.
    pub(crate) fn new(hash: Hash, salt: &[u8], shared: &SharedSecret) -> Result<Self, CryptoError> {
        let secret = kdf::hkdf_extract(hash, salt, shared.as_bytes())?;
        Ok(Self { hash, secret })
    }

    /// The key of a confirmation, bound to what was said before it.
    pub(crate) fn finished(&self, label: &[u8], transcript: &Transcript) -> Result<mac::Key, CryptoError> {
        mac_key(self.hash, &self.secret, label, transcript.digest())
    }

    /// The secret that an epoch begins with, bound to all that was said.
    pub(crate) fn epoch(self, transcript: &Transcript) -> Result<EpochSecret, CryptoError> {
        let hash = self.hash;
        let secret = expand_label(hash, &self.secret, b"epoch", transcript.digest(), hash.len())?;
        Ok(EpochSecret { hash, secret })
    }
}

/// What the keys of an epoch come from.
pub(crate) struct EpochSecret {
    hash: Hash,
    secret: Secret,
}

impl EpochSecret {
    /// A secret of this epoch, by its label.
    pub(crate) fn derive(&self, label: &[u8], length: usize) -> Result<Secret, CryptoError> {
        expand_label(self.hash, &self.secret, label, &[], length)
    }
}
