//! Composite ML-DSA (draft-ietf-lamps-pq-composite-sigs-19): both signatures must verify.
//!
//! Both components sign M′ = Prefix ‖ Label ‖ len(ctx) ‖ ctx ‖ PH(M), ML-DSA with the label as its context,
//! so that neither half stands alone under another name (§3.2). Keys and signatures are plain
//! concatenations, ML-DSA first. Brainpool curves and Ed448 are missing because no provider has them.

use zeroize::Zeroizing;

use super::{Error, Key, Scheme, Signed, scheme};
use crate::encoding::traditional::{self, Form};
use crate::{Algorithm, Sizes, digest};

pub(super) static SCHEMES: &[&dyn Scheme] = &[
    &Composite::new(
        "COMPSIG-MLDSA44-RSA2048-PSS-SHA256",
        ["ML-DSA-44", "RSA2048-PSS-SHA256"],
        Form::Pkcs1,
        Hash::Sha256,
    ),
    &Composite::new(
        "COMPSIG-MLDSA44-RSA2048-PKCS15-SHA256",
        ["ML-DSA-44", "RSA2048-PKCS15-SHA256"],
        Form::Pkcs1,
        Hash::Sha256,
    ),
    &Composite::new(
        "COMPSIG-MLDSA44-Ed25519-SHA512",
        ["ML-DSA-44", "Ed25519"],
        Form::Raw,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA44-ECDSA-P256-SHA256",
        ["ML-DSA-44", "ECDSA-P-256"],
        Form::Ec,
        Hash::Sha256,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-RSA3072-PSS-SHA512",
        ["ML-DSA-65", "RSA3072-PSS-SHA256"],
        Form::Pkcs1,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-RSA3072-PKCS15-SHA512",
        ["ML-DSA-65", "RSA3072-PKCS15-SHA256"],
        Form::Pkcs1,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-RSA4096-PSS-SHA512",
        ["ML-DSA-65", "RSA4096-PSS-SHA384"],
        Form::Pkcs1,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-RSA4096-PKCS15-SHA512",
        ["ML-DSA-65", "RSA4096-PKCS15-SHA384"],
        Form::Pkcs1,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-ECDSA-P256-SHA512",
        ["ML-DSA-65", "ECDSA-P-256"],
        Form::Ec,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-ECDSA-P384-SHA512",
        ["ML-DSA-65", "ECDSA-P-384"],
        Form::Ec,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA65-Ed25519-SHA512",
        ["ML-DSA-65", "Ed25519"],
        Form::Raw,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA87-ECDSA-P384-SHA512",
        ["ML-DSA-87", "ECDSA-P-384"],
        Form::Ec,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA87-RSA3072-PSS-SHA512",
        ["ML-DSA-87", "RSA3072-PSS-SHA256"],
        Form::Pkcs1,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA87-RSA4096-PSS-SHA512",
        ["ML-DSA-87", "RSA4096-PSS-SHA384"],
        Form::Pkcs1,
        Hash::Sha512,
    ),
    &Composite::new(
        "COMPSIG-MLDSA87-ECDSA-P521-SHA512",
        ["ML-DSA-87", "ECDSA-P-521"],
        Form::Ec,
        Hash::Sha512,
    ),
];

/// Domain separator of the draft, §3.2.
const PREFIX: &[u8] = b"CompositeAlgorithmSignatures2025";
/// Length of an ML-DSA seed in bytes.
const SEED: usize = 32;

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha512,
}

#[derive(Clone, Copy)]
struct Composite {
    name: &'static str,
    label: &'static str,
    /// ML-DSA and the traditional component, by the names of their own schemes.
    parts: [&'static str; 2],
    /// How the draft writes the traditional private key (§5.1).
    form: Form,
    hash: Hash,
}

struct CompositeKey {
    composite: Composite,
    ml_dsa: Box<dyn Key>,
    traditional: Box<dyn Key>,
    public: Vec<u8>,
}

impl Composite {
    /// A label is `COMPSIG-` and the name (§6).
    const fn new(label: &'static str, parts: [&'static str; 2], form: Form, hash: Hash) -> Self {
        let (_, name) = label.split_at(8);
        Self {
            name,
            label,
            parts,
            form,
            hash,
        }
    }

    fn schemes(&self) -> Result<[&'static dyn Scheme; 2], Error> {
        Ok([scheme::by_name(self.parts[0])?, scheme::by_name(self.parts[1])?])
    }

    fn open(&self, ml_dsa: Box<dyn Key>, traditional: Box<dyn Key>) -> Box<dyn Key> {
        let public = [ml_dsa.public_key(), traditional.public_key()].concat();
        Box::new(CompositeKey {
            composite: *self,
            ml_dsa,
            traditional,
            public,
        })
    }

