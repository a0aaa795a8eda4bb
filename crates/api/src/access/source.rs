//! Where the API knows tokens from: the key service's store, or a fixed set without one.
//!
//! A process without a key service has no anonymous use either: one token, in a file that only its owner
//! may read, is the administrator.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hybridge_keys::token::{Digest, Entered, Grant, Live, Rate, Refused, TokenId, Tokens};
use hybridge_policy::access::{Binding, Rights, Role};
use jiff::Timestamp;

/// Where tokens are looked up.
#[derive(Clone)]
pub enum TokenSource {
    /// Those of the key service.
    Store(Tokens),
    /// These and no others.
    Fixed(Arc<HashMap<TokenId, Arc<Live>>>),
}

impl TokenSource {
    /// One administrator, whose token is in a file.
    #[must_use]
    pub fn admin(token: Digest, rate: Rate) -> Self {
        let grant = Grant {
            name: "token file".to_owned(),
            made_by: "service".to_owned(),
            lineage: Vec::new(),
            rights: Rights::new(vec![Binding::of(Role::Admin)]),
            created: Timestamp::UNIX_EPOCH,
            expires: None,
        };
        Self::fixed([(token, grant)], rate)
    }

    /// The administrator's token while the key service is sealed and its tokens cannot be read: it opens the
    /// seal, asks for self-tests, and nothing else.
    pub(super) fn seal_only(token: Digest) -> Self {
        let own = ["seal.read", "seal.change", "selftest.run"]
            .map(|name| name.parse().expect("plain names are patterns"));
        let grant = Grant {
            name: "token file".to_owned(),
            made_by: "service".to_owned(),
            lineage: Vec::new(),
            rights: Rights::new(vec![Binding {
                operations: own.to_vec(),
                ..Binding::of(Role::Admin)
            }]),
            created: Timestamp::UNIX_EPOCH,
            expires: None,
        };
        let rate = Rate {
            per_second: 10,
            burst: 100,
        };
        Self::fixed([(token, grant)], rate)
    }

    /// A fixed set of tokens.
    pub fn fixed(tokens: impl IntoIterator<Item = (Digest, Grant)>, rate: Rate) -> Self {
        let live = tokens.into_iter().map(|(digest, grant)| {
            let id = digest.id();
            (id, Arc::new(Live::new(digest, grant, rate)))
        });
        Self::Fixed(Arc::new(live.collect()))
    }

    /// What is known without a look into the store.
    pub(super) fn cached(&self, digest: &Digest, now: Timestamp) -> Option<Result<Entered, Refused>> {
        match self {
            Self::Store(tokens) => tokens.enter_loaded(digest, now),
            Self::Fixed(tokens) => tokens.get(&digest.id()).map(|live| live.enter(digest, now)),
        }
    }

    /// Lets a token in, or says why not.
    pub(super) fn enter(&self, digest: &Digest, now: Timestamp) -> Result<Entered, Refused> {
        match self {
            Self::Store(tokens) => tokens.enter(digest, now),
            Self::Fixed(_) => self.cached(digest, now).unwrap_or(Err(Refused::Unknown)),
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(_) => f.write_str("Store"),
            Self::Fixed(tokens) => write!(f, "Fixed({} tokens)", tokens.len()),
        }
    }
}
