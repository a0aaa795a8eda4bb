//! Console sessions: a cookie that stands for a token for a while.
//!
//! The token itself is never put into a cookie: browsers send cookies to every port of a host, and keep
//! them on disk. A session lives in memory, ends after hours or with the process, and each use of it checks
//! its token anew.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue, header};
use hybridge_keys::token::{Digest, Secret};
use jiff::{SignedDuration, Timestamp};

use crate::problem::{Code, Problem};

const COOKIE: &str = "hybridge_session";
const LIFE: SignedDuration = SignedDuration::from_hours(12);
const SESSIONS_MAX: usize = 1024;

/// Open sessions by the digest of their secret.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 12], Session>>);

struct Session {
    secret: Digest,
    token: Digest,
    ends: Timestamp,
}

impl Sessions {
    /// Opens a session for a token that was let in; returns the `Set-Cookie` field.
    pub(crate) fn open(&self, token: Digest, secure: Secure, now: Timestamp) -> Result<HeaderValue, Problem> {
        let unavailable = |why: String| Problem::new(Code::StoreUnavailable, why);
        let secret = Secret::generate().map_err(|error| unavailable(error.to_string()))?;
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.ends > now);
        if sessions.len() >= SESSIONS_MAX {
            return Err(unavailable("too many sessions are open".to_owned()));
        }
        let digest = secret.digest();
        let session = Session {
            secret: digest.clone(),
            token,
            ends: now.saturating_add(LIFE).unwrap_or(now),
        };
        sessions.insert(*digest.id().as_bytes(), session);
        Ok(cookie(secret.reveal(), secure, LIFE.as_secs()))
    }

    /// The token behind the session that a request names.
    pub(crate) fn digest(&self, headers: &HeaderMap, now: Timestamp) -> Option<Digest> {
        let presented = presented(headers)?;
        let sessions = self.lock();
        let session = sessions.get(presented.id().as_bytes())?;
        let good = session.ends > now && session.secret.is_same(&presented);
        good.then(|| session.token.clone())
    }

    /// Ends the session that a request names; returns the `Set-Cookie` field that clears the cookie.
    pub(crate) fn close(&self, headers: &HeaderMap, secure: Secure) -> HeaderValue {
        if let Some(presented) = presented(headers) {
            self.lock().remove(presented.id().as_bytes());
        }
        cookie("", secure, 0)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 12], Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the browser must keep the cookie to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secure {
    /// It came through the edge.
    TlsOnly,
    /// Plain HTTP on loopback.
    Loopback,
}

/// RFC 6265 §4.1; `SameSite=Strict` keeps other sites' links and forms from using it.
fn cookie(value: &str, secure: Secure, seconds: i64) -> HeaderValue {
    let secure = match secure {
        Secure::TlsOnly => "; Secure",
        Secure::Loopback => "",
    };
    let field = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut field =
        HeaderValue::try_from(field).expect("a token is made of ASCII letters, digits, '-' and '_'");
    field.set_sensitive(true);
    field
}

fn presented(headers: &HeaderMap) -> Option<Digest> {
    let fields = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    Digest::parse(value).ok()
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({} open)", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, HeaderValue, LIFE, Secret, Secure, Sessions, Timestamp, header};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn back(field: &HeaderValue) -> HeaderMap {
        let field = field.to_str().expect("ASCII");
        let pair = field.split(';').next().expect("a pair");
        let cookie = format!("theme=dark; {pair}");
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().expect("a field"))])
    }

    #[test]
    fn a_session_stands_for_its_token_until_it_ends() {
        let sessions = Sessions::default();
        let token = Secret::generate().expect("random bytes");
        let field = sessions
            .open(token.digest(), Secure::Loopback, NOW)
            .expect("room");
        let headers = back(&field);
        let found = sessions.digest(&headers, NOW).expect("open");
        assert!(found.is_same(&token.digest()));
        assert!(sessions.digest(&headers, NOW + LIFE).is_none());
        sessions.close(&headers, Secure::Loopback);
        assert!(sessions.digest(&headers, NOW).is_none());
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let sessions = Sessions::default();
        let token = Secret::generate().expect("random bytes");
        for (secure, expect) in [(Secure::TlsOnly, true), (Secure::Loopback, false)] {
            let field = sessions.open(token.digest(), secure, NOW).expect("room");
            let field = field.to_str().expect("ASCII");
            assert!(field.contains("; HttpOnly; SameSite=Strict"), "{field}");
            assert_eq!(field.contains("; Secure"), expect, "{field}");
            assert!(!field.contains(token.reveal()), "the token is not in the cookie");
        }
    }

    #[test]
    fn a_token_is_no_session() {
        let sessions = Sessions::default();
        let token = Secret::generate().expect("random bytes");
        sessions
            .open(token.digest(), Secure::Loopback, NOW)
            .expect("room");
        let cookie = format!("hybridge_session={}", token.reveal());
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().expect("a field"))]);
        assert!(sessions.digest(&headers, NOW).is_none());
    }
}
