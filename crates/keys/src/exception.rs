//! Exceptions: open doors to classical suites of the key exchange, each with an owner, a reason and an end.
//!
//! An exception is read from the store and held against the time at each use; when its time has come it
//! allows nothing, whether or not anybody has tidied up. Each use of one has its own entry in the log.

use std::time::Duration;

use hybridge_exchange::{CLASSICAL, Suite};
use hybridge_store::{Id, Precondition, Transaction, Write};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::Event;
use crate::fault::{commit_error, read_error};
use crate::record::{self, EXCEPTION, kept};
use crate::{Caller, Error, KeyName, Keys};

/// The longest life of an exception (90 days).
pub const LIFETIME_MAX: Duration = Duration::from_secs(90 * 24 * 3600);
const TEXT_LEN_MAX: usize = 500;
const EXCEPTIONS_MAX: usize = 100;

/// An open door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name, by the rules of key names; clients get to see it.
    pub name: KeyName,
    /// Who answers for it.
    pub owner: String,
    /// Why it is needed.
    pub reason: String,
    /// The classical suites that it allows.
    pub suites: Vec<&'static Suite>,
    /// Who opened it.
    pub opened_by: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// From here on it allows nothing.
    pub expires: Timestamp,
}

/// A door to open.
#[derive(Clone, Debug)]
pub struct NewException {
    /// Its name.
    pub name: KeyName,
    /// Who answers for it.
    pub owner: String,
    /// Why it is needed.
    pub reason: String,
    /// The classical suites that it allows; at least one.
    pub suites: Vec<&'static Suite>,
    /// How long, at most 90 days.
    pub lifetime: Duration,
}

#[derive(Serialize, Deserialize)]
struct ExceptionV1 {
    owner: String,
    reason: String,
    suites: Vec<String>,
    opened_by: String,
    opened: i64,
    expires: i64,
}

impl Exception {
    /// True while it allows something.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires
    }
}

fn id(name: &KeyName) -> Id {
    Id::new(EXCEPTION, name.as_bytes())
}

impl Keys {
    /// Opens an exception.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`].
    pub async fn exception_open(
        &self,
        caller: &Caller,
        new: &NewException,
        now: Timestamp,
    ) -> Result<Exception, Error> {
        let event = Event::service("exception.open").fact("exception", &new.name);
        match self.try_exception_open(caller, new, now).await {
            Ok(opened) => Ok(opened),
            Err(error) => Err(self.refusal(event, error, caller, now).await),
        }
    }

    async fn try_exception_open(
        &self,
        caller: &Caller,
        new: &NewException,
        now: Timestamp,
    ) -> Result<Exception, Error> {
        check(new)?;
        if self.exceptions(now)?.len() >= EXCEPTIONS_MAX {
            let limit = "open exceptions";
            return Err(Error::Limit { limit });
        }
        let opened = kept(now);
        let expires = opened.checked_add(new.lifetime);
        let exception = Exception {
            name: new.name.clone(),
            owner: new.owner.clone(),
            reason: new.reason.clone(),
            suites: new.suites.clone(),
            opened_by: caller.name.clone(),
            opened,
            expires: expires.map_err(|error| Error::invalid("lifetime", error))?,
        };
        let mut transaction = self.transaction();
        let id = id(&new.name);
        transaction.preconditions.push(Precondition::Absent(id.clone()));
        transaction.writes.push(Write::Put(id, write(&exception)?));
        let event = Event::service("exception.open")
            .fact("exception", &exception.name)
            .fact("owner", &exception.owner)
            .fact("why", &exception.reason)
            .fact("expires", exception.expires);
        match self
            .record(transaction, &event, caller, now)
            .await
            .map_err(commit_error)
        {
            Ok(_committed) => Ok(exception),
            Err(Error::Conflict) => Err(Error::Exists),
            Err(error) => Err(error),
        }
    }

