//! RSA (RFC 8017): RSASSA-PSS and RSASSA-PKCS1-v1_5 with SHA-2, moduli of 2048, 3072 and 4096 bits.
//!
//! For what already depends on RSA; nothing new should. A PSS salt is as long as the hash. Private keys are
//! PKCS#8 DER, public keys PKCS#1 `RSAPublicKey` DER. Each name binds size, padding and hash.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters, RsaSignatureEncoding,
};
use zeroize::Zeroizing;

use super::{Error, Key, Scheme, Signed};
use crate::encoding::asn1;

pub(super) static SCHEMES: &[&dyn Scheme] = &[
    &Rsa::new("RSA2048-PSS-SHA256", KeySize::Rsa2048, &PSS_SHA256),
    &Rsa::new("RSA2048-PSS-SHA384", KeySize::Rsa2048, &PSS_SHA384),
    &Rsa::new("RSA2048-PSS-SHA512", KeySize::Rsa2048, &PSS_SHA512),
    &Rsa::new("RSA3072-PSS-SHA256", KeySize::Rsa3072, &PSS_SHA256),
    &Rsa::new("RSA3072-PSS-SHA384", KeySize::Rsa3072, &PSS_SHA384),
    &Rsa::new("RSA3072-PSS-SHA512", KeySize::Rsa3072, &PSS_SHA512),
    &Rsa::new("RSA4096-PSS-SHA256", KeySize::Rsa4096, &PSS_SHA256),
    &Rsa::new("RSA4096-PSS-SHA384", KeySize::Rsa4096, &PSS_SHA384),
    &Rsa::new("RSA4096-PSS-SHA512", KeySize::Rsa4096, &PSS_SHA512),
    &Rsa::new("RSA2048-PKCS15-SHA256", KeySize::Rsa2048, &PKCS15_SHA256),
    &Rsa::new("RSA2048-PKCS15-SHA384", KeySize::Rsa2048, &PKCS15_SHA384),
    &Rsa::new("RSA2048-PKCS15-SHA512", KeySize::Rsa2048, &PKCS15_SHA512),
    &Rsa::new("RSA3072-PKCS15-SHA256", KeySize::Rsa3072, &PKCS15_SHA256),
    &Rsa::new("RSA3072-PKCS15-SHA384", KeySize::Rsa3072, &PKCS15_SHA384),
    &Rsa::new("RSA3072-PKCS15-SHA512", KeySize::Rsa3072, &PKCS15_SHA512),
    &Rsa::new("RSA4096-PKCS15-SHA256", KeySize::Rsa4096, &PKCS15_SHA256),
    &Rsa::new("RSA4096-PKCS15-SHA384", KeySize::Rsa4096, &PKCS15_SHA384),
    &Rsa::new("RSA4096-PKCS15-SHA512", KeySize::Rsa4096, &PKCS15_SHA512),
];

/// A padding with its hash.
struct Padding {
    signing: &'static RsaSignatureEncoding,
    verification: &'static RsaParameters,
}

static PSS_SHA256: Padding = padding(&RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256);
static PSS_SHA384: Padding = padding(&RSA_PSS_SHA384, &RSA_PSS_2048_8192_SHA384);
static PSS_SHA512: Padding = padding(&RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512);
static PKCS15_SHA256: Padding = padding(&RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256);
static PKCS15_SHA384: Padding = padding(&RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384);
static PKCS15_SHA512: Padding = padding(&RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512);

const fn padding(signing: &'static RsaSignatureEncoding, verification: &'static RsaParameters) -> Padding {
    Padding {
        signing,
        verification,
    }
}

struct Rsa {
    name: &'static str,
    size: KeySize,
    padding: &'static Padding,
}

struct RsaKey {
    name: &'static str,
    padding: &'static Padding,
    pkcs8: Zeroizing<Vec<u8>>,
    pair: KeyPair,
    public: ParsedPublicKey,
}

impl Rsa {
    const fn new(name: &'static str, size: KeySize, padding: &'static Padding) -> Self {
        Self { name, size, padding }
    }

    fn open(&self, pair: KeyPair) -> Result<Box<dyn Key>, Error> {
        let provider = Error::Provider { algorithm: self.name };
        let pkcs8 = pair.as_der().map_err(|_unspecified| provider.clone())?;
        let public = ParsedPublicKey::new(self.padding.verification, pair.public_key().as_ref())
            .map_err(|_rejected| provider)?;
        Ok(Box::new(RsaKey {
            name: self.name,
            padding: self.padding,
            pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()),
            pair,
            public,
        }))
    }

    fn has_right_size(&self, public_key: &[u8]) -> bool {
        asn1::rsa_modulus_bits(public_key).is_ok_and(|bits| bits == self.size.len() * 8)
    }

    fn parse(&self, public_key: &[u8]) -> Result<ParsedPublicKey, Error> {
        let rejected = Error::PublicKey { algorithm: self.name };
        if !self.has_right_size(public_key) {
            return Err(rejected);
        }
        ParsedPublicKey::new(self.padding.verification, public_key).map_err(|_rejected| rejected)
    }
}

impl Scheme for Rsa {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_contexts(&self) -> bool {
        false
    }

    fn generate(&self) -> Result<Box<dyn Key>, Error> {
        let pair = KeyPair::generate(self.size);
        self.open(pair.map_err(|_unspecified| Error::Provider { algorithm: self.name })?)
    }

    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error> {
        let rejected = |why| Error::private_key(self.name, why);
        let pair = KeyPair::from_pkcs8(bytes)
            .map_err(|_rejected| rejected("it must be PKCS#8 of an RSA key whose numbers fit together"))?;
        if !self.has_right_size(pair.public_key().as_ref()) {
            return Err(rejected("its modulus is not as long as the name says"));
        }
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

impl Key for RsaKey {
    fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                self.padding.signing,
                &SystemRandom::new(),
                signed.message,
                &mut signature,
            )
            .map_err(|_unspecified| Error::Provider { algorithm: self.name })?;
        Ok(signature)
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        self.public
            .verify_sig(signed.message, signature)
            .map_err(|_unspecified| Error::Signature { algorithm: self.name })
    }
}
