//! ML-DSA with a context string (FIPS 204 §5.2 and §5.3), which AWS-LC does not offer.
//!
//! The message representative M′ is 0 ‖ len(ctx) ‖ ctx ‖ M. Only keys that the provider has already read
//! and found consistent come here, because this decoder checks nothing.

use std::marker::PhantomData;

use ml_dsa::{
    B32, EncodedVerifyingKey, ExpandedSigningKey, ExpandedSigningKeyBytes, MlDsaParams, Seed, Signature,
    VerifyingKey,
};
use zeroize::Zeroize as _;

use super::Signed;

/// What a parameter set can do with contexts.
pub(super) trait Contexts: Send + Sync {
    /// Expands a seed, or takes an expanded key that the provider has accepted.
    fn expand(&self, stored: &[u8]) -> Box<dyn Key>;

    /// True when the signature verifies under a public key that the provider has accepted.
    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> bool;
}

/// An expanded private key with its public key.
pub(super) trait Key: Send + Sync {
    /// Signs with the given hedge (`rnd` of FIPS 204 §5.2).
    fn sign(&self, signed: Signed<'_>, hedge: &[u8; 32]) -> Vec<u8>;

    /// True when the signature verifies.
    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> bool;
}

/// One parameter set.
pub(super) struct Parameters<P>(PhantomData<fn() -> P>);

struct Expanded<P: MlDsaParams> {
    key: ExpandedSigningKey<P>,
    public: VerifyingKey<P>,
}

impl<P> Parameters<P> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<P: MlDsaParams + Send + Sync + 'static> Contexts for Parameters<P> {
    fn expand(&self, stored: &[u8]) -> Box<dyn Key> {
        let key = match Seed::try_from(stored) {
            Ok(seed) => from_seed::<P>(seed),
            Err(_longer) => from_expanded(stored),
        };
        let public = key.verifying_key();
        Box::new(Expanded { key, public })
    }

    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> bool {
        EncodedVerifyingKey::<P>::try_from(public_key)
            .is_ok_and(|encoded| verifies(&VerifyingKey::<P>::decode(&encoded), signed, signature))
    }
}

impl<P: MlDsaParams + Send + Sync> Key for Expanded<P> {
    fn sign(&self, signed: Signed<'_>, hedge: &[u8; 32]) -> Vec<u8> {
        let length = u8::try_from(signed.context.len()).expect("contexts are checked before they come here");
        let representative: [&[u8]; 3] = [&[0, length], signed.context, signed.message];
        let signature = self.key.sign_internal(&representative, &B32::from(*hedge));
        signature.encode().to_vec()
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> bool {
        verifies(&self.public, signed, signature)
    }
}

fn from_seed<P: MlDsaParams>(mut seed: Seed) -> ExpandedSigningKey<P> {
    let key = ExpandedSigningKey::from_seed(&seed);
    seed.as_mut_slice().zeroize();
    key
}

#[expect(deprecated, reason = "an imported key whose seed is lost has no other form")]
fn from_expanded<P: MlDsaParams>(bytes: &[u8]) -> ExpandedSigningKey<P> {
    let encoded = ExpandedSigningKeyBytes::<P>::try_from(bytes);
    let mut encoded = encoded.expect("the provider has checked the length");
    let key = ExpandedSigningKey::from_expanded(&encoded);
    encoded.as_mut_slice().zeroize();
    key
}

fn verifies<P: MlDsaParams>(key: &VerifyingKey<P>, signed: Signed<'_>, signature: &[u8]) -> bool {
    Signature::<P>::try_from(signature)
        .is_ok_and(|signature| key.verify_with_context(signed.message, signed.context, &signature))
}

/// The internal functions of FIPS 204 §6, which published vectors are made for.
#[cfg(test)]
pub(super) mod internal {
    use super::{B32, EncodedVerifyingKey, MlDsaParams, Signature, VerifyingKey, from_expanded};

    pub(crate) fn sign<P: MlDsaParams>(expanded: &[u8], message: &[u8], hedge: [u8; 32]) -> Vec<u8> {
        let key = from_expanded::<P>(expanded);
        key.sign_internal(&[message], &B32::from(hedge)).encode().to_vec()
    }

    pub(crate) fn verify<P: MlDsaParams>(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let key = EncodedVerifyingKey::<P>::try_from(key).expect("a public key");
        let key = VerifyingKey::<P>::decode(&key);
        Signature::<P>::try_from(signature).is_ok_and(|signature| key.verify_internal(message, &signature))
    }
}
