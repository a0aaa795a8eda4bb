//! DHKEM (RFC 9180 §4.1): a curve as a KEM, the secret bound to both shares by HKDF.
//!
//! HKDF-SHA256 for X25519 and P-256, HKDF-SHA384 for P-384 (§7.1). Base mode alone: no sender authentication.

use zeroize::Zeroizing;

use super::scheme::{Decapsulate, Encapsulated, Kem};
use crate::SharedSecret;
use crate::curve::{Curve, CurveKey};
use crate::hpke::labeled::Labeled;
use crate::kdf::Hash;

/// DHKEM over one curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dhkem {
    pub(super) curve: Curve,
    pub(super) hpke_id: u16,
}

impl Dhkem {
    /// `ExtractAndExpand(dh, enc ‖ pkRm)` of RFC 9180 §4.1.
    fn secret(self, agreed: &SharedSecret, enc: &[u8], recipient: &[u8]) -> Option<SharedSecret> {
        let hash = match self.curve {
            Curve::X25519 | Curve::P256 => Hash::Sha256,
            Curve::P384 => Hash::Sha384,
            Curve::P521 => Hash::Sha512,
        };
        let suite = [b"KEM", &self.hpke_id.to_be_bytes()[..]].concat();
        let labeled = Labeled::new(hash, &suite);
        let key = labeled.extract(b"", b"eae_prk", agreed.as_bytes()).ok()?;
        let context = [enc, recipient].concat();
        let secret = labeled
            .expand(&key, b"shared_secret", &context, hash.len())
            .ok()?;
        Some(SharedSecret::new(secret.as_slice().into()))
    }

    /// `Encap(pkR)` with the ephemeral key as an argument.
    pub(super) fn encapsulate_with(self, ephemeral: &CurveKey, recipient: &[u8]) -> Option<Encapsulated> {
        let agreed = ephemeral.agree(recipient)?;
        let enc = ephemeral.share().to_vec();
        let secret = self.secret(&agreed, &enc, recipient)?;
        Some((enc, secret))
    }
}

impl Kem for Dhkem {
    fn name(&self) -> &'static str {
        self.curve.name()
    }

    fn hpke_id(&self) -> u16 {
        self.hpke_id
    }

    fn generate(&self) -> Option<Zeroizing<Vec<u8>>> {
        CurveKey::generate(self.curve)?.scalar()
    }

    fn expand(&self, private: &[u8]) -> Option<Box<dyn Decapsulate>> {
        let key = CurveKey::from_scalar(self.curve, private)?;
        Some(Box::new(Expanded { kem: *self, key }))
    }

    fn encapsulate(&self, public_key: &[u8]) -> Option<Encapsulated> {
        self.encapsulate_with(&CurveKey::generate(self.curve)?, public_key)
    }
}

struct Expanded {
    kem: Dhkem,
    key: CurveKey,
}

impl Decapsulate for Expanded {
    fn public_key(&self) -> &[u8] {
        self.key.share()
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Option<SharedSecret> {
        let agreed = self.key.agree(ciphertext)?;
        self.kem.secret(&agreed, ciphertext, self.key.share())
    }
}