    /// M′ of the draft, §3.2.
    fn representative(&self, signed: Signed<'_>) -> Vec<u8> {
        let length = u8::try_from(signed.context.len()).expect("contexts are checked before they come here");
        let label = self.label.as_bytes();
        let head = [PREFIX, label, &[length], signed.context].concat();
        match self.hash {
            Hash::Sha256 => [&head[..], &digest::sha256(signed.message)].concat(),
            Hash::Sha512 => [&head[..], &digest::sha512(signed.message)].concat(),
        }
    }

    fn signed_by_ml_dsa<'a>(&self, representative: &'a [u8]) -> Signed<'a> {
        Signed {
            message: representative,
            context: self.label.as_bytes(),
        }
    }

    /// Splits a public key at the length of the ML-DSA one.
    fn split_public<'a>(&self, public_key: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Error> {
        let first = self.ml_dsa_sizes().public_key;
        first
            .and_then(|length| public_key.split_at_checked(length))
            .ok_or(Error::PublicKey { algorithm: self.name })
    }

    /// Splits a signature at the length of the ML-DSA one.
    fn split_signature<'a>(&self, signature: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Error> {
        let first = self.ml_dsa_sizes().signature;
        first
            .and_then(|length| signature.split_at_checked(length))
            .ok_or(self.rejected())
    }

    fn ml_dsa_sizes(&self) -> Sizes {
        Algorithm::by_name(self.parts[0]).map_or(Sizes::NONE, |algorithm| algorithm.sizes)
    }

    fn rejected(&self) -> Error {
        Error::Signature { algorithm: self.name }
    }
}

fn traditional(representative: &[u8]) -> Signed<'_> {
    Signed {
        message: representative,
        context: b"",
    }
}

impl Scheme for Composite {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_contexts(&self) -> bool {
        true
    }

    fn generate(&self) -> Result<Box<dyn Key>, Error> {
        let [ml_dsa, traditional] = self.schemes()?;
        Ok(self.open(ml_dsa.generate()?, traditional.generate()?))
    }

    fn read(&self, bytes: &[u8]) -> Result<Box<dyn Key>, Error> {
        let rejected = |why| Error::private_key(self.name, why);
        let [ml_dsa, traditional] = self.schemes()?;
        let (seed, rest) = bytes.split_at_checked(SEED).ok_or(rejected(
            "it must be an ML-DSA seed followed by the traditional key",
        ))?;
        let stored = traditional::read(self.form, self.parts[1], rest).ok_or(rejected(
            "its traditional part is not in the form the draft asks for",
        ))?;
        Ok(self.open(ml_dsa.read(seed)?, traditional.read(&stored)?))
    }

    fn check_public_key(&self, public_key: &[u8]) -> Result<(), Error> {
        let rejected = Error::PublicKey { algorithm: self.name };
        let [ml_dsa, traditional] = self.schemes()?;
        let (first, second) = self.split_public(public_key)?;
        ml_dsa
            .check_public_key(first)
            .and_then(|()| traditional.check_public_key(second))
            .map_err(|_component| rejected)
    }

    fn verify(&self, public_key: &[u8], signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        let [ml_dsa, other] = self.schemes()?;
        let (first_key, second_key) = self.split_public(public_key)?;
        let (first, second) = self.split_signature(signature)?;
        let representative = self.representative(signed);
        ml_dsa
            .verify(first_key, self.signed_by_ml_dsa(&representative), first)
            .and_then(|()| other.verify(second_key, traditional(&representative), second))
            .map_err(|component| self.as_own(component))
    }
}

impl Composite {
    /// A component's complaint under the composite's own name.
    fn as_own(&self, component: Error) -> Error {
        match component {
            Error::PublicKey { .. } => Error::PublicKey { algorithm: self.name },
            Error::Signature { .. } => self.rejected(),
            other => other,
        }
    }
}

impl Key for CompositeKey {
    fn public_key(&self) -> &[u8] {
        &self.public
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = self.traditional.to_bytes();
        let form = self.composite.form;
        let written = traditional::write(form, self.composite.parts[1], &stored);
        Zeroizing::new([&self.ml_dsa.to_bytes()[..], &written[..]].concat())
    }

    fn sign(&self, signed: Signed<'_>) -> Result<Vec<u8>, Error> {
        let representative = self.composite.representative(signed);
        let mut signature = self
            .ml_dsa
            .sign(self.composite.signed_by_ml_dsa(&representative))?;
        signature.extend(self.traditional.sign(traditional(&representative))?);
        Ok(signature)
    }

    fn verify(&self, signed: Signed<'_>, signature: &[u8]) -> Result<(), Error> {
        let (first, second) = self.composite.split_signature(signature)?;
        let representative = self.composite.representative(signed);
        self.ml_dsa
            .verify(self.composite.signed_by_ml_dsa(&representative), first)
            .and_then(|()| self.traditional.verify(traditional(&representative), second))
            .map_err(|component| self.composite.as_own(component))
    }
}
