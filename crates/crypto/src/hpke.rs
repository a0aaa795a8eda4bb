//! HPKE (RFC 9180) in base mode over every KEM of [`kem`], with HKDF and both AEADs: one code path for all.
//!
//! The key schedule (§5.1) and the message counter (§5.2) are here; KEM, HKDF and AEAD are the crate's own
//! modules. Base mode says nothing about who sent a message. The post-quantum identifiers are those of
//! draft-ietf-hpke-pq-03. There is no PSK and no authenticated mode, and AES-128-GCM is not offered.

mod context;
pub(crate) mod labeled;

use zeroize::Zeroizing;

use crate::{Algorithm, SharedSecret, aead, kdf, kem};

pub use crate::kdf::Hash as Kdf;
pub use context::{Receiver, Sender};

/// The three algorithms of one HPKE message (RFC 9180 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// One of [`kem::algorithms`].
    pub kem: &'static Algorithm,
    /// The hash of HKDF in the key schedule; a KEM keeps its own.
    pub kdf: Kdf,
    /// One of [`aead::algorithms`].
    pub aead: &'static Algorithm,
}

impl Suite {
    /// AES-256-GCM, with HKDF-SHA384 for KEMs of category 5 and P-384 and HKDF-SHA256 for the others.
    ///
    /// # Errors
    /// [`Error::Suite`] when `kem` is not a KEM that is implemented.
    pub fn default_for(kem: &'static Algorithm) -> Result<Self, Error> {
        let wide = kem.category == Some(5) || kem.name == "P-384";
        let suite = Self {
            kem,
            kdf: if wide { Kdf::Sha384 } else { Kdf::Sha256 },
            aead: Algorithm::by_name("AES-256-GCM").ok_or(Error::Suite { part: kem })?,
        };
        suite.id().map(|_id| suite)
    }

    /// `"HPKE" ‖ kem_id ‖ kdf_id ‖ aead_id` (RFC 9180 §5.1).
    fn id(&self) -> Result<[u8; 10], Error> {
        let kem = kem::hpke_id(self.kem).ok_or(Error::Suite { part: self.kem })?;
        let kdf: u16 = match self.kdf {
            Kdf::Sha256 => 1,
            Kdf::Sha384 => 2,
            Kdf::Sha512 => 3,
        };
        let aead: u16 = match self.aead.name {
            "AES-256-GCM" => 2,
            "ChaCha20-Poly1305" => 3,
            _ => return Err(Error::Suite { part: self.aead }),
        };
        let mut id = *b"HPKE\0\0\0\0\0\0";
        for (bytes, part) in id[4..].chunks_exact_mut(2).zip([kem, kdf, aead]) {
            bytes.copy_from_slice(&part.to_be_bytes());
        }
        Ok(id)
    }
}

/// `SetupBaseS` (RFC 9180 §5.1.1): returns `enc`, which the recipient needs, and the sender's context.
///
/// # Errors
/// [`Error::Suite`], or [`Error::Kem`] when the recipient's public key is not valid.
pub fn sender(suite: Suite, recipient_public_key: &[u8], info: &[u8]) -> Result<(Vec<u8>, Sender), Error> {
    let id = suite.id()?;
    let (enc, secret) = kem::encapsulate(suite.kem, recipient_public_key)?;
    Ok((enc, Sender(schedule(suite, id, &secret, info)?)))
}

/// `SetupBaseR` (RFC 9180 §5.1.1).
///
/// # Errors
/// [`Error::Suite`], also when the key belongs to another KEM, or [`Error::Kem`] when `enc` is not valid.
pub fn receiver(
    suite: Suite,
    recipient: &kem::PrivateKey,
    enc: &[u8],
    info: &[u8],
) -> Result<Receiver, Error> {
    let id = suite.id()?;
    if recipient.algorithm() != suite.kem {
        return Err(Error::Suite {
            part: recipient.algorithm(),
        });
    }
    let secret = recipient.decapsulate(enc)?;
    Ok(Receiver(schedule(suite, id, &secret, info)?))
}

/// `SealBase` (RFC 9180 §6.1): one message, as enc ‖ ciphertext ‖ tag.
///
/// # Errors
/// As [`sender`] and [`Sender::seal`].
pub fn seal(
    suite: Suite,
    recipient_public_key: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, Error> {
    let (mut sealed, mut sender) = sender(suite, recipient_public_key, info)?;
    sealed.extend_from_slice(&sender.seal(aad, plaintext)?);
    Ok(sealed)
}

/// `OpenBase` (RFC 9180 §6.1): opens what [`seal`] made.
///
/// # Errors
/// As [`receiver`] and [`Receiver::open`].
pub fn open(
    suite: Suite,
    recipient: &kem::PrivateKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let short = Error::Kem(kem::Error::Ciphertext { algorithm: suite.kem });
    let enc_len = suite.kem.sizes.ciphertext.ok_or(short)?;
    let (enc, ciphertext) = sealed.split_at_checked(enc_len).ok_or(short)?;
    receiver(suite, recipient, enc, info)?.open(aad, ciphertext)
}

/// `KeySchedule` in base mode (RFC 9180 §5.1): mode 0, and an empty PSK with an empty identifier.
fn schedule(
    suite: Suite,
    id: [u8; 10],
    secret: &SharedSecret,
    info: &[u8],
) -> Result<context::Context, Error> {
    let labeled = labeled::Labeled::new(suite.kdf, &id);
    let psk_id_hash = labeled.extract(b"", b"psk_id_hash", b"")?;
    let info_hash = labeled.extract(b"", b"info_hash", info)?;
    let context = [&[0], psk_id_hash.as_slice(), &info_hash].concat();
    let secret = labeled.extract(secret.as_bytes(), b"secret", b"")?;

    let key = labeled.expand(&secret, b"key", &context, aead::KEY_LEN)?;
    let nonce = labeled.expand(&secret, b"base_nonce", &context, aead::NONCE_LEN)?;
    let exporter = labeled.expand(&secret, b"exp", &context, suite.kdf.len())?;
    Ok(context::Context {
        suite,
        id,
        key: aead::Key::from_bytes(suite.aead, &key)?,
        base_nonce: nonce.as_slice().try_into().expect("as long as was asked for"),
        sequence: 0,
        exporter,
    })
}

/// Why an HPKE operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This algorithm has no place in the suite, or the private key belongs to another one.
    #[error("{part} does not fit the HPKE suite")]
    Suite {
        /// The algorithm that does not fit.
        part: &'static Algorithm,
    },
    /// A key or an encapsulated key was not valid.
    #[error(transparent)]
    Kem(#[from] kem::Error),
    /// More was asked of the exporter than it gives.
    #[error(transparent)]
    Kdf(#[from] kdf::Error),
    /// The ciphertext was not made so, or the plaintext is too long.
    #[error(transparent)]
    Aead(#[from] aead::Error),
    /// The context has used all its nonces (RFC 9180 §5.2, `MessageLimitReachedError`).
    #[error("this HPKE context has reached its message limit")]
    MessageLimit,
}

#[cfg(test)]
mod tests;
