//! Tokens that an issuer signs here, with each algorithm, and those that somebody else made up.
//! The keys are real and made on the spot; time is an argument.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_crypto::{Algorithm, sign};
use hybridge_keys::token::Rate;
use hybridge_policy::access::Role;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Issuer, LOOK_EVERY, Unfit};
use crate::config::Oidc;

const NOW_S: i64 = 1_800_000_000;

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key(name: &str) -> sign::PrivateKey {
    sign::PrivateKey::generate(Algorithm::by_name(name).expect("in the table")).expect("implemented")
}

/// A DER integer without its sign byte, from the front; and what comes after it.
fn integer(der: &[u8]) -> (&[u8], &[u8]) {
    let (len, start) = match der[1] {
        0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
        0x81 => (usize::from(der[2]), 3),
        len => (usize::from(len), 2),
    };
    let digits = &der[start..start + len];
    let digits = if digits[0] == 0 && digits.len() > 1 {
        &digits[1..]
    } else {
        digits
    };
    (digits, &der[start + len..])
}

fn content(der: &[u8]) -> &[u8] {
    match der[1] {
        0x82 => &der[4..],
        0x81 => &der[3..],
        _ => &der[2..],
    }
}

fn jwk(alg: &str, key: &sign::PrivateKey) -> Value {
    let public = key.public_key();
    match alg {
        "RS256" => {
            let (n, rest) = integer(content(public));
            json!({"kty": "RSA", "kid": alg, "alg": alg, "n": b64(n), "e": b64(integer(rest).0)})
        }
        "ES256" => {
            json!({"kty": "EC", "crv": "P-256", "kid": alg, "x": b64(&public[1..33]), "y": b64(&public[33..])})
        }
        "EdDSA" => json!({"kty": "OKP", "crv": "Ed25519", "kid": alg, "x": b64(public)}),
        _ => json!({"kty": "AKP", "alg": alg, "kid": alg, "pub": b64(public)}),
    }
}

fn signed(alg: &str, key: &sign::PrivateKey, claims: &Value) -> String {
    let header = json!({"alg": alg, "kid": alg, "typ": "JWT"});
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = key.sign(message.as_bytes(), b"").expect("signed");
    let signature = if alg == "ES256" {
        let (r, rest) = integer(content(&signature));
        let (s, _) = integer(rest);
        let pad = |part: &[u8]| [vec![0; 32 - part.len()], part.to_vec()].concat();
        [pad(r), pad(s)].concat()
    } else {
        signature
    };
    format!("{message}.{}", b64(signature))
}

fn claims() -> Value {
    json!({"iss": "https://id.example", "sub": "alice", "aud": ["other", "hybridge"], "exp": NOW_S + 300,
           "nbf": NOW_S - 10, "groups": ["staff", "kms-users"]})
}

struct Bench {
    file: tempfile::NamedTempFile,
    issuer: Issuer,
}

fn bench(keys: &[Value]) -> Bench {
    let file = tempfile::NamedTempFile::new().expect("a file");
    publish(&file, keys);
    let config = json!({"issuer": "https://id.example", "audience": "hybridge", "jwks": file.path(), "claim": "groups",
        "role": [{"value": "kms-users", "binding": [{"role": "user", "names": ["app-*"]}]}]});
    let config: Oidc = serde_json::from_value(config).expect("a configuration");
    config.validate().expect("sound");
    let rate = Rate {
        per_second: 0,
        burst: 1,
    };
    Bench {
        issuer: Issuer::new(config, rate),
        file,
    }
}

fn publish(file: &tempfile::NamedTempFile, keys: &[Value]) {
    let mut file = file.reopen().expect("writable");
    file.set_len(0).expect("writable");
    file.write_all(json!({"keys": keys}).to_string().as_bytes())
        .expect("writable");
}

impl Bench {
    fn find(&self, token: &str, at_s: i64) -> Result<String, Unfit> {
        let now = Timestamp::from_second(at_s).expect("in range");
        let found = self.issuer.find(token, Duration::ZERO, now);
        found.map(|identity| {
            assert_eq!(identity.rights.bindings()[0].role, Role::User);
            identity.name.clone()
        })
    }
}

