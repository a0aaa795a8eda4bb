//! Access to the API: the credentials that it takes, and the principals that they stand for.
//!
//! A token (in the `Authorization` field, or a console session that was opened with one), a client
//! certificate that our own edge verified, or a JWT of a trusted issuer. What is presented must be good:
//! a bad credential is refused even if a good one stands beside it.

pub(crate) mod certificate;
mod failures;
mod journal;
mod jwk;
mod jwt;
mod remembrance;
mod sessions;
pub(crate) mod source;

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use hybridge_crypto::state;
use hybridge_keys::Keys;
use hybridge_keys::token::{Digest, Entered, Rate, Refused, Tokens};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::admission::EdgeProof;
pub(crate) use crate::admission::Way;
use crate::config::{IdentityRule, Oidc};
use crate::principal::Principal;
use crate::problem::{Code, Problem};
use certificate::{Certificates, Shown};
use failures::Failures;
pub(crate) use jwk::ALGORITHMS as JWT_ALGORITHMS;
use jwt::Issuer;
use remembrance::Remembrance;
pub(crate) use sessions::{Secure, Sessions};
pub use source::TokenSource;

/// What a refused request is remembered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Who it was, as far as it was proven; else empty.
    pub principal: String,
    /// Id of the request, as in the answer and in the logs.
    pub request: String,
    pub peer: Option<SocketAddr>,
    /// The event that it would have been.
    pub event: &'static str,
    pub path: String,
    /// The problem's code.
    pub why: &'static str,
    /// How many of nobody's before this one were only counted.
    pub left_out: u64,
}

/// Where refusals are written down durably; declared here by its consumer, connected by the binary.
pub trait Journal: Send + Sync {
    /// Returns when the refusal is durable, or cannot be.
    fn refused(&self, refusal: Refusal) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Who may come in, and how they prove it.
pub struct Access {
    tokens: TokenSource,
    while_sealed: Option<TokenSource>,
    journal: Option<Arc<dyn Journal>>,
    edge: Option<EdgeProof>,
    certificates: Option<Certificates>,
    issuer: Option<Issuer>,
    pub(crate) sessions: Sessions,
    failures: Failures,
    remembrance: Remembrance,
    started: Instant,
    run: u32,
    requests: AtomicU64,
}

impl Access {
    /// Takes tokens of this source.
    #[must_use]
    pub fn new(tokens: TokenSource) -> Self {
        let mut run = [0; 4];
        // An id that repeats after a restart is a nuisance, not a danger.
        let _random = hybridge_crypto::random::fill(&mut run);
        Self {
            tokens,
            while_sealed: None,
            journal: None,
            edge: None,
            certificates: None,
            issuer: None,
            sessions: Sessions::default(),
            failures: Failures::default(),
            remembrance: Remembrance::default(),
            started: Instant::now(),
            run: u32::from_be_bytes(run),
            requests: AtomicU64::new(0),
        }
    }

    /// The tokens of a key service, and its audit log for what is refused.
    #[must_use]
    pub fn of_keys(tokens: Tokens, keys: Keys) -> Self {
        Self::new(TokenSource::Store(tokens)).with_journal(Arc::new(keys))
    }

    /// The tokens, where there is a key service.
    pub(crate) const fn tokens(&self) -> Option<&Tokens> {
        match &self.tokens {
            TokenSource::Store(tokens) => Some(tokens),
            TokenSource::Fixed(_) => None,
        }
    }

    /// Lets the administrator's token open the seal while the store's tokens cannot be read.
    #[must_use]
    pub fn with_seal_token(mut self, token: Digest) -> Self {
        self.while_sealed = Some(TokenSource::seal_only(token));
        self
    }

    /// Writes every refusal down here.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Believes the JWTs of an issuer.
    #[must_use]
    pub fn with_issuer(mut self, oidc: Oidc, rate: Rate) -> Self {
        self.issuer = Some(Issuer::new(oidc, rate));
        self
    }

    /// Believes an edge that knows this secret what it says about its clients, and these rules who the holders
    /// of client certificates are.
    #[must_use]
    pub fn with_edge(mut self, proof: EdgeProof, rules: &[IdentityRule], rate: Rate) -> Self {
        self.edge = Some(proof);
        self.certificates = Some(Certificates::new(rules, rate));
        self
    }

    pub(crate) const fn edge(&self) -> Option<&EdgeProof> {
        self.edge.as_ref()
    }

    /// Time since the start, for rates.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// An id that no other request has.
    pub(crate) fn next_request(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{number:x}", self.run)
    }

    /// Puts a refusal into the journal; of those of nobody in particular only so many.
    pub(crate) async fn tell(&self, mut refusal: Refusal) {
        let Some(journal) = &self.journal else { return };
        if refusal.principal.is_empty() {
            match self.remembrance.take(refusal.peer, self.elapsed()) {
                Some(left_out) => refusal.left_out = left_out,
                None => return,
            }
        }
        journal.refused(refusal).await;
    }

