//! The sessions of the key exchange: in memory, bounded, each its caller's own.
//!
//! A session that has expired is as one that never was, and nothing of them survives the process. Each has a
//! lock of its own, so that sessions do not wait for each other's cryptography; the lock over all of them is
//! held to look one up. What was taken away under its own lock does nothing any more, whoever still has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use hybridge_exchange::message::{Confirm, Encoded};
use hybridge_exchange::server::{Admitted, Chosen, Provisional};
use hybridge_exchange::{Agreed, ReplayCache, Server, Session, SessionId, Time};

use super::ExchangeError;
use super::identities::Remembered;
use crate::cache::lock;

/// Nonces that are remembered for each session that can be kept.
const NONCES_PER_SESSION: usize = 4;

/// The sessions of one service, and the identities that answer for them.
pub(crate) struct Sessions {
    max: usize,
    pub(super) identities: Remembered,
    replay: Mutex<ReplayCache>,
    all: Mutex<HashMap<SessionId, Arc<Kept>>>,
}

struct Kept {
    caller: String,
    stage: Mutex<Stage>,
}

enum Stage {
    Waits(Box<Provisional>),
    Agreed(Box<Session<Server>>),
    /// Closed, or its confirmation was refused.
    Over,
}

impl Stage {
    fn is_over(&self, now: Time) -> bool {
        match self {
            Self::Waits(provisional) => now >= provisional.until(),
            Self::Agreed(session) => now >= session.expires(),
            Self::Over => true,
        }
    }
}

impl Kept {
    /// One that is being used is not over.
    fn is_over(&self, now: Time) -> bool {
        self.stage.try_lock().is_ok_and(|stage| stage.is_over(now))
    }

    /// Erases it. Whoever uses it now is waited for.
    fn end(&self) {
        *lock(&self.stage) = Stage::Over;
    }
}

impl Sessions {
    /// At most that many; Inits from before `since` are refused, because they may have been answered.
    pub(crate) fn new(max: usize, since: Time) -> Self {
        Self {
            max,
            identities: Remembered::default(),
            replay: Mutex::new(ReplayCache::new(max.saturating_mul(NONCES_PER_SESSION), since)),
            all: Mutex::default(),
        }
    }

    /// Forgets everything and begins anew, as after a restart.
    pub(crate) fn restart(&self, since: Time) {
        let capacity = self.max.saturating_mul(NONCES_PER_SESSION);
        *lock(&self.replay) = ReplayCache::new(capacity, since);
        self.end_all();
    }

    /// Erases every session. What is under way is waited for.
    pub(crate) fn end_all(&self) {
        let ended = std::mem::take(&mut *lock(&self.all));
        ended.values().for_each(|kept| kept.end());
    }

    /// Uses up the nonce.
    pub(super) fn admit(&self, chosen: Chosen) -> Result<Admitted, ExchangeError> {
        Ok(chosen.admit(&mut lock(&self.replay))?)
    }

    /// Keeps a session until it is confirmed.
    pub(super) fn wait(
        &self,
        caller: &str,
        provisional: Provisional,
        now: Time,
    ) -> Result<(), ExchangeError> {
        let id = provisional.session();
        let kept = Arc::new(Kept {
            caller: caller.to_owned(),
            stage: Mutex::new(Stage::Waits(Box::new(provisional))),
        });
        let mut all = lock(&self.all);
        if all.len() >= self.max || self.is_greedy(&all, caller) {
            all.retain(|_id, kept| !kept.is_over(now));
        }
        if all.len() >= self.max || self.is_greedy(&all, caller) {
            return Err(ExchangeError::Full);
        }
        all.insert(id, kept);
        Ok(())
    }

    /// From half of the room on nobody gets more than a quarter, so that no caller alone keeps the others out.
    fn is_greedy(&self, all: &HashMap<SessionId, Arc<Kept>>, caller: &str) -> bool {
        let half = all.len() >= self.max / 2;
        half && all.values().filter(|kept| kept.caller == caller).count() >= (self.max / 4).max(1)
    }

    /// A session of that caller.
    fn find(&self, caller: &str, id: SessionId) -> Result<Arc<Kept>, ExchangeError> {
        let all = lock(&self.all);
        let kept = all.get(&id).filter(|kept| kept.caller == caller);
        kept.map(Arc::clone).ok_or(ExchangeError::NoSession)
    }

    /// Drops a session from the table, unless another one has its place.
    fn drop_session(&self, id: SessionId, ended: &Arc<Kept>) {
        let mut all = lock(&self.all);
        if all.get(&id).is_some_and(|kept| Arc::ptr_eq(kept, ended)) {
            all.remove(&id);
        }
    }

    /// Takes a confirmation; there is one attempt.
    pub(super) fn confirm(&self, caller: &str, confirm: &[u8], now: Time) -> Result<Agreed, ExchangeError> {
        let parsed = Encoded::<Confirm>::parse(confirm);
        let id = parsed
            .map_err(|malformed| ExchangeError::Confirm(malformed.into()))?
            .session;
        let kept = self.find(caller, id)?;
        let confirmed = kept.confirm(confirm, now);
        if !matches!(confirmed, Ok(_) | Err(ExchangeError::NoSession)) {
            self.drop_session(id, &kept);
        }
        confirmed
    }

    /// Does something with a session of that caller.
    pub(crate) fn with<T, E: Into<ExchangeError>>(
        &self,
        (caller, id): (&str, SessionId),
        now: Time,
        act: impl FnOnce(&mut Session<Server>) -> Result<T, E>,
    ) -> Result<T, ExchangeError> {
        let kept = self.find(caller, id)?;
        let mut stage = lock(&kept.stage);
        if stage.is_over(now) {
            drop(stage);
            self.drop_session(id, &kept);
            return Err(ExchangeError::NoSession);
        }
        match &mut *stage {
            Stage::Agreed(session) => act(session).map_err(Into::into),
            Stage::Waits(_) | Stage::Over => Err(ExchangeError::NoSession),
        }
    }

    /// Forgets a session of that caller; true where there was one. What is under way is waited for.
    pub(crate) fn close(&self, caller: &str, id: SessionId) -> bool {
        let Ok(kept) = self.find(caller, id) else {
            return false;
        };
        self.drop_session(id, &kept);
        let mut stage = lock(&kept.stage);
        let was_there = !matches!(*stage, Stage::Over);
        *stage = Stage::Over;
        was_there
    }

    /// Forgets what has expired; how many are left.
    pub(crate) fn tidy(&self, now: Time) -> usize {
        let mut all = lock(&self.all);
        all.retain(|_id, kept| !kept.is_over(now));
        all.len()
    }
}

impl Kept {
    fn confirm(&self, confirm: &[u8], now: Time) -> Result<Agreed, ExchangeError> {
        let mut stage = lock(&self.stage);
        match std::mem::replace(&mut *stage, Stage::Over) {
            Stage::Waits(provisional) => {
                let session = provisional.confirm(confirm, now)?;
                let agreed = session.agreed().clone();
                *stage = Stage::Agreed(Box::new(session));
                Ok(agreed)
            }
            other => {
                *stage = other;
                Err(ExchangeError::NoSession)
            }
        }
    }
}

#[cfg(test)]
mod tests;
