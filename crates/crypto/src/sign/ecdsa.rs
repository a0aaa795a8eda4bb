//! ECDSA (FIPS 186-5 §6) on P-256 with SHA-256, P-384 with SHA-384 and P-521 with SHA-512, by AWS-LC.
//!
//! Private keys are scalars of the curve's length, public keys uncompressed points (SEC 1 §2.3.3),
//! signatures DER as in X.509 (RFC 5480). The fixed form r‖s of SSH and JOSE is the business of `verify`.

use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _, ParsedPublicKey,
};
use zeroize::Zeroizing;

use super::{Error, Key, Scheme, Signed};
use crate::encoding::asn1;

pub(super) static SCHEMES: &[&dyn Scheme] = &[
    &Curve {
        name: "ECDSA-P-256",
        oid: "1.2.840.10045.3.1.7",
        scalar: 32,
        signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
        verification: &ECDSA_P256_SHA256_ASN1,
    },
    &Curve {
        name: "ECDSA-P-384",
        oid: "1.3.132.0.34",
        scalar: 48,
        signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
        verification: &ECDSA_P384_SHA384_ASN1,
    },
    &Curve {
        name: "ECDSA-P-521",
        oid: "1.3.132.0.35",
        scalar: 66,
        signing: &ECDSA_P521_SHA512_ASN1_SIGNING,
        verification: &ECDSA_P521_SHA512_ASN1,
    },
];

struct Curve {
    name: &'static str,
    oid: &'static str,
    /// Length of a scalar in bytes.
    scalar: usize,
    signing: &'static EcdsaSigningAlgorithm,
    verification: &'static EcdsaVerificationAlgorithm,
}

struct EcdsaKey {
    name: &'static str,
    scalar: Zeroizing<Vec<u8>>,
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
}

impl Curve {
    fn open(&self, pair: EcdsaKeyPair) -> Result<Box<dyn Key>, Error> {
        let provider = Error::Provider { algorithm: self.name };
        let scalar: EcPrivateKeyBin<'_> = pair
            .private_key()
            .as_be_bytes()
            .map_err(|_unspecified| provider.clone())?;
        let public = ParsedPublicKey::new(self.verification, pair.public_key().as_ref())
            .map_err(|_rejected| provider)?;
        Ok(Box::new(EcdsaKey {
            name: self.name,
            scalar: Zeroizing::new(scalar.as_ref().to_vec()),
            pair,
            public,
        }))
    }

    fn parse(&self, public_key: &[u8]) -> Result<ParsedPublicKey, Error> {
        let rejected = Error::PublicKey { algorithm: self.name };
        if public_key.len() != 2 * self.scalar + 1 || public_key[0] != 4 {
            return Err(rejected);
        }
        ParsedPublicKey::new(self.verification, public_key).map_err(|_rejected| rejected)
    }
}

impl Scheme for Curve {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_contexts(&self) -> bool {
        false
    }

    fn generate(&self) -> Result<Box<dyn Key>, Error> {
        let pair = EcdsaKeyPair::generate(self.signing)
            .map_err(|_unspecified| Error::Provider { algorithm: self.name })?;
        self.open(pair)
    }

    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error> {
        let rejected = |why| Error::private_key(self.name, why);
        if bytes.len() != self.scalar {
            return Err(rejected("it must be a scalar of the curve's length"));
        }
        let encoded = asn1::ec_private_key(bytes, Some(self.oid), None);
        let pair = EcdsaKeyPair::from_private_key_der(self.signing, &encoded)
            .map_err(|_rejected| rejected("the scalar is zero or not below the order of the curve"))?;
        self.open(pair)
    }

    fn check_public_key(&self, public_key: &[u8]) -> Result<(), Error> {
        self.parse(public_key).map(drop)
    }

    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        self.parse(public_key)?
            .verify_sig(signed.message, signature)
            .map_err(|_unspecified| Error::Signature { algorithm: self.name })
    }
}

impl Key for EcdsaKey {
    fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.scalar.clone()
    }

    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error> {
        let signature = self.pair.sign(&SystemRandom::new(), signed.message);
        let signature = signature.map_err(|_unspecified| Error::Provider { algorithm: self.name })?;
        Ok(signature.as_ref().to_vec())
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        self.public
            .verify_sig(signed.message, signature)
            .map_err(|_unspecified| Error::Signature { algorithm: self.name })
    }
}
