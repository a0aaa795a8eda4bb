//! The server's side of the key exchange: identity, answers, and the sessions that were agreed.
//!
//! The protocol is `hybridge-exchange`; here are the identity key, the exceptions, the audit log and the
//! sessions, which live in memory, bounded, until they expire, and belong to the caller that agreed them.

mod error;
mod identities;
mod sessions;

use std::sync::Arc;

use hybridge_exchange::server::{Chosen, Exception as Door, Refusal, Terms};
use hybridge_exchange::{Agreed, HYBRID, Identity, KeyId, Server, Session, SessionId, Suite, Time};
use hybridge_store::{CommitError, Precondition, Transaction};
use jiff::Timestamp;

pub use error::ExchangeError;
use identities::Identities;
pub(crate) use sessions::Sessions;

use crate::audit::{Event, Outcome};
use crate::cache::Loaded;
use crate::exception::Exception;
use crate::fault::commit_error;
use crate::material::Material;
use crate::start::EXCHANGE;
use crate::{Caller, Error, KeyName, Keys};

impl Keys {
    /// The identities that answer now, newest first: the one to pin, and those that clients may still have.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::Store`].
    pub fn exchange_identities(&self, now: Timestamp) -> Result<Vec<Identity>, Error> {
        let revision = self.committed(&KeyName::internal(EXCHANGE))?.revision;
        let identities = self.identities_at(revision, now)?;
        let answering = identities.answering(now);
        Ok(answering.map(|candidate| candidate.identity.clone()).collect())
    }

    /// The identities of that revision of their key, or of the one that is committed now.
    fn identities_at(&self, revision: u64, now: Timestamp) -> Result<Arc<Identities>, Error> {
        let remembered = &self.inner().sessions.identities;
        match remembered.at(revision) {
            Some(known) => Ok(known),
            None => Ok(remembered.keep(Identities::of(self.show(&KeyName::internal(EXCHANGE), now)?))),
        }
    }

