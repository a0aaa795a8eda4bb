//! The known answers, compiled in: inputs and outputs that somebody else's implementation agrees with.
//!
//! KEMs decapsulate a fixed ciphertext, and a changed one where the standard says what that gives; signature
//! algorithms verify one signature, refuse it under another message (but for SLH-DSA, where that would cost as
//! much again), and derive the public key again where the private one is short. Sources stand beside
//! the values and in `answers/make.mjs`.

#[rustfmt::skip]
mod kem;
#[rustfmt::skip]
mod signature;
mod symmetric;

use std::borrow::Cow;

use crate::{Algorithm, Family, digest};

/// A decapsulation with a fixed key.
struct Kem {
    name: &'static str,
    /// Stored form, as `kem::PrivateKey::from_bytes` takes it.
    private: &'static [u8],
    public_sha256: [u8; 32],
    ciphertext: &'static [u8],
    secret: &'static [u8],
    /// What the ciphertext gives with its first bit changed, where rejection is implicit (FIPS 203 §6.3).
    rejected: Option<&'static [u8]>,
}

/// A signature that verifies, and the key generation behind it.
struct Signature {
    name: &'static str,
    /// Stored form, where it is short and quickly expanded.
    private: Option<&'static [u8]>,
    public: &'static [u8],
    message: &'static [u8],
    context: &'static [u8],
    signature: &'static [u8],
}

/// Changes the first bit of what it is given, or nothing.
#[derive(Clone, Copy)]
pub(super) struct Tamper {
    active: bool,
}

impl Tamper {
    pub(super) fn new(active: bool) -> Self {
        Self { active }
    }

    fn with(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        if self.active {
            Cow::Owned(changed(bytes))
        } else {
            Cow::Borrowed(bytes)
        }
    }
}

/// True where the algorithm has a known answer and gives it.
pub(super) fn hold(algorithm: &'static Algorithm, tamper: Tamper) -> bool {
    if let Some(kem) = kem::TABLE.iter().find(|kem| kem.name == algorithm.name) {
        return kem.holds(algorithm, tamper).unwrap_or(false);
    }
    if let Some(signature) = signature::TABLE.iter().find(|row| row.name == algorithm.name) {
        return signature.holds(algorithm, tamper);
    }
    symmetric::hold(algorithm, tamper).unwrap_or(false)
}

impl Kem {
    fn holds(&self, algorithm: &'static Algorithm, tamper: Tamper) -> Option<bool> {
        let key = crate::kem::PrivateKey::from_bytes(algorithm, self.private).ok()?;
        let decapsulates = |ciphertext: &[u8], secret: &[u8]| {
            let decapsulated = key.decapsulate(ciphertext);
            decapsulated.is_ok_and(|decapsulated| decapsulated.as_bytes() == secret)
        };
        Some(
            digest::sha256(key.public_key()) == self.public_sha256
                && decapsulates(&tamper.with(self.ciphertext), self.secret)
                && self
                    .rejected
                    .is_none_or(|secret| decapsulates(&changed(self.ciphertext), secret)),
        )
    }
}

impl Signature {
    fn holds(&self, algorithm: &'static Algorithm, tamper: Tamper) -> bool {
        let verifies = |message: &[u8], signature: &[u8]| {
            crate::sign::verify(algorithm, self.public, message, self.context, signature).is_ok()
        };
        self.derives(algorithm)
            && verifies(self.message, &tamper.with(self.signature))
            && (algorithm.family == Family::SlhDsa || !verifies(&changed(self.message), self.signature))
    }

    fn derives(&self, algorithm: &'static Algorithm) -> bool {
        let Some(private) = self.private else {
            return true;
        };
        crate::sign::PrivateKey::from_bytes(algorithm, private)
            .is_ok_and(|key| key.public_key() == self.public)
    }
}

/// The same bytes with the first bit changed.
fn changed(bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    if let Some(first) = changed.first_mut() {
        *first ^= 1;
    }
    changed
}

/// Hexadecimal digits as bytes, while compiling; another length does not compile.
const fn hex<const N: usize>(text: &str) -> [u8; N] {
    assert!(text.len() == 2 * N, "two digits for each byte");
    let digits = text.as_bytes();
    let mut bytes = [0; N];
    let mut index = 0;
    while index < N {
        bytes[index] = nibble(digits[2 * index]) << 4 | nibble(digits[2 * index + 1]);
        index += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => {
            assert!(matches!(digit, b'a'..=b'f'), "lower-case hexadecimal");
            digit - b'a' + 10
        }
    }
}
