//! Hybrid KEMs: ML-KEM and a curve, both secrets hashed together so that either one suffices.
//!
//! X-Wing is draft-connolly-cfrg-xwing-kem-11; MLKEM768-P256 and MLKEM1024-P384 are
//! draft-irtf-cfrg-concrete-hybrid-kems-02 with the HPKE identifiers of draft-ietf-hpke-pq-03. All three have
//! one shape: a 32-byte seed stretched with SHAKE256, ML-KEM first in keys and ciphertexts, and
//! SHA3-256(ss_PQ ‖ ss_T ‖ ct_T ‖ ek_T ‖ label) as the secret. The seed is expanded once.

use aws_lc_rs::digest;
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use zeroize::Zeroizing;

use super::ml_kem::{self, DecapsulationKey, ParameterSet};
use super::scheme::{Decapsulate, Encapsulated, Kem};
use crate::curve::{Curve, CurveKey};
use crate::{SharedSecret, random};

const SEED_LEN: usize = 32;

/// X-Wing, which draft-irtf-cfrg-concrete-hybrid-kems-02 calls MLKEM768-X25519.
pub(super) const X_WING: Hybrid = Hybrid {
    name: "X-Wing",
    hpke_id: 0x647a,
    set: ParameterSet::MlKem768,
    curve: Curve::X25519,
    scalar_seed_len: 32,
    label: br"\.//^\",
};

/// The category 3 hybrid with a NIST curve.
pub(super) const MLKEM768_P256: Hybrid = Hybrid {
    name: "MLKEM768-P256",
    hpke_id: 0x0050,
    set: ParameterSet::MlKem768,
    curve: Curve::P256,
    scalar_seed_len: 128,
    label: b"MLKEM768-P256",
};

/// The category 5 hybrid with a NIST curve.
pub(super) const MLKEM1024_P384: Hybrid = Hybrid {
    name: "MLKEM1024-P384",
    hpke_id: 0x0051,
    set: ParameterSet::MlKem1024,
    curve: Curve::P384,
    scalar_seed_len: 48,
    label: b"MLKEM1024-P384",
};

/// A hybrid of one ML-KEM parameter set and one curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hybrid {
    name: &'static str,
    hpke_id: u16,
    set: ParameterSet,
    curve: Curve,
    /// Bytes of the stretched seed from which the curve's scalar is drawn.
    scalar_seed_len: usize,
    label: &'static [u8],
}

impl Hybrid {
    /// `expandDecapsKeyG` of draft-irtf-cfrg-hybrid-kems-07 §5.1.2; X-Wing §5.2.
    fn expand(&self, seed: &[u8; SEED_LEN]) -> Option<Expanded> {
        let mut stretched = Zeroizing::new(vec![0; ml_kem::SEED_LEN + self.scalar_seed_len]);
        Shake256::default()
            .chain(seed)
            .finalize_xof()
            .read(&mut stretched);
        let (lattice_seed, scalar_seed) = stretched.split_first_chunk()?;
        let lattice = DecapsulationKey::from_seed(self.set, lattice_seed)?;
        let curve = self.draw_scalar(scalar_seed)?;
        let public_key = [lattice.encapsulation_key(), curve.share()].concat();
        Some(Expanded {
            kem: *self,
            lattice,
            curve,
            public_key,
        })
    }

    /// `RandomScalar` of draft-irtf-cfrg-concrete-hybrid-kems-02 §3.1: the first candidate in range. None is in
    /// range with a probability below 2^-128.
    fn draw_scalar(&self, seed: &[u8]) -> Option<CurveKey> {
        seed.chunks_exact(self.curve.scalar_len())
            .find_map(|candidate| CurveKey::from_scalar(self.curve, candidate))
    }

    /// The `C2PRICombiner` of draft-irtf-cfrg-hybrid-kems-07 §5.1.3; the combiner of X-Wing §5.3.
    fn combine(&self, secrets: [&SharedSecret; 2], shares: [&[u8]; 2]) -> SharedSecret {
        let mut hash = digest::Context::new(&digest::SHA3_256);
        for secret in secrets {
            hash.update(secret.as_bytes());
        }
        for share in shares {
            hash.update(share);
        }
        hash.update(self.label);
        SharedSecret::new(hash.finish().as_ref().into())
    }
}

impl Kem for Hybrid {
    fn name(&self) -> &'static str {
        self.name
    }

    fn hpke_id(&self) -> u16 {
        self.hpke_id
    }

    fn generate(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut seed = Zeroizing::new(vec![0; SEED_LEN]);
        random::fill(&mut seed).ok()?;
        Some(seed)
    }

    fn expand(&self, private: &[u8]) -> Option<Box<dyn Decapsulate>> {
        Some(Box::new(Self::expand(self, private.try_into().ok()?)?))
    }

    fn encapsulate(&self, public_key: &[u8]) -> Option<Encapsulated> {
        let (lattice_key, curve_share) = public_key.split_at_checked(self.set.encapsulation_key_len())?;
        let ephemeral = CurveKey::generate(self.curve)?;
        let agreed = ephemeral.agree(curve_share)?;
        let (mut ciphertext, encapsulated) = ml_kem::encapsulate(self.set, lattice_key)?;
        let secret = self.combine([&encapsulated, &agreed], [ephemeral.share(), curve_share]);
        ciphertext.extend_from_slice(ephemeral.share());
        Some((ciphertext, secret))
    }
}

struct Expanded {
    kem: Hybrid,
    lattice: DecapsulationKey,
    curve: CurveKey,
    public_key: Vec<u8>,
}

impl Decapsulate for Expanded {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Option<SharedSecret> {
        let (lattice, share) = ciphertext.split_at_checked(self.kem.set.ciphertext_len())?;
        let agreed = self.curve.agree(share)?;
        let secret = self.lattice.decapsulate(lattice)?;
        Some(self.kem.combine([&secret, &agreed], [share, self.curve.share()]))
    }
}
