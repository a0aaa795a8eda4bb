//! SLH-DSA, all twelve parameter sets of FIPS 205 §11, pure variant, hedged.
//!
//! AWS-LC has none of it: the RustCrypto implementation computes, behind our trait. Private keys are SK of
//! FIPS 205 §9.1 (SK.seed ‖ SK.prf ‖ PK.seed ‖ PK.root); reading one recomputes PK.root, which takes about
//! as long as making a key, because a wrong root would give signatures that nobody can verify.

use std::marker::PhantomData;

use slh_dsa::{
    ParameterSet, Sha2_128f, Sha2_128s, Sha2_192f, Sha2_192s, Sha2_256f, Sha2_256s, Shake128f, Shake128s,
    Shake192f, Shake192s, Shake256f, Shake256s, Signature, SigningKey, VerifyingKey,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Error, Key, Scheme, Signed};
use crate::{constant_time, random};

pub(super) static SCHEMES: &[&dyn Scheme] = &[
    &Set::<Sha2_128s>::new("SLH-DSA-SHA2-128s", 16),
    &Set::<Sha2_128f>::new("SLH-DSA-SHA2-128f", 16),
    &Set::<Sha2_192s>::new("SLH-DSA-SHA2-192s", 24),
    &Set::<Sha2_192f>::new("SLH-DSA-SHA2-192f", 24),
    &Set::<Sha2_256s>::new("SLH-DSA-SHA2-256s", 32),
    &Set::<Sha2_256f>::new("SLH-DSA-SHA2-256f", 32),
    &Set::<Shake128s>::new("SLH-DSA-SHAKE-128s", 16),
    &Set::<Shake128f>::new("SLH-DSA-SHAKE-128f", 16),
    &Set::<Shake192s>::new("SLH-DSA-SHAKE-192s", 24),
    &Set::<Shake192f>::new("SLH-DSA-SHAKE-192f", 24),
    &Set::<Shake256s>::new("SLH-DSA-SHAKE-256s", 32),
    &Set::<Shake256f>::new("SLH-DSA-SHAKE-256f", 32),
];

/// A parameter set; `n` is its security parameter in bytes (FIPS 205 §11, table 2).
struct Set<P> {
    name: &'static str,
    n: usize,
    parameters: PhantomData<fn() -> P>,
}

struct SlhDsaKey<P: ParameterSet> {
    name: &'static str,
    n: usize,
    key: SigningKey<P>,
    public: Vec<u8>,
}

impl<P> Set<P> {
    const fn new(name: &'static str, n: usize) -> Self {
        Self {
            name,
            n,
            parameters: PhantomData,
        }
    }
}

impl<P: ParameterSet + Send + Sync> Set<P> {
    /// Key generation from SK.seed ‖ SK.prf ‖ PK.seed (FIPS 205 §9.1, algorithm 18).
    fn expand(&self, seeds: &[u8]) -> SlhDsaKey<P> {
        let (secret, rest) = seeds.split_at(self.n);
        let (prf, public) = rest.split_at(self.n);
        let key = SigningKey::<P>::slh_keygen_internal(secret, prf, public);
        let public = AsRef::<VerifyingKey<P>>::as_ref(&key).to_vec();
        let (name, n) = (self.name, self.n);
        SlhDsaKey { name, n, key, public }
    }
}

impl<P: ParameterSet + Send + Sync + 'static> Scheme for Set<P> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_contexts(&self) -> bool {
        true
    }

    fn generate(&self) -> Result<Box<dyn Key>, Error> {
        let mut seeds = Zeroizing::new(vec![0; 3 * self.n]);
        random::fill(&mut seeds).map_err(|_random| Error::Provider { algorithm: self.name })?;
        Ok(Box::new(self.expand(&seeds)))
    }

    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error> {
        if bytes.len() != 4 * self.n {
            return Err(Error::private_key(
                self.name,
                "it must be SK of FIPS 205, four hash values long",
            ));
        }
        let (seeds, root) = bytes.split_at(3 * self.n);
        let key = self.expand(seeds);
        if constant_time::eq(&key.public[self.n..], root) {
            return Ok(Box::new(key));
        }
        Err(Error::private_key(
            self.name,
            "the root of its public key does not follow from its seeds",
        ))
    }

    fn check_public_key(&self, public_key: &[u8]) -> Result<(), Error> {
        self.public_key(public_key).map(drop)
    }

    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        verify::<P>(self.name, &self.public_key(public_key)?, signed, signature)
    }
}

impl<P: ParameterSet> Set<P> {
    fn public_key(&self, bytes: &[u8]) -> Result<VerifyingKey<P>, Error> {
        VerifyingKey::try_from(bytes).map_err(|_rejected| Error::PublicKey { algorithm: self.name })
    }
}

impl<P: ParameterSet + Send + Sync> Key for SlhDsaKey<P> {
    fn public_key(&self) -> &[u8] {
        &self.public
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut array = self.key.to_bytes();
        let bytes = Zeroizing::new(array.to_vec());
        array.as_mut_slice().zeroize();
        bytes
    }

    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error> {
        let provider = Error::Provider { algorithm: self.name };
        let mut hedge = Zeroizing::new(vec![0; self.n]);
        random::fill(&mut hedge).map_err(|_random| provider.clone())?;
        self.key
            .try_sign_with_context(signed.message, signed.context, Some(&hedge))
            .map(|signature| signature.to_vec())
            .map_err(|_context| provider)
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        verify::<P>(self.name, self.key.as_ref(), signed, signature)
    }
}

fn verify<P: ParameterSet>(
    algorithm: &'static str,
    key: &VerifyingKey<P>,
    signed: Signed<'_>,
    signature: &[u8],
) -> Result<(), Error> {
    let rejected = Error::Signature { algorithm };
    let signature = Signature::<P>::try_from(signature).map_err(|_length| rejected.clone())?;
    key.try_verify_with_context(signed.message, signed.context, &signature)
        .map_err(|_forged| rejected)
}

/// FIPS 205 §9.3, algorithm 20, for vectors of the internal function.
#[cfg(test)]
pub(super) fn verify_internal(set: &str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    fn check<P: ParameterSet>(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let key = VerifyingKey::<P>::try_from(key).expect("a public key");
        Signature::<P>::try_from(signature)
            .is_ok_and(|signature| key.slh_verify_internal(&[message], &signature).is_ok())
    }
    let check = match set {
        "SLH-DSA-SHA2-192s" => check::<Sha2_192s>,
        "SLH-DSA-SHA2-256f" => check::<Sha2_256f>,
        "SLH-DSA-SHAKE-128f" => check::<Shake128f>,
        "SLH-DSA-SHAKE-192s" => check::<Shake192s>,
        "SLH-DSA-SHAKE-256f" => check::<Shake256f>,
        _ => unreachable!("{set} has no vectors"),
    };
    check(key, message, signature)
}