    /// Closes an exception before its time.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn exception_close(
        &self,
        caller: &Caller,
        name: &KeyName,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.exception_end(caller, name, ("exception.close", now)).await
    }

    async fn exception_end(
        &self,
        caller: &Caller,
        name: &KeyName,
        (event, now): (&'static str, Timestamp),
    ) -> Result<(), Error> {
        let event = Event::service(event).fact("exception", name);
        let transaction = Transaction {
            preconditions: vec![Precondition::Present(id(name))],
            writes: vec![Write::Delete(id(name))],
            ..Transaction::default()
        };
        let ended = self.record(transaction, &event, caller, now).await;
        match ended.map_err(commit_error) {
            Ok(_committed) => Ok(()),
            Err(Error::Conflict) => Err(self.refusal(event, Error::NotFound, caller, now).await),
            Err(error) => Err(error),
        }
    }

    /// The exceptions that are open now, by name.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::Store`].
    pub fn exceptions(&self, now: Timestamp) -> Result<Vec<Exception>, Error> {
        let mut exceptions = self.all_exceptions()?;
        exceptions.retain(|exception| exception.is_open(now));
        Ok(exceptions)
    }

    fn all_exceptions(&self) -> Result<Vec<Exception>, Error> {
        let rows = self
            .store()
            .scan(EXCEPTION, &[], None, usize::from(u8::MAX))
            .map_err(read_error)?;
        // A damaged one allows nothing; the store reports it.
        let found = rows.into_iter().filter_map(|(id, record)| {
            let record = record.ok()?;
            read(&id, &record.value).ok()
        });
        Ok(found.collect())
    }

    /// Writes down that exceptions have ended by themselves, and forgets them.
    pub(crate) async fn tidy_exceptions(&self, now: Timestamp) -> Result<(), Error> {
        for exception in self.all_exceptions()? {
            if !exception.is_open(now) {
                let caller = Caller::service("schedule");
                self.exception_end(&caller, &exception.name, ("exception.expire", now))
                    .await?;
            }
        }
        Ok(())
    }
}

fn check(new: &NewException) -> Result<(), Error> {
    for (field, text) in [("owner", &new.owner), ("reason", &new.reason)] {
        if text.trim().is_empty() || text.len() > TEXT_LEN_MAX {
            let why = format_args!("1 to {TEXT_LEN_MAX} bytes");
            return Err(Error::invalid(field, why));
        }
    }
    if new.lifetime.is_zero() || new.lifetime > LIFETIME_MAX {
        let why = format_args!("more than 0 and at most {} s", LIFETIME_MAX.as_secs());
        return Err(Error::invalid("lifetime", why));
    }
    let is_classical = |suite: &&Suite| CLASSICAL.contains(suite);
    if new.suites.is_empty() || !new.suites.iter().all(is_classical) {
        return Err(Error::invalid("suites", "at least one, and classical ones only"));
    }
    Ok(())
}

fn write(exception: &Exception) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    record::encode(&ExceptionV1 {
        owner: exception.owner.clone(),
        reason: exception.reason.clone(),
        suites: exception
            .suites
            .iter()
            .map(|suite| suite.name.to_owned())
            .collect(),
        opened_by: exception.opened_by.clone(),
        opened: record::to_millis(exception.opened),
        expires: record::to_millis(exception.expires),
    })
}

fn read(id: &Id, bytes: &[u8]) -> Result<Exception, Error> {
    let read: ExceptionV1 = record::decode(id, bytes)?;
    let suites = read.suites.iter().map(|name| Suite::by_name(name));
    Ok(Exception {
        name: KeyName::stored(&id.key).ok_or_else(|| record::damaged(id))?,
        owner: read.owner,
        reason: read.reason,
        suites: suites.collect::<Option<_>>().ok_or_else(|| record::damaged(id))?,
        opened_by: read.opened_by,
        opened: record::from_millis(id, read.opened)?,
        expires: record::from_millis(id, read.expires)?,
    })
}
