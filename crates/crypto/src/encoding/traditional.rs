//! Private keys of the classical halves of composites, in the forms the draft asks for.
//!
//! draft-ietf-lamps-pq-composite-sigs-19 §5.1: the seed for Ed25519, an `ECPrivateKey` with its curve and
//! without a public key for ECDSA, an `RSAPrivateKey` for RSA. The stored forms of `sign` are the other side.

use zeroize::Zeroizing;

use super::asn1;
use super::identifier::{self, Identifier};
use crate::Algorithm;

/// How the draft writes a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is stored.
    Raw,
    /// RFC 5915.
    Ec,
    /// RFC 8017 §A.1.2.
    Pkcs1,
}

/// The stored form of a component's private key; `None` when it is not in the draft's form.
pub(crate) fn read(form: Form, component: &'static str, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match form {
        Form::Raw => Some(Zeroizing::new(bytes.to_vec())),
        Form::Pkcs1 => Some(asn1::rsa_pkcs8(bytes)),
        Form::Ec => {
            let key = asn1::read_ec_private_key(bytes).ok()?;
            let named = key
                .curve
                .is_none_or(|curve| curve.to_string() == curve_of(component));
            named.then(|| Zeroizing::new(key.scalar.to_vec()))
        }
    }
}

/// The draft's form of a component's stored private key.
pub(crate) fn write(form: Form, component: &'static str, stored: &[u8]) -> Zeroizing<Vec<u8>> {
    match form {
        Form::Raw => Zeroizing::new(stored.to_vec()),
        Form::Ec => asn1::ec_private_key(stored, Some(curve_of(component)), None),
        Form::Pkcs1 => {
            let inner = asn1::pkcs8_content(stored).expect("a stored RSA key is PKCS#8");
            Zeroizing::new(inner.to_vec())
        }
    }
}

fn curve_of(component: &'static str) -> &'static str {
    let algorithm = Algorithm::by_name(component).expect("components are in the table");
    match identifier::of(algorithm) {
        Ok(Identifier::Curve(curve)) => curve,
        _ => "",
    }
}