#[test]
fn every_allowed_algorithm_proves_who_it_is() {
    let names = [
        ("ES256", "ECDSA-P256"),
        ("EdDSA", "Ed25519"),
        ("ML-DSA-44", "ML-DSA-44"),
        ("ML-DSA-65", "ML-DSA-65"),
        ("ML-DSA-87", "ML-DSA-87"),
        ("RS256", "RSA2048-PKCS15-SHA256"),
    ];
    let keys = names.map(|(alg, name)| (alg, key(name)));
    let set = Vec::from_iter(keys.iter().map(|(alg, key)| jwk(alg, key)));
    let bench = bench(&set);
    for (alg, key) in &keys {
        let token = signed(alg, key, &claims());
        assert_eq!(bench.find(&token, NOW_S), Ok("oidc:alice".to_owned()), "{alg}");
        assert_eq!(
            bench.find(&token, NOW_S + 1),
            Ok("oidc:alice".to_owned()),
            "{alg} again"
        );
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        bytes[10] ^= 1;
        let altered = format!("{message}.{}", b64(bytes));
        assert_eq!(
            bench.find(&altered, NOW_S),
            Err(Unfit::Signature),
            "{alg} altered"
        );
    }
}

#[test]
fn a_token_without_a_real_signature_is_refused() {
    let key = key("Ed25519");
    let bench = bench(&[
        jwk("EdDSA", &key),
        json!({"kty": "oct", "kid": "HS256", "k": b64("secret")}),
    ]);
    let body = b64(claims().to_string());
    for alg in ["none", "None", "HS256", "RS512", ""] {
        let header = b64(json!({"alg": alg}).to_string());
        let token = format!("{header}.{body}.{}", b64("x"));
        assert_eq!(bench.find(&token, NOW_S), Err(Unfit::Algorithm), "{alg}");
    }
    let crit = b64(json!({"alg": "EdDSA", "crit": ["b64"]}).to_string());
    assert_eq!(
        bench.find(&format!("{crit}.{body}."), NOW_S),
        Err(Unfit::Malformed)
    );
    // The key's own algorithm counts, not what the header would like it to be.
    let confused = signed("EdDSA", &key, &claims()).replacen(
        &b64(json!({"alg": "EdDSA", "kid": "EdDSA", "typ": "JWT"}).to_string()),
        &b64(json!({"alg": "ES256", "kid": "EdDSA"}).to_string()),
        1,
    );
    assert_eq!(bench.find(&confused, NOW_S), Err(Unfit::Signature));
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    let key = key("Ed25519");
    let bench = bench(&[jwk("EdDSA", &key)]);
    let cases = [
        ("iss", json!("https://evil.example"), Unfit::Stranger),
        ("aud", json!("other"), Unfit::Stranger),
        ("sub", json!(""), Unfit::Stranger),
        ("exp", json!(NOW_S - 61), Unfit::Time),
        ("nbf", json!(NOW_S + 61), Unfit::Time),
        ("groups", json!(["staff"]), Unfit::NoRole),
        ("groups", json!("kms-users-not"), Unfit::NoRole),
        ("exp", Value::Null, Unfit::Malformed),
        ("iss", Value::Null, Unfit::Malformed),
    ];
    for (claim, value, unfit) in cases {
        let mut wrong = claims();
        wrong[claim] = value;
        assert_eq!(
            bench.find(&signed("EdDSA", &key, &wrong), NOW_S),
            Err(unfit),
            "{claim}"
        );
    }
}

#[test]
fn what_was_verified_expires_all_the_same() {
    let key = key("Ed25519");
    let bench = bench(&[jwk("EdDSA", &key)]);
    let token = signed("EdDSA", &key, &claims());
    assert!(bench.find(&token, NOW_S).is_ok());
    assert!(bench.find(&token, NOW_S + 359).is_ok(), "within the leeway");
    assert_eq!(bench.find(&token, NOW_S + 360), Err(Unfit::Time));
}

#[test]
fn a_key_that_is_withdrawn_verifies_nothing_any_more() {
    let (old, new) = (key("Ed25519"), key("Ed25519"));
    let bench = bench(&[jwk("EdDSA", &old)]);
    let token = signed("EdDSA", &old, &claims());
    assert!(bench.find(&token, NOW_S).is_ok());
    publish(&bench.file, &[jwk("EdDSA", &new)]);
    let later = bench
        .file
        .as_file()
        .metadata()
        .and_then(|data| data.modified())
        .expect("a time");
    bench
        .file
        .as_file()
        .set_modified(later + Duration::from_secs(5))
        .expect("writable");
    let now = Timestamp::from_second(NOW_S).expect("in range");
    let after = |token: &str| {
        bench
            .issuer
            .find(token, LOOK_EVERY, now)
            .map(|identity| identity.name.clone())
    };
    assert_eq!(after(&token), Err(Unfit::Signature));
    assert_eq!(
        after(&signed("EdDSA", &new, &claims())),
        Ok("oidc:alice".to_owned())
    );
}