    /// Answers an Init with a Response; the session waits for its confirmation.
    ///
    /// # Errors
    /// [`ExchangeError`]; recorded in the log.
    pub async fn exchange(
        &self,
        caller: &Caller,
        init: &[u8],
        allowed: &[&'static Suite],
        now: Timestamp,
    ) -> Result<Vec<u8>, ExchangeError> {
        match self.try_exchange(caller, init, allowed, now).await {
            Ok(response) => Ok(response),
            Err(error) => {
                let event = Event::service("exchange.answer").not(Outcome::Refused, error.code());
                self.write(&event, caller, now).await?;
                Err(error)
            }
        }
    }

    async fn try_exchange(
        &self,
        caller: &Caller,
        init: &[u8],
        allowed: &[&'static Suite],
        now: Timestamp,
    ) -> Result<Vec<u8>, ExchangeError> {
        let time = time(now);
        let chosen = self.choose(init, allowed, now)?;
        let (suite, exception) = (chosen.suite(), chosen.exception().to_owned());
        let wanted = chosen.init().identity;
        let admitted = self.inner().sessions.admit(chosen)?;
        let (loaded, version, identity) = self.identity(wanted, now)?;
        let version = self.version(&loaded, version)?;
        let Material::Sign(key) = version.material()? else {
            return Err(Error::NotFound.into());
        };
        let prepared = admitted.answer(&identity, &caller.name, b"")?;
        let (response, provisional) = prepared.sign(key)?;
        let mut event = Event::service("exchange.answer")
            .version(version.number)
            .fact("suite", suite)
            .fact("session", hex(provisional.session()));
        if !exception.is_empty() {
            event = event.fact("exception", &exception);
        }
        self.record_exchange(&loaded, &event, caller, now).await?;
        self.inner().sessions.wait(&caller.name, provisional, time)?;
        Ok(response.as_bytes().to_vec())
    }

    /// Chooses a suite: a hybrid one, or a classical one under the first open exception that allows it.
    fn choose(
        &self,
        init: &[u8],
        allowed: &[&'static Suite],
        now: Timestamp,
    ) -> Result<Chosen, ExchangeError> {
        let hybrid: Vec<&'static Suite> = HYBRID.iter().filter(|suite| allowed.contains(suite)).collect();
        let terms = Terms::hybrid(&hybrid);
        let refused = match Chosen::choose(init, &terms, time(now)) {
            Err(refused @ Refusal::NoSuite { .. }) => refused,
            chosen => return Ok(chosen?),
        };
        for exception in self.exceptions(now)? {
            let under = Terms {
                exception: Some(door(&exception)),
                ..terms.clone()
            };
            match Chosen::choose(init, &under, time(now)) {
                Err(Refusal::NoSuite { .. }) => {}
                chosen => return Ok(chosen?),
            }
        }
        Err(refused.into())
    }

    /// The identity that the client asked for, or the newest, with the number of its version.
    fn identity(
        &self,
        wanted: Option<KeyId>,
        now: Timestamp,
    ) -> Result<(Arc<Loaded>, u32, Identity), ExchangeError> {
        let name = KeyName::internal(EXCHANGE);
        let mut loaded = self.loaded(&name)?;
        // The nonce is used up, so one that has been rotated meanwhile must not be found out at the end only.
        if !self.is_current(&loaded)? {
            loaded = self.loaded(&name)?;
        }
        let identities = self.identities_at(loaded.key.revision, now)?;
        let found = identities.find(wanted, now).ok_or(Refusal::Identity)?;
        Ok((loaded, found.number, found.identity.clone()))
    }

    /// Written under the precondition that the identity key is still the one that signed.
    async fn record_exchange(
        &self,
        loaded: &Loaded,
        event: &Event<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Error> {
        let transaction = Transaction {
            preconditions: vec![Precondition::Version(loaded.id.clone(), loaded.key.revision)],
            ..Transaction::default()
        };
        match self.record(transaction, event, caller, now).await {
            Ok(_committed) => Ok(()),
            Err(error) => {
                if matches!(error, CommitError::Conflict(_)) {
                    self.inner().cache.forget(&loaded.key.name, loaded.key.revision);
                }
                Err(commit_error(error))
            }
        }
    }

    /// Takes a client's confirmation. From now on the session can be used.
    ///
    /// # Errors
    /// [`ExchangeError`]; recorded in the log. There is one attempt.
    pub async fn exchange_confirm(
        &self,
        caller: &Caller,
        confirm: &[u8],
        now: Timestamp,
    ) -> Result<Agreed, ExchangeError> {
        let confirmed = self.inner().sessions.confirm(&caller.name, confirm, time(now));
        let event = Event::service("exchange.confirm");
        let event = match &confirmed {
            Ok(agreed) => event
                .fact("session", hex(agreed.session))
                .fact("suite", agreed.suite),
            Err(error) => event.not(Outcome::Refused, error.code()),
        };
        if let Err(error) = self.write(&event, caller, now).await {
            if let Ok(agreed) = &confirmed {
                self.inner().sessions.close(&caller.name, agreed.session);
            }
            return Err(error.into());
        }
        confirmed
    }
}

impl Keys {
    /// Does something with a session that this caller agreed: seal, open, re-key or export. Recorded in the
    /// log under that event.
    ///
    /// # Errors
    /// [`ExchangeError::NoSession`] also for sessions of others and expired ones; what the session says.
    pub async fn session<T, E: Into<ExchangeError>>(
        &self,
        caller: &Caller,
        (id, event): (SessionId, &'static str),
        now: Timestamp,
        act: impl FnOnce(&mut Session<Server>) -> Result<T, E>,
    ) -> Result<T, ExchangeError> {
        let acted = self.inner().sessions.with((&caller.name, id), time(now), act);
        let event = Event::service(event).fact("session", hex(id));
        let event = match &acted {
            Ok(_done) => event,
            Err(error) => event.not(Outcome::Refused, error.code()),
        };
        self.write(&event, caller, now).await?;
        acted
    }

    /// Forgets a session of that caller.
    ///
    /// # Errors
    /// [`ExchangeError::NoSession`].
    pub async fn session_close(
        &self,
        caller: &Caller,
        id: SessionId,
        now: Timestamp,
    ) -> Result<(), ExchangeError> {
        let closed = self.inner().sessions.close(&caller.name, id);
        let event = Event::service("session.close").fact("session", hex(id));
        self.write(&event, caller, now).await?;
        if closed {
            Ok(())
        } else {
            Err(ExchangeError::NoSession)
        }
    }
}

fn door(exception: &Exception) -> Door<'_> {
    Door {
        name: exception.name.as_str(),
        suites: &exception.suites,
        expires: time(exception.expires),
    }
}

pub(crate) fn time(now: Timestamp) -> Time {
    Time(u64::try_from(now.as_millisecond()).unwrap_or(0))
}

fn hex(session: SessionId) -> String {
    session.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
