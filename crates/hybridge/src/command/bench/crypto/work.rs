//! One operation of one algorithm, ready to be repeated: keys are made and inputs prepared beforehand.
//! What an operation makes is dropped inside it, erasure included: that is part of its cost.

use std::hint::black_box;

use anyhow::Context as _;
use hybridge_crypto::sign::{SCHEMES, Signed};
use hybridge_crypto::{Algorithm, Kind, aead, kem, mac, sign};

use super::Operation;

/// What is signed, sealed and authenticated.
const MESSAGE: [u8; 64] = [0x5a; 64];

/// An operation that can be repeated.
pub(super) type Work = Box<dyn FnMut() -> anyhow::Result<()>>;

/// What an algorithm can do.
pub(super) const fn operations(algorithm: &Algorithm) -> &'static [Operation] {
    match algorithm.kind {
        Kind::Kem | Kind::KeyAgreement => {
            &[Operation::Keygen, Operation::Encapsulate, Operation::Decapsulate]
        }
        Kind::Signature => &[
            Operation::Keygen,
            Operation::Sign,
            Operation::RawSign,
            Operation::Verify,
        ],
        Kind::Aead => &[Operation::Seal, Operation::Open],
        Kind::Mac => &[Operation::Mac],
        _ => &[],
    }
}

/// Prepares an operation; one that the algorithm does not have does nothing but say so.
///
/// # Errors
/// What the library says of the key or of the inputs.
pub(super) fn prepare(algorithm: &'static Algorithm, operation: Operation) -> anyhow::Result<Work> {
    match algorithm.kind {
        Kind::Kem | Kind::KeyAgreement => of_kem(algorithm, operation),
        Kind::Signature => of_signature(algorithm, operation),
        Kind::Aead => of_aead(algorithm, operation),
        _ => of_mac(algorithm),
    }
}

fn of_kem(algorithm: &'static Algorithm, operation: Operation) -> anyhow::Result<Work> {
    let key = kem::PrivateKey::generate(algorithm)?;
    let public = key.public_key().to_vec();
    let (ciphertext, _secret) = kem::encapsulate(algorithm, &public)?;
    Ok(match operation {
        Operation::Keygen => repeat(move || kem::PrivateKey::generate(algorithm)),
        Operation::Encapsulate => repeat(move || kem::encapsulate(algorithm, &public)),
        _ => repeat(move || key.decapsulate(&ciphertext)),
    })
}

fn of_signature(algorithm: &'static Algorithm, operation: Operation) -> anyhow::Result<Work> {
    const SIGNED: Signed<'_> = Signed {
        message: &MESSAGE,
        context: b"",
    };
    if operation == Operation::Keygen {
        return Ok(repeat(move || sign::PrivateKey::generate(algorithm)));
    }
    let key = sign::PrivateKey::generate(algorithm)?;
    if operation == Operation::Sign {
        return Ok(repeat(move || key.sign(&MESSAGE, b"")));
    }
    let mut schemes = SCHEMES.iter().flat_map(|family| family.iter());
    let scheme = schemes.find(|scheme| scheme.name() == algorithm.name);
    let raw = scheme.context("no such scheme")?.read(&key.to_bytes())?;
    let signature = raw.sign(SIGNED)?;
    Ok(match operation {
        Operation::Verify => repeat(move || raw.verify(SIGNED, &signature)),
        _ => repeat(move || raw.sign(SIGNED)),
    })
}

fn of_aead(algorithm: &'static Algorithm, operation: Operation) -> anyhow::Result<Work> {
    let key = aead::Key::generate(algorithm)?;
    let sealed = key.seal_random(b"", &MESSAGE)?;
    Ok(match operation {
        Operation::Open => repeat(move || key.open_random(b"", &sealed)),
        _ => repeat(move || key.seal_random(b"", &MESSAGE)),
    })
}

fn of_mac(algorithm: &'static Algorithm) -> anyhow::Result<Work> {
    let key = mac::Key::generate(algorithm)?;
    Ok(repeat(move || key.tag(&MESSAGE)))
}

/// Throws the result away, and not before it was made.
fn repeat<T, E>(mut operation: impl FnMut() -> Result<T, E> + 'static) -> Work
where
    E: std::error::Error + Send + Sync + 'static,
{
    Box::new(move || {
        black_box(operation()?);
        Ok(())
    })
}
