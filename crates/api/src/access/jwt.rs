//! JWTs of one trusted issuer (RFC 7519, RFC 8725; OpenID Connect): who holds one is who its subject is.
//!
//! Rules: the algorithm must be allowed by the configuration and be the key's own, so `none` and MACs cannot
//! appear; issuer, audience and expiry must be there and fit. A token that was verified is remembered until
//! it expires or the key set changes. The key set is a file; it is looked at again every few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybridge_crypto::digest;
use hybridge_keys::token::Rate;
use hybridge_policy::access::{Pace, Rights};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::jwk::{JwkSet, VerifyingKey};
use crate::config::Oidc;
use crate::principal::Identity;

/// How old a look at the key set may be.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Longer ones are not looked at. An ML-DSA-87 signature alone is 6 kB in base64.
const TOKEN_LEN_MAX: usize = 16 * 1024;
const REMEMBERED_MAX: usize = 4096;

/// Who the holders of an issuer's tokens are.
#[derive(Debug)]
pub(crate) struct Issuer {
    config: Oidc,
    rate: Rate,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Vec<VerifyingKey>,
    modified: Option<SystemTime>,
    looked: Option<Duration>,
    remembered: HashMap<[u8; 32], (Arc<Identity>, i64)>,
    /// One pace for each subject, however many tokens it has.
    identities: HashMap<String, Arc<Identity>>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515 §4.1.11); we understand none.
    crit: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    #[serde(flatten)]
    others: HashMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the token is no signed JWT")]
    Malformed,
    #[error("the token's algorithm is not one of those that are allowed")]
    Algorithm,
    #[error("no key of the issuer verifies the token")]
    Signature,
    #[error("the token is of another issuer or for another audience")]
    Stranger,
    #[error("the token expired, or is not valid yet")]
    Time,
    #[error("nothing in the token's claims gives it a role")]
    NoRole,
}

impl Issuer {
    pub(crate) fn new(config: Oidc, rate: Rate) -> Self {
        Self {
            config,
            rate,
            state: Mutex::default(),
        }
    }

    /// Whether a bearer token looks like one of an issuer.
    pub(crate) fn is_for(token: &str) -> bool {
        token.len() <= TOKEN_LEN_MAX && token.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Whether the token was verified before and has not expired.
    pub(crate) fn knows(&self, token: &str, now: Timestamp) -> bool {
        let digest = digest::sha256(token.as_bytes());
        let known = self.state().remembered.get(&digest).map(|(_, exp)| *exp);
        known.is_some_and(|exp| exp > now.as_second())
    }

    /// Who holds this token. `elapsed` is the time since any fixed start.
    pub(crate) fn find(
        &self,
        token: &str,
        elapsed: Duration,
        now: Timestamp,
    ) -> Result<Arc<Identity>, Unfit> {
        let digest = digest::sha256(token.as_bytes());
        let mut state = self.state();
        self.look(&mut state, elapsed);
        let now_s = now.as_second();
        if let Some((identity, exp)) = state.remembered.get(&digest)
            && *exp > now_s
        {
            return Ok(Arc::clone(identity));
        }
        let claims = self.verify(token, &state.keys)?;
        let exp = self.check(&claims, now_s)?;
        let rights = self.rights(&claims)?;
        let identity = self.identity(&mut state, &claims.sub, rights);
        if state.remembered.len() >= REMEMBERED_MAX {
            state.remembered.clear();
        }
        state.remembered.insert(digest, (Arc::clone(&identity), exp));
        Ok(identity)
    }

    fn verify(&self, token: &str, keys: &[VerifyingKey]) -> Result<Claims, Unfit> {
        let (message, signature) = token.rsplit_once('.').ok_or(Unfit::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Unfit::Malformed)?;
        let header: Header = part(header)?;
        if header.crit.is_some() {
            return Err(Unfit::Malformed);
        }
        if !self.config.algorithms.contains(&header.alg) {
            return Err(Unfit::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_malformed| Unfit::Malformed)?;
        let fits =
            |key: &&VerifyingKey| key.alg == header.alg && (header.kid.is_none() || key.kid == header.kid);
        let verified = keys
            .iter()
            .filter(fits)
            .any(|key| key.verifies(message.as_bytes(), &signature));
        if verified {
            part(claims)
        } else {
            Err(Unfit::Signature)
        }
    }

    /// The last second of the token, leeway included.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, which is what a far future means"
    )]
    fn check(&self, claims: &Claims, now_s: i64) -> Result<i64, Unfit> {
        let config = &self.config;
        let for_us = match &claims.aud {
            Audience::One(one) => *one == config.audience,
            Audience::Several(several) => several.contains(&config.audience),
        };
        if claims.iss != config.issuer || !for_us || claims.sub.is_empty() {
            return Err(Unfit::Stranger);
        }
        let leeway_s = i64::from(config.leeway_s);
        let exp = (claims.exp.floor() as i64).saturating_add(leeway_s);
        let begun = claims
            .nbf
            .is_none_or(|nbf| (nbf.ceil() as i64).saturating_sub(leeway_s) <= now_s);
        if exp > now_s && begun {
            Ok(exp)
        } else {
            Err(Unfit::Time)
        }
    }

    fn rights(&self, claims: &Claims) -> Result<Rights, Unfit> {
        let held = claims.others.get(&self.config.claim);
        let has = |value: &str| match held {
            Some(Value::String(one)) => one == value,
            Some(Value::Array(several)) => several.iter().any(|each| each.as_str() == Some(value)),
            _ => false,
        };
        let rules = self.config.roles.iter().filter(|rule| has(&rule.value));
        let bindings: Vec<_> = rules.flat_map(|rule| rule.bindings.iter().cloned()).collect();
        if bindings.is_empty() {
            Err(Unfit::NoRole)
        } else {
            Ok(Rights::new(bindings))
        }
    }

    fn identity(&self, state: &mut State, subject: &str, rights: Rights) -> Arc<Identity> {
        let name = format!("oidc:{subject}");
        let known = state
            .identities
            .get(&name)
            .filter(|identity| identity.rights == rights);
        if let Some(identity) = known {
            return Arc::clone(identity);
        }
        if state.identities.len() >= REMEMBERED_MAX {
            state.identities.clear();
        }
        let identity = Arc::new(Identity {
            name: name.clone(),
            rights,
            pace: Pace::new(self.rate.per_second, self.rate.burst),
        });
        state.identities.insert(name, Arc::clone(&identity));
        identity
    }

    /// Reads the key set again if it changed; one that cannot be read now leaves the old one in force.
    fn look(&self, state: &mut State, elapsed: Duration) {
        let fresh = state
            .looked
            .is_some_and(|looked| elapsed.saturating_sub(looked) < LOOK_EVERY);
        if fresh {
            return;
        }
        state.looked = Some(elapsed);
        let read = || -> std::io::Result<_> {
            let modified = std::fs::metadata(&self.config.jwks)?.modified()?;
            if state.modified == Some(modified) {
                return Ok(None);
            }
            let set: JwkSet = serde_json::from_slice(&std::fs::read(&self.config.jwks)?)?;
            Ok(Some((set.into_keys(), modified)))
        };
        match read() {
            Ok(None) => {}
            Ok(Some((keys, modified))) => {
                state.keys = keys;
                state.modified = Some(modified);
                state.remembered.clear();
            }
            Err(error) => {
                tracing::error!(%error, path = %self.config.jwks.display(), "the key set cannot be read");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Unfit> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_malformed| Unfit::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_malformed| Unfit::Malformed)
}

#[cfg(test)]
mod tests;
