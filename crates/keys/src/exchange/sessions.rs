//! The sessions of the key exchange: in memory, bounded, each its caller's own.
//!
//! A session that has expired is as one that never was. Nothing of them survives the process.

use std::collections::HashMap;
use std::sync::Mutex;

use hybridge_exchange::message::{Confirm, Encoded};
use hybridge_exchange::server::{Admitted, Chosen, Provisional};
use hybridge_exchange::{Agreed, ReplayCache, Server, Session, SessionId, Time};

use super::ExchangeError;
use crate::cache::lock;

/// Nonces that are remembered for each session that can be kept.
const NONCES_PER_SESSION: usize = 4;

/// The sessions of one service.
pub(crate) struct Sessions {
    max: usize,
    replay: Mutex<ReplayCache>,
    all: Mutex<HashMap<SessionId, Kept>>,
}

struct Kept {
    caller: String,
    state: Stage,
}

enum Stage {
    Waits(Box<Provisional>),
    Agreed(Box<Session<Server>>),
}

impl Kept {
    fn is_over(&self, now: Time) -> bool {
        match &self.state {
            Stage::Waits(provisional) => now >= provisional.until(),
            Stage::Agreed(session) => now >= session.expires(),
        }
    }
}

impl Sessions {
    /// At most that many; Inits from before `since` are refused, because they may have been answered.
    pub(crate) fn new(max: usize, since: Time) -> Self {
        Self {
            max,
            replay: Mutex::new(ReplayCache::new(max.saturating_mul(NONCES_PER_SESSION), since)),
            all: Mutex::default(),
        }
    }

    /// Forgets everything and begins anew, as after a restart.
    pub(crate) fn restart(&self, since: Time) {
        let capacity = self.max.saturating_mul(NONCES_PER_SESSION);
        *lock(&self.replay) = ReplayCache::new(capacity, since);
        lock(&self.all).clear();
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
        let mut all = lock(&self.all);
        if all.len() >= self.max {
            all.retain(|_id, kept| !kept.is_over(now));
        }
        if all.len() >= self.max {
            return Err(ExchangeError::Full);
        }
        let kept = Kept {
            caller: caller.to_owned(),
            state: Stage::Waits(Box::new(provisional)),
        };
        all.insert(
            match &kept.state {
                Stage::Waits(provisional) => provisional.session(),
                Stage::Agreed(session) => session.agreed().session,
            },
            kept,
        );
        Ok(())
    }

    /// Takes a confirmation; there is one attempt.
    pub(super) fn confirm(&self, caller: &str, confirm: &[u8], now: Time) -> Result<Agreed, ExchangeError> {
        let parsed = Encoded::<Confirm>::parse(confirm);
        let id = parsed
            .map_err(|malformed| ExchangeError::Confirm(malformed.into()))?
            .session;
        let mut all = lock(&self.all);
        let is_waiting = |kept: &Kept| kept.caller == caller && matches!(kept.state, Stage::Waits(_));
        if !all.get(&id).is_some_and(is_waiting) {
            return Err(ExchangeError::NoSession);
        }
        let Some(Stage::Waits(provisional)) = all.remove(&id).map(|kept| kept.state) else {
            return Err(ExchangeError::NoSession);
        };
        let session = provisional.confirm(confirm, now)?;
        let agreed = session.agreed().clone();
        let kept = Kept {
            caller: caller.to_owned(),
            state: Stage::Agreed(Box::new(session)),
        };
        all.insert(id, kept);
        Ok(agreed)
    }

    /// Does something with a session of that caller.
    pub(crate) fn with<T, E: Into<ExchangeError>>(
        &self,
        (caller, id): (&str, SessionId),
        now: Time,
        act: impl FnOnce(&mut Session<Server>) -> Result<T, E>,
    ) -> Result<T, ExchangeError> {
        let mut all = lock(&self.all);
        let kept = all.get_mut(&id).filter(|kept| kept.caller == caller);
        match kept.map(|kept| (kept.is_over(now), &mut kept.state)) {
            Some((false, Stage::Agreed(session))) => act(session).map_err(Into::into),
            Some((true, _)) => {
                all.remove(&id);
                Err(ExchangeError::NoSession)
            }
            _ => Err(ExchangeError::NoSession),
        }
    }

    /// Forgets a session of that caller; true where there was one.
    pub(crate) fn close(&self, caller: &str, id: SessionId) -> bool {
        let mut all = lock(&self.all);
        let is_theirs = all.get(&id).is_some_and(|kept| kept.caller == caller);
        is_theirs && all.remove(&id).is_some()
    }

    /// Forgets what has expired; how many are left.
    pub(crate) fn tidy(&self, now: Time) -> usize {
        let mut all = lock(&self.all);
        all.retain(|_id, kept| !kept.is_over(now));
        all.len()
    }
}
