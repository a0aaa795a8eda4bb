//! The life of tokens: made, listed, revoked, tidied up; each with its entry in the audit log.
//!
//! Rules: a token is never wider than its maker and dies with it; its secret is shown once. Revoking
//! commits first, then forgets, then waits, then revokes what the token made.

use std::time::Duration;

use hybridge_policy::access::{Action, Binding, Resource, Rights, Role};
use hybridge_store::{Precondition, Transaction, Write};
use jiff::{SignedDuration, Timestamp};

use super::live::{Grant, principal};
use super::record::{self, TOKEN};
use super::secret::{Digest, Secret, TokenId};
use super::tokens::Tokens;
use crate::audit::Event;
use crate::fault::{commit_error, read_error};
use crate::record::kept;
use crate::rider::Rider;
use crate::{Caller, Error};

/// The longest life of a token, in days.
pub const LIFETIME_DAYS_MAX: u64 = 366;
/// An expired token is still listed for so long.
const SHOWN_AFTER_EXPIRY: SignedDuration = SignedDuration::from_hours(30 * 24);
const NAME_LEN_MAX: usize = 128;
const PAGE: usize = 256;
/// What the token in the administrator's file is called.
const BOOTSTRAP: &str = "bootstrap";

/// Who makes or revokes a token.
#[derive(Clone, Copy, Debug)]
pub struct Maker<'a> {
    pub caller: &'a Caller,
    pub rights: &'a Rights,
    /// The principals that made the maker, nearest first.
    pub lineage: &'a [String],
    /// The maker's own token, if it is one.
    pub token: Option<TokenId>,
}

/// What a new token is to be.
#[derive(Debug)]
pub struct NewToken {
    /// Made by [`Secret::generate`], so that its id is known before the token is made.
    pub secret: Secret,
    /// For people; need not be unique.
    pub name: String,
    pub bindings: Vec<Binding>,
    pub lifetime: Duration,
}

/// A token as it is shown: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub id: TokenId,
    pub grant: Grant,
    /// To the minute or so, and never written at the use itself.
    pub last_used: Option<Timestamp>,
}

impl Tokens {
    /// Makes a token. The secret is here and nowhere else.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name, a lifetime or a binding; [`Error::Refused`] for rights that the maker
    /// does not have; [`Error::Conflict`] where the maker was revoked meanwhile or the rider does not fit.
    pub async fn create(
        &self,
        maker: Maker<'_>,
        new: NewToken,
        rider: Rider,
        now: Timestamp,
    ) -> Result<(Secret, Shown), Error> {
        let (secret, mut grant) = grant(&maker, new, now)?;
        grant.expires = grant.expires.into_iter().chain(self.end_of(&maker)?).min();
        let shown = self.commit((&secret, grant), &maker, rider, now).await?;
        Ok((secret, shown))
    }

    /// When the maker's own token expires, which what it makes does not outlive.
    fn end_of(&self, maker: &Maker<'_>) -> Result<Option<Timestamp>, Error> {
        match maker.token.map(|token| self.show(&token)) {
            Some(Ok(own)) => Ok(own.grant.expires),
            Some(Err(Error::NotFound)) => Err(Error::Conflict),
            Some(Err(error)) => Err(error),
            None => Ok(None),
        }
    }

    async fn commit(
        &self,
        (secret, grant): (&Secret, Grant),
        maker: &Maker<'_>,
        rider: Rider,
        now: Timestamp,
    ) -> Result<Shown, Error> {
        let digest = secret.digest();
        let id = record::token_id(&digest.id());
        let mut transaction = rider.into_transaction();
        // A maker that is revoked meanwhile makes nothing.
        let alive = maker
            .token
            .map(|token| Precondition::Present(record::token_id(&token)));
        transaction.preconditions.extend(alive);
        transaction.preconditions.push(Precondition::Absent(id.clone()));
        transaction
            .writes
            .push(Write::Put(id, record::write(&digest, &grant)?));
        let event = event("token.create", &digest.id()).fact("name", &grant.name);
        let committed = self.keys().record(transaction, &event, maker.caller, now).await;
        committed.map_err(commit_error)?;
        Ok(Shown {
            id: digest.id(),
            grant,
            last_used: None,
        })
    }

