//! Ed25519 (RFC 8032 §5.1) with AWS-LC. Private keys are seeds of 32 bytes.
//!
//! Signing is deterministic, as the standard has it; verify-after-sign guards against faults.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::{Error, Key, Scheme, Signed};
use crate::random;

pub(super) static SCHEMES: &[&dyn Scheme] = &[&Ed25519];

const NAME: &str = "Ed25519";

struct Ed25519;

struct Ed25519Key {
    seed: Zeroizing<Vec<u8>>,
    pair: Ed25519KeyPair,
    public: ParsedPublicKey,
}

impl Scheme for Ed25519 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn has_contexts(&self) -> bool {
        false
    }

    fn generate(&self) -> Result<Box<dyn Key>, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        random::fill(&mut *seed).map_err(|_random| Error::Provider { algorithm: NAME })?;
        self.read(&*seed)
    }

    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(bytes)
            .map_err(|_rejected| Error::private_key(NAME, "it must be a seed of 32 bytes"))?;
        let public = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref())
            .map_err(|_rejected| Error::Provider { algorithm: NAME })?;
        let seed = Zeroizing::new(bytes.to_vec());
        Ok(Box::new(Ed25519Key { seed, pair, public }))
    }

    fn check_public_key(&self, public_key: &[u8]) -> Result<(), Error> {
        match public_key.len() {
            32 => Ok(()),
            _ => Err(Error::PublicKey { algorithm: NAME }),
        }
    }

    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        self.check_public_key(public_key)?;
        UnparsedPublicKey::new(&ED25519, public_key)
            .verify(signed.message, signature)
            .map_err(|_unspecified| Error::Signature { algorithm: NAME })
    }
}

impl Key for Ed25519Key {
    fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.seed.clone()
    }

    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error> {
        let signature = self.pair.try_sign(signed.message);
        let signature = signature.map_err(|_unspecified| Error::Provider { algorithm: NAME })?;
        Ok(signature.as_ref().to_vec())
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        self.public
            .verify_sig(signed.message, signature)
            .map_err(|_unspecified| Error::Signature { algorithm: NAME })
    }
}
