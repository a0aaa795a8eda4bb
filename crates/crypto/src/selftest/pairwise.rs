//! Pairwise consistency on demand: a fresh key pair is made, which tests itself, and used once more as stored.
//!
//! Making a key already encapsulates and decapsulates, or signs and verifies; here its stored form is read
//! back too, so that what a store keeps is what works.

use crate::{Algorithm, Kind, constant_time, kem, sign};

const MESSAGE: &[u8] = b"hybridge pairwise consistency on demand";

/// True where a fresh key works, and works again after it was stored and read.
pub(super) fn holds(algorithm: &'static Algorithm) -> bool {
    match algorithm.kind {
        Kind::Signature => signs(algorithm).is_ok_and(|()| true),
        _ => encapsulates(algorithm).is_ok_and(|agreed| agreed),
    }
}

fn encapsulates(algorithm: &'static Algorithm) -> Result<bool, kem::Error> {
    let made = kem::PrivateKey::generate(algorithm)?;
    let read = kem::PrivateKey::from_bytes(algorithm, &made.to_bytes())?;
    let (ciphertext, sent) = kem::encapsulate(algorithm, made.public_key())?;
    let received = read.decapsulate(&ciphertext)?;
    Ok(constant_time::eq(sent.as_bytes(), received.as_bytes()))
}

fn signs(algorithm: &'static Algorithm) -> Result<(), sign::Error> {
    let made = sign::PrivateKey::generate(algorithm)?;
    let read = sign::PrivateKey::from_bytes(algorithm, &made.to_bytes())?;
    let signature = read.sign(MESSAGE, b"")?;
    sign::verify(algorithm, made.public_key(), MESSAGE, b"", &signature)
}
