//! On whose behalf a request is served, and what that principal may do.
//!
//! A handler takes an [`Asker`] as an argument; the gate put it there. What the gate could not decide,
//! because the name of the key stands in the body, the handler asks with [`Asker::require`].

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use hybridge_keys::token::{Entered, TokenId};
use hybridge_policy::access::{Action, Pace, Resource, Rights};

use crate::admission::Way;
use crate::problem::{Code, Problem};

/// A principal that proved itself otherwise than by a token: a certificate, a JWT.
#[derive(Debug)]
pub(crate) struct Identity {
    /// As in the audit log: `spiffe://…`, `dns:…`, `oidc:…`.
    pub(crate) name: String,
    pub(crate) rights: Rights,
    pub(crate) pace: Pace,
}

/// On whose behalf a request is served.
#[derive(Debug)]
pub(crate) enum Principal {
    /// Nobody proved anything, and nobody needs to.
    Anonymous,
    Token(Entered),
    Identity(Arc<Identity>),
}

impl Principal {
    /// As in the audit log.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token(entered) => entered.token().principal(),
            Self::Identity(identity) => &identity.name,
        }
    }

    /// What it may do; nobody may do anything.
    pub(crate) fn rights(&self) -> Option<&Rights> {
        match self {
            Self::Anonymous => None,
            Self::Token(entered) => Some(&entered.token().grant().rights),
            Self::Identity(identity) => Some(&identity.rights),
        }
    }

    /// How fast it may go; what anybody may ask for is not limited.
    pub(crate) fn pace(&self) -> Option<&Pace> {
        match self {
            Self::Anonymous => None,
            Self::Token(entered) => Some(entered.token().pace()),
            Self::Identity(identity) => Some(&identity.pace),
        }
    }

    /// Its token, if it is one.
    pub(crate) fn token(&self) -> Option<TokenId> {
        match self {
            Self::Anonymous | Self::Identity(_) => None,
            Self::Token(entered) => Some(entered.token().id()),
        }
    }

    /// The principals that made this one, nearest first.
    pub(crate) fn lineage(&self) -> &[String] {
        match self {
            Self::Anonymous | Self::Identity(_) => &[],
            Self::Token(entered) => &entered.token().grant().lineage,
        }
    }
}

/// Who asks, in which request; cheap to clone. Holds the principal's place among what is under way.
#[derive(Clone)]
pub(crate) struct Asker(Arc<Asking>);

struct Asking {
    principal: Principal,
    request: String,
    way: Way,
}

impl Asker {
    pub(crate) fn new(principal: Principal, request: String, way: Way) -> Self {
        Self(Arc::new(Asking {
            principal,
            request,
            way,
        }))
    }

    /// How the request came here.
    pub(crate) fn way(&self) -> Way {
        self.0.way
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// Refuses what the principal may not do, with the reason in words.
    pub(crate) fn require(&self, action: Action, resource: Resource<'_>) -> Result<(), Problem> {
        let Some(rights) = self.0.principal.rights() else {
            return Err(Problem::new(Code::Unauthenticated, "say who you are"));
        };
        let decision = rights.decide(action, resource);
        if decision.is_allowed() {
            return Ok(());
        }
        let detail = format!("{} on {resource} is {decision}", action.name());
        Err(Problem::new(Code::NotAllowed, detail))
    }

    /// Whether the principal may; for lists that show only what their reader may see.
    pub(crate) fn may(&self, action: Action, resource: Resource<'_>) -> bool {
        let rights = self.0.principal.rights();
        rights.is_some_and(|rights| rights.decide(action, resource).is_allowed())
    }

    /// What the key service writes down about the origin of a request.
    pub(crate) fn caller(&self) -> hybridge_keys::Caller {
        hybridge_keys::Caller {
            name: self.0.principal.name().to_owned(),
            request: self.0.request.clone(),
            peer: self.0.way.peer().map(|peer| peer.to_string()),
        }
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asker({}, {})", self.0.principal.name(), self.0.request)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let asker = parts.extensions.get::<Self>().cloned();
        asker.ok_or_else(|| Problem::new(Code::Unauthenticated, "this request did not pass the gate"))
    }
}
