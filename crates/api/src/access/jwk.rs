//! JSON Web Keys (RFC 7517) of an issuer, as public keys that can verify.
//!
//! RSA and EC (RFC 7518 §6), OKP (RFC 8037), AKP (RFC 9964). Symmetric keys are not read: whoever can check a
//! MAC can make one. A key says which one algorithm it is for, and verifies nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_crypto::{Algorithm, sign};
use serde::Deserialize;

/// One key set as it is published.
#[derive(Debug, Deserialize)]
pub(super) struct JwkSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    #[serde(rename = "pub")]
    public: Option<String>,
}

/// A public key for one algorithm of JOSE.
#[derive(Debug)]
pub(super) struct VerifyingKey {
    pub(super) kid: Option<String>,
    /// As the header of a JWT names it.
    pub(super) alg: &'static str,
    algorithm: &'static Algorithm,
    public_key: Vec<u8>,
}

/// The algorithms that are understood: asymmetric ones, and not `none`.
pub(crate) const ALGORITHMS: [&str; 6] = ["ES256", "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "RS256"];

impl JwkSet {
    /// The keys that can verify; others are for other purposes and are passed over.
    pub(super) fn into_keys(self) -> Vec<VerifyingKey> {
        let keys = self.keys.into_iter();
        let known = keys.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        known.filter_map(VerifyingKey::new).collect()
    }
}

impl VerifyingKey {
    fn new(jwk: Jwk) -> Option<Self> {
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let field = |field: &Option<String>| URL_SAFE_NO_PAD.decode(field.as_deref()?).ok();
        let (alg, name, public_key): (&str, &str, Vec<u8>) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let modulus = field(&jwk.n)?;
                let name = match modulus.len() {
                    256 => "RSA2048-PKCS15-SHA256",
                    384 => "RSA3072-PKCS15-SHA256",
                    512 => "RSA4096-PKCS15-SHA256",
                    _ => return None,
                };
                ("RS256", name, sequence(&[&modulus, &field(&jwk.e)?]))
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (field(&jwk.x)?, field(&jwk.y)?);
                let whole = x.len() == 32 && y.len() == 32;
                // SEC 1 §2.3.3, uncompressed.
                (
                    "ES256",
                    "ECDSA-P256",
                    whole.then(|| [&[4], &x[..], &y[..]].concat())?,
                )
            }
            ("OKP", Some("Ed25519")) => ("EdDSA", "Ed25519", field(&jwk.x)?),
            ("AKP", _) => {
                let alg = jwk.alg.as_deref()?;
                let alg = ALGORITHMS
                    .into_iter()
                    .find(|known| *known == alg && known.starts_with("ML-DSA"))?;
                (alg, alg, field(&jwk.public)?)
            }
            _ => return None,
        };
        if jwk.alg.as_deref().is_some_and(|said| said != alg) {
            return None;
        }
        Some(Self {
            kid: jwk.kid,
            alg,
            algorithm: Algorithm::by_name(name)?,
            public_key,
        })
    }

    /// Checks a signature in the form of RFC 7518 §3 (RFC 8037, RFC 9964).
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let converted;
        let signature = if self.alg == "ES256" {
            // RFC 7518 §3.4: both halves beside each other; X.509 writes them as a sequence.
            let Some((r, s)) = signature.split_at_checked(32).filter(|(_, s)| s.len() == 32) else {
                return false;
            };
            converted = sequence(&[r, s]);
            &converted
        } else {
            signature
        };
        sign::verify(self.algorithm, &self.public_key, message, b"", signature).is_ok()
    }
}

/// A DER SEQUENCE of positive INTEGERs (X.690 §8.3, §8.9).
fn sequence(integers: &[&[u8]]) -> Vec<u8> {
    let mut content = Vec::new();
    for integer in integers {
        let zeros = integer.iter().take_while(|byte| **byte == 0).count();
        let digits = &integer[zeros.min(integer.len().saturating_sub(1))..];
        let sign: &[u8] = if digits.first().is_some_and(|byte| *byte >= 0x80) {
            &[0]
        } else {
            &[]
        };
        content.push(0x02);
        length(&mut content, sign.len() + digits.len());
        content.extend([sign, digits].concat());
    }
    let mut der = vec![0x30];
    length(&mut der, content.len());
    der.extend(content);
    der
}

/// X.690 §8.1.3.
fn length(der: &mut Vec<u8>, length: usize) {
    let bytes = length.to_be_bytes();
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(7)..];
    match significant {
        [short] if *short < 0x80 => der.push(*short),
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            der.extend_from_slice(long);
        }
    }
}