    /// Revokes a token and all that were made with it. Once this returns, no request of theirs passes or is
    /// under way, that of the caller aside.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the store's.
    pub async fn revoke(&self, maker: Maker<'_>, id: TokenId, now: Timestamp) -> Result<(), Error> {
        let mut waiting = vec![id];
        let mut revoked = Vec::new();
        while let Some(next) = waiting.pop() {
            match self.revoke_one(&maker, next, now).await {
                Ok(()) => revoked.push(next),
                // Gone already; what it made may be left of a revocation that was cut short.
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
            waiting.extend(self.made_with(&next)?);
        }
        if revoked.is_empty() {
            return Err(Error::NotFound);
        }
        for each in revoked {
            self.forget(&each, maker.token).await;
        }
        Ok(())
    }

    async fn revoke_one(&self, maker: &Maker<'_>, token: TokenId, now: Timestamp) -> Result<(), Error> {
        let id = record::token_id(&token);
        let transaction = Transaction {
            preconditions: vec![Precondition::Present(id.clone())],
            writes: vec![Write::Delete(id), Write::Delete(record::use_id(&token))],
            entries: Vec::new(),
        };
        let event = event("token.revoke", &token);
        let committed = self.keys().record(transaction, &event, maker.caller, now).await;
        committed.map(drop).map_err(|error| match commit_error(error) {
            Error::Conflict => Error::NotFound,
            other => other,
        })
    }

    fn made_with(&self, maker: &TokenId) -> Result<Vec<TokenId>, Error> {
        let maker = principal(maker);
        let all = self.all()?;
        let made = all.iter().filter(|token| token.grant.made_by == maker);
        Ok(made.map(|token| token.id).collect())
    }

    /// One token. Blocks for two reads.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the store's.
    pub fn show(&self, token: &TokenId) -> Result<Shown, Error> {
        let id = record::token_id(token);
        let found = self.keys().store().read(&id).map_err(read_error)?;
        let (_, grant) = record::read(&id, &found.ok_or(Error::NotFound)?.value)?;
        self.shown(*token, grant)
    }

    /// At most `limit` tokens after this one, by id. A damaged record is left out; the store names it.
    ///
    /// # Errors
    /// The store's.
    pub fn list(&self, after: Option<&TokenId>, limit: usize) -> Result<Vec<Shown>, Error> {
        let after = after.map(|id| &id.as_bytes()[..]);
        let rows = self
            .keys()
            .store()
            .scan(TOKEN, b"", after, limit)
            .map_err(read_error)?;
        let sound = rows.into_iter().filter_map(|(id, found)| {
            let (digest, grant) = record::read(&id, &found.ok()?.value).ok()?;
            Some((digest.id(), grant))
        });
        sound.map(|(id, grant)| self.shown(id, grant)).collect()
    }

    fn all(&self) -> Result<Vec<Shown>, Error> {
        let mut all: Vec<Shown> = Vec::new();
        loop {
            let after = all.last().map(|token| token.id);
            let page = self.list(after.as_ref(), PAGE)?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    fn shown(&self, token: TokenId, grant: Grant) -> Result<Shown, Error> {
        let id = record::use_id(&token);
        let stored = self.keys().store().read(&id).map_err(read_error)?;
        let stored = stored.and_then(|found| record::read_use(&id, &found.value).ok());
        let loaded = self.uses().into_iter().find(|(each, _)| *each == token);
        let last_s = stored.max(loaded.map(|(_, used_s)| used_s));
        Ok(Shown {
            id: token,
            grant,
            last_used: last_s.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        })
    }

    /// Writes down when tokens were last used, and drops those that expired long ago. For the schedule, every
    /// few minutes, and before the end.
    ///
    /// # Errors
    /// The store's.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), Error> {
        let mut transaction = Transaction::default();
        for (token, used_s) in self.uses() {
            // Only of tokens that are still there: a use must not outlive its token.
            if self
                .keys()
                .store()
                .read(&record::token_id(&token))
                .map_err(read_error)?
                .is_some()
            {
                let used = record::write_use(used_s)?;
                transaction.writes.push(Write::Put(record::use_id(&token), used));
            }
        }
        let long_ago = |expires: Timestamp| now.duration_since(expires) > SHOWN_AFTER_EXPIRY;
        for token in self
            .all()?
            .iter()
            .filter(|token| token.grant.expires.is_some_and(long_ago))
        {
            transaction
                .writes
                .push(Write::Delete(record::token_id(&token.id)));
            transaction.writes.push(Write::Delete(record::use_id(&token.id)));
        }
        if transaction.writes.is_empty() {
            return Ok(());
        }
        let committed = self.keys().store().commit(transaction).await;
        committed.map(drop).map_err(commit_error)
    }

    /// The administrator's token for the file beside the store: none if the one in the file is still good,
    /// else a new one, to be written there and shown once. Earlier ones are revoked.
    ///
    /// # Errors
    /// The store's; [`Error::Sealed`] among them.
    pub async fn bootstrap(&self, file: Option<&str>, now: Timestamp) -> Result<Option<Secret>, Error> {
        if file.is_some_and(|text| self.is_administrator(text, now)) {
            return Ok(None);
        }
        let caller = Caller::service("bootstrap");
        let rights = Rights::new(vec![Binding::of(Role::Admin)]);
        let maker = Maker {
            caller: &caller,
            rights: &rights,
            lineage: &[],
            token: None,
        };
        let all = self.all()?;
        let own = |token: &&Shown| token.grant.name == BOOTSTRAP && token.grant.made_by == caller.name;
        for earlier in all.iter().filter(own) {
            self.revoke_one(&maker, earlier.id, now).await?;
            self.forget(&earlier.id, None).await;
        }
        let grant = Grant {
            name: BOOTSTRAP.to_owned(),
            made_by: caller.name.clone(),
            lineage: Vec::new(),
            rights: rights.clone(),
            created: kept(now),
            expires: None,
        };
        let secret = Secret::generate().map_err(random_failed)?;
        self.commit((&secret, grant), &maker, Rider::default(), now)
            .await?;
        Ok(Some(secret))
    }

    fn is_administrator(&self, text: &str, now: Timestamp) -> bool {
        let entered = Digest::parse(text.trim())
            .ok()
            .and_then(|digest| self.enter(&digest, now).ok());
        entered.is_some_and(|entered| {
            let rights = &entered.token().grant().rights;
            rights
                .decide(Action::CreateTokens, Resource::Service)
                .is_allowed()
        })
    }
}

fn grant(maker: &Maker<'_>, new: NewToken, now: Timestamp) -> Result<(Secret, Grant), Error> {
    if new.name.is_empty() || new.name.len() > NAME_LEN_MAX || new.name.chars().any(char::is_control) {
        let why = format!("a name has 1 to {NAME_LEN_MAX} bytes and no control characters");
        return Err(Error::invalid("name", why));
    }
    let days_max = Duration::from_secs(LIFETIME_DAYS_MAX * 24 * 3600);
    if new.lifetime.is_zero() || new.lifetime > days_max {
        let why = format!("a token lives for at most {LIFETIME_DAYS_MAX} days");
        return Err(Error::invalid("lifetime", why));
    }
    for binding in &new.bindings {
        binding
            .validate()
            .map_err(|error| Error::invalid("bindings", error))?;
    }
    let rights = maker.rights.hand_on(new.bindings);
    let lineage = std::iter::once(&maker.caller.name).chain(maker.lineage);
    let grant = Grant {
        name: new.name,
        made_by: maker.caller.name.clone(),
        lineage: lineage.cloned().collect(),
        rights: rights.map_err(|error| Error::invalid("bindings", error))?,
        created: kept(now),
        expires: now.checked_add(new.lifetime).ok().map(kept),
    };
    Ok((new.secret, grant))
}

fn event(name: &'static str, token: &TokenId) -> Event<'static> {
    Event::service(name).fact("token", token)
}

fn random_failed(error: hybridge_crypto::random::RandomError) -> Error {
    Error::Crypto {
        algorithm: "the random generator",
        source: Box::new(error),
    }
}

#[cfg(test)]
mod tests;
