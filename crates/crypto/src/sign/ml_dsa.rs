//! ML-DSA (FIPS 204), pure variant, hedged. Private keys are seeds of 32 bytes, expanded once.
//!
//! AWS-LC signs and verifies with an empty context. It offers no context, so what has one goes to
//! RustCrypto (`context`), which expands the same key when it is first needed. An imported key whose seed
//! is lost stays in expanded form.

mod context;

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsRawBytes as _;
use aws_lc_rs::signature::{
    KeyPair as _, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING,
    ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use zeroize::Zeroizing;

use super::{Error, Key, Scheme, Signed};
use crate::random;
use context::{Contexts, Parameters};

pub(super) static SCHEMES: &[&dyn Scheme] = &[
    &Set {
        name: "ML-DSA-44",
        signing: &ML_DSA_44_SIGNING,
        verification: &ML_DSA_44,
        contexts: &Parameters::<MlDsa44>::NEW,
    },
    &Set {
        name: "ML-DSA-65",
        signing: &ML_DSA_65_SIGNING,
        verification: &ML_DSA_65,
        contexts: &Parameters::<MlDsa65>::NEW,
    },
    &Set {
        name: "ML-DSA-87",
        signing: &ML_DSA_87_SIGNING,
        verification: &ML_DSA_87,
        contexts: &Parameters::<MlDsa87>::NEW,
    },
];

/// Length of a seed ξ in bytes (FIPS 204 §5.1).
const SEED: usize = 32;

#[derive(Clone, Copy)]
struct Set {
    name: &'static str,
    signing: &'static PqdsaSigningAlgorithm,
    verification: &'static PqdsaVerificationAlgorithm,
    contexts: &'static dyn Contexts,
}

struct MlDsaKey {
    set: Set,
    /// The seed, or the expanded key where the seed is lost.
    stored: Zeroizing<Vec<u8>>,
    pair: PqdsaKeyPair,
    public: ParsedPublicKey,
    with_context: OnceLock<Box<dyn context::Key>>,
}

impl Set {
    fn open(&self, stored: Zeroizing<Vec<u8>>) -> Result<Box<dyn Key>, Error> {
        let why = "it must be a seed of 32 bytes or a valid expanded key";
        let pair = if stored.len() == SEED {
            PqdsaKeyPair::from_seed(self.signing, &stored)
        } else {
            PqdsaKeyPair::from_raw_private_key(self.signing, &stored)
        };
        let pair = pair.map_err(|_rejected| Error::private_key(self.name, why))?;
        let public = ParsedPublicKey::new(self.verification, pair.public_key().as_ref())
            .map_err(|_rejected| self.provider())?;
        Ok(Box::new(MlDsaKey {
            set: *self,
            stored,
            pair,
            public,
            with_context: OnceLock::new(),
        }))
    }

    fn provider(&self) -> Error {
        Error::Provider { algorithm: self.name }
    }

    fn parse(&self, public_key: &[u8]) -> Result<ParsedPublicKey, Error> {
        let rejected = Error::PublicKey { algorithm: self.name };
        if public_key.len() != self.signing.public_key_len() {
            return Err(rejected);
        }
        ParsedPublicKey::new(self.verification, public_key).map_err(|_rejected| rejected)
    }

    fn verify_plain(&self, key: &ParsedPublicKey, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        key.verify_sig(message, signature)
            .map_err(|_unspecified| Error::Signature { algorithm: self.name })
    }

    fn verified(&self, verifies: bool) -> Result<(), Error> {
        match verifies {
            true => Ok(()),
            false => Err(Error::Signature { algorithm: self.name }),
        }
    }
}

impl Scheme for Set {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_contexts(&self) -> bool {
        true
    }

    fn generate(&self) -> Result<Box<dyn Key>, Error> {
        let mut seed = Zeroizing::new(vec![0; SEED]);
        random::fill(&mut seed).map_err(|_random| self.provider())?;
        self.open(seed)
    }

    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error> {
        self.open(Zeroizing::new(bytes.to_vec()))
    }

    fn check_public_key(&self, public_key: &[u8]) -> Result<(), Error> {
        self.parse(public_key).map(drop)
    }

    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        let key = self.parse(public_key)?;
        if signed.context.is_empty() {
            return self.verify_plain(&key, signed.message, signature);
        }
        self.verified(self.contexts.verify(public_key, signed, signature))
    }
}

impl MlDsaKey {
    fn with_context(&self) -> &dyn context::Key {
        &**self
            .with_context
            .get_or_init(|| self.set.contexts.expand(&self.stored))
    }
}

impl Key for MlDsaKey {
    fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.stored.clone()
    }

    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error> {
        if !signed.context.is_empty() {
            let hedge = random::bytes().map_err(|_random| self.set.provider())?;
            return Ok(self.with_context().sign(signed, &Zeroizing::new(hedge)));
        }
        let mut signature = vec![0; self.set.signing.signature_len()];
        self.pair
            .sign(signed.message, &mut signature)
            .map_err(|_unspecified| self.set.provider())?;
        Ok(signature)
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        if signed.context.is_empty() {
            return self.set.verify_plain(&self.public, signed.message, signature);
        }
        self.set.verified(self.with_context().verify(signed, signature))
    }
}

/// The expanded form of a seed (FIPS 204 §6.1), to compare an imported pair with; `None` for another length.
pub(crate) fn expand(algorithm: &str, seed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let set = [&ML_DSA_44_SIGNING, &ML_DSA_65_SIGNING, &ML_DSA_87_SIGNING];
    let names = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
    let index = names.iter().position(|name| *name == algorithm)?;
    let pair = PqdsaKeyPair::from_seed(set[index], seed).ok()?;
    let raw = pair.private_key().as_raw_bytes().ok()?;
    Some(Zeroizing::new(raw.as_ref().to_vec()))
}

#[cfg(test)]
pub(super) use vectors::{sign_internal, sign_with, verify_internal};

/// Ways to fix the hedge and to reach the internal functions, for published vectors alone.
#[cfg(test)]
mod vectors {
    use super::context::{Contexts, Parameters, internal};
    use super::{MlDsa44, MlDsa65, MlDsa87, Signed};

    pub(crate) fn sign_with(
        set: &str,
        stored: &[u8],
        message: &[u8],
        context: &[u8],
        hedge: [u8; 32],
    ) -> Vec<u8> {
        let set: &dyn Contexts = match set {
            "ML-DSA-44" => &Parameters::<MlDsa44>::NEW,
            "ML-DSA-65" => &Parameters::<MlDsa65>::NEW,
            _ => &Parameters::<MlDsa87>::NEW,
        };
        set.expand(stored).sign(Signed { message, context }, &hedge)
    }

    /// FIPS 204 §6.2.
    pub(crate) fn sign_internal(set: &str, expanded: &[u8], message: &[u8], hedge: [u8; 32]) -> Vec<u8> {
        match set {
            "ML-DSA-44" => internal::sign::<MlDsa44>(expanded, message, hedge),
            "ML-DSA-65" => internal::sign::<MlDsa65>(expanded, message, hedge),
            _ => internal::sign::<MlDsa87>(expanded, message, hedge),
        }
    }

    /// FIPS 204 §6.3.
    pub(crate) fn verify_internal(set: &str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match set {
            "ML-DSA-44" => internal::verify::<MlDsa44>(key, message, signature),
            "ML-DSA-65" => internal::verify::<MlDsa65>(key, message, signature),
            _ => internal::verify::<MlDsa87>(key, message, signature),
        }
    }
}