    /// Says who asks.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap, way: Way) -> Result<Principal, Problem> {
        let mut fields = headers.get_all(header::AUTHORIZATION).iter();
        let digest = match (fields.next(), fields.next()) {
            (Some(field), None) => match self.jwt(field, way)? {
                Some(principal) => return Ok(principal),
                None => self.bearer(field, way)?,
            },
            (Some(_), Some(_)) => {
                let detail = "one Authorization field is enough";
                return Err(self.failed(Problem::new(Code::CredentialRefused, detail), way));
            }
            (None, _) => match self.sessions.digest(headers, Timestamp::now()) {
                Some(digest) => digest,
                None => return self.certificate(headers, way),
            },
        };
        self.token(&digest, way).map(Principal::Token)
    }

    fn certificate(&self, headers: &HeaderMap, way: Way) -> Result<Principal, Problem> {
        let shown = self
            .certificates
            .as_ref()
            .map(|certificates| certificates.find(headers, way));
        match shown {
            Some(Shown::Known(identity)) => Ok(Principal::Identity(identity)),
            Some(Shown::Stranger) => {
                let detail = "no name in the client certificate is one of [[api.identity]]";
                Err(self.failed(Problem::new(Code::CredentialRefused, detail), way))
            }
            Some(Shown::Nothing) | None => Err(unauthenticated()),
        }
    }

    /// Whether the tokens are those of a key service that is sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        match &self.tokens {
            TokenSource::Store(tokens) => tokens.is_sealed(),
            TokenSource::Fixed(_) => false,
        }
    }

    /// Lets a token in.
    pub(crate) fn token(&self, digest: &Digest, way: Way) -> Result<Entered, Problem> {
        let now = Timestamp::now();
        let cached = self.tokens.cached(digest, now);
        if let Some(entered) = cached.filter(|entered| !matches!(entered, Err(Refused::Sealed))) {
            return entered.map_err(|refused| self.refused(refused, way));
        }
        // A look into the store costs more than a refusal: who failed too often does not get one.
        self.failures.require_within(way.peer(), self.elapsed())?;
        let mut entered = self.tokens.enter(digest, now);
        // A failed self-test makes the store unreadable, which says nothing about the token.
        let closed = matches!(entered, Err(Refused::Sealed)) || state::failure().is_some();
        if let (true, Some(other)) = (closed, &self.while_sealed) {
            entered = other.enter(digest, now);
        }
        entered.map_err(|refused| self.refused(refused, way))
    }

    /// The holder of a JWT; none where that is no JWT, or none is believed.
    fn jwt(&self, value: &HeaderValue, way: Way) -> Result<Option<Principal>, Problem> {
        let Some(issuer) = &self.issuer else {
            return Ok(None);
        };
        let token = value.to_str().ok().and_then(|text| text.split_once(' '));
        let Some((_, token)) =
            token.filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && Issuer::is_for(token))
        else {
            return Ok(None);
        };
        // A verification costs more than a refusal: who failed too often does not get one.
        if !issuer.knows(token, Timestamp::now()) {
            self.failures.require_within(way.peer(), self.elapsed())?;
        }
        match issuer.find(token, self.elapsed(), Timestamp::now()) {
            Ok(identity) => Ok(Some(Principal::Identity(identity))),
            Err(unfit) => Err(self.failed(Problem::new(Code::CredentialRefused, unfit.to_string()), way)),
        }
    }

    /// `Authorization: Bearer hyb_…` (RFC 6750 §2.1).
    fn bearer(&self, value: &HeaderValue, way: Way) -> Result<Digest, Problem> {
        let text = value.to_str().unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
        let parsed = if scheme.eq_ignore_ascii_case("bearer") {
            Digest::parse(token.trim_start_matches(' ')).map_err(|malformed| malformed.to_string())
        } else {
            Err("the scheme is Bearer".to_owned())
        };
        parsed.map_err(|reason| self.failed(Problem::new(Code::CredentialRefused, reason), way))
    }

    fn refused(&self, refused: Refused, way: Way) -> Problem {
        match refused {
            Refused::Unknown | Refused::Expired(_) => {
                self.failed(Problem::new(Code::CredentialRefused, refused.to_string()), way)
            }
            Refused::Sealed => Problem::new(Code::Sealed, refused.to_string()),
            Refused::Unreadable => Problem::new(Code::StoreUnavailable, refused.to_string()),
        }
    }

    /// Counts a failure against its peer; too many are answered with another problem.
    pub(crate) fn failed(&self, problem: Problem, way: Way) -> Problem {
        match self.failures.count(way.peer(), self.elapsed()) {
            Ok(()) => problem,
            Err(too_many) => too_many,
        }
    }
}

fn unauthenticated() -> Problem {
    Problem::new(
        Code::Unauthenticated,
        "send Authorization: Bearer and a token (of the local administrator: in the file admin.token of the \
         data directory)",
    )
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
