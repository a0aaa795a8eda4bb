//! Dual control: what needs a second administrator, asked for by one and approved by another.
//!
//! An approval is for one operation on one key with exactly these arguments, for a while, and once: it is
//! spent in the transaction of the operation itself. Whoever asked cannot approve, nor can what they made or
//! were made by, nor what one principal made both of: tokens of one's own are not further persons. Only the
//! first token of a store may make two that count as two, because it makes the administrators to begin with;
//! where that is too little, give them identities of an issuer outside.

mod record;

use hybridge_crypto::random;
use hybridge_store::{Precondition, Transaction, Write};
use jiff::{SignedDuration, Timestamp};

use crate::audit::Event;
use crate::fault::{commit_error, read_error};
use crate::record::kept;
use crate::{Caller, Error, KeyName, Keys, Rider};
use record::APPROVAL;

/// How long a request waits for its approval, and an approval for its use.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
const ID_LEN: usize = 12;

/// What needs two administrators, where the key asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    Destroy,
    Export,
}

impl Guarded {
    pub const ALL: [Self; 2] = [Self::Destroy, Self::Export];

    /// The word in the API and the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Export => "export",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guarded| guarded.name() == name)
    }
}

/// Exactly what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub operation: Guarded,
    pub key: KeyName,
    /// The arguments in words, which the approver reads and the operation is compared with.
    pub arguments: String,
}

/// Who asks for an approval or gives one.
#[derive(Clone, Copy, Debug)]
pub struct Administrator<'a> {
    pub caller: &'a Caller,
    /// The principals that made this one, nearest first.
    pub lineage: &'a [String],
}

/// An approval, asked for or given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// 24 hexadecimal digits.
    pub id: String,
    pub deed: Deed,
    pub requester: String,
    /// The principals that made the requester.
    pub lineage: Vec<String>,
    pub requested: Timestamp,
    pub expires: Timestamp,
    /// Who approved, and when.
    pub approved: Option<(String, Timestamp)>,
}

/// The approvals of a key service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Approvals(Keys);

impl Approvals {
    #[must_use]
    pub const fn new(keys: Keys) -> Self {
        Self(keys)
    }

    /// Asks for an approval, under an id from [`new_id`].
    ///
    /// # Errors
    /// The store's.
    pub async fn request(
        &self,
        asking: Administrator<'_>,
        (id, deed): (String, Deed),
        rider: Rider,
        now: Timestamp,
    ) -> Result<Approval, Error> {
        let approval = Approval {
            id,
            deed,
            requester: asking.caller.name.clone(),
            lineage: asking.lineage.to_vec(),
            requested: kept(now),
            expires: kept(now.saturating_add(LIFETIME).unwrap_or(now)),
            approved: None,
        };
        let id = record::id(&approval.id);
        let mut transaction = rider.into_transaction();
        transaction.preconditions.push(Precondition::Absent(id.clone()));
        transaction.writes.push(Write::Put(id, record::write(&approval)?));
        self.commit(
            transaction,
            &event("approval.request", &approval),
            asking.caller,
            now,
        )
        .await?;
        Ok(approval)
    }

    /// Approves.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none or it expired; [`Error::Refused`] where the approver is not a
    /// second person or somebody approved already.
    pub async fn approve(&self, by: Administrator<'_>, id: &str, now: Timestamp) -> Result<Approval, Error> {
        let (mut approval, version) = self.find(id, now)?;
        let decided = may_approve(&approval, by);
        if let Err(why) = decided {
            let refused = event("approval.approve", &approval);
            return Err(self
                .0
                .refusal(refused, Error::Refused { why }, by.caller, now)
                .await);
        }
        approval.approved = Some((by.caller.name.clone(), kept(now)));
        let id = record::id(&approval.id);
        let transaction = Transaction {
            preconditions: vec![Precondition::Version(id.clone(), version)],
            writes: vec![Write::Put(id, record::write(&approval)?)],
            entries: Vec::new(),
        };
        self.commit(transaction, &event("approval.approve", &approval), by.caller, now)
            .await?;
        Ok(approval)
    }

    /// Takes an approval for its deed: it is spent with the operation that takes the rider, and the
    /// operation happens only if it was not spent before.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] where it was not approved, or is another's or another deed's.
    pub fn spend(&self, caller: &Caller, id: &str, deed: &Deed, now: Timestamp) -> Result<Rider, Error> {
        let (approval, version) = self.find(id, now)?;
        if let Err(why) = may_spend(&approval, caller, deed) {
            return Err(Error::Refused { why });
        }
        let id = record::id(&approval.id);
        Ok(Rider::new(
            Precondition::Version(id.clone(), version),
            Write::Delete(id),
        ))
    }

    /// One approval.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the store's.
    pub fn show(&self, id: &str, now: Timestamp) -> Result<Approval, Error> {
        self.find(id, now).map(|(approval, _)| approval)
    }

    /// At most `limit` approvals after this one, by id; those that expired are left out.
    ///
    /// # Errors
    /// The store's.
    pub fn list(&self, after: Option<&str>, limit: usize, now: Timestamp) -> Result<Vec<Approval>, Error> {
        let rows = self
            .0
            .store()
            .scan(APPROVAL, b"", after.map(str::as_bytes), limit);
        let rows = rows.map_err(read_error)?.into_iter();
        let sound = rows.filter_map(|(id, found)| record::read(&id, &found.ok()?.value).ok());
        Ok(sound.filter(|approval| approval.expires > now).collect())
    }

    /// Drops what expired. For the schedule.
    ///
    /// # Errors
    /// The store's.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), Error> {
        const PAGE: usize = 1000;
        let rows = self
            .0
            .store()
            .scan(APPROVAL, b"", None, PAGE)
            .map_err(read_error)?;
        let mut transaction = Transaction::default();
        for (id, found) in rows {
            let approval = found.ok().and_then(|found| record::read(&id, &found.value).ok());
            if approval.is_some_and(|approval| approval.expires <= now) {
                transaction.writes.push(Write::Delete(id));
            }
        }
        if transaction.writes.is_empty() {
            return Ok(());
        }
        self.0
            .store()
            .commit(transaction)
            .await
            .map(drop)
            .map_err(commit_error)
    }

    fn find(&self, id: &str, now: Timestamp) -> Result<(Approval, u64), Error> {
        if id.len() != 2 * ID_LEN {
            return Err(Error::NotFound);
        }
        let id = record::id(id);
        let found = self
            .0
            .store()
            .read(&id)
            .map_err(read_error)?
            .ok_or(Error::NotFound)?;
        let approval = record::read(&id, &found.value)?;
        if approval.expires <= now {
            return Err(Error::NotFound);
        }
        Ok((approval, found.version))
    }

    async fn commit(
        &self,
        transaction: Transaction,
        event: &Event<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Error> {
        let committed = self.0.record(transaction, event, caller, now).await;
        committed.map(drop).map_err(commit_error)
    }
}

fn may_approve(approval: &Approval, by: Administrator<'_>) -> Result<(), &'static str> {
    let approver = &by.caller.name;
    if approval.approved.is_some() {
        Err("it is approved already")
    } else if *approver == approval.requester {
        Err("whoever asked cannot approve")
    } else if approval.lineage.contains(approver) || by.lineage.contains(&approval.requester) {
        Err("requester and approver are not two persons: one made the other")
    } else if one_made_both(&approval.lineage, by.lineage) {
        Err("requester and approver are not two persons: the same principal made both")
    } else {
        Ok(())
    }
}

/// The first token of a store, which is the last of a lineage and a token, does not count.
fn one_made_both(one: &[String], other: &[String]) -> bool {
    let is_first = |at: usize, maker: &str| at + 1 == one.len() && maker.starts_with("token:");
    one.iter()
        .enumerate()
        .any(|(at, maker)| other.contains(maker) && !is_first(at, maker))
}

fn may_spend(approval: &Approval, caller: &Caller, deed: &Deed) -> Result<(), &'static str> {
    if approval.approved.is_none() {
        Err("the approval was not given yet")
    } else if caller.name != approval.requester {
        Err("the approval was given to another principal")
    } else if *deed != approval.deed {
        Err("the approval is for another operation, key or arguments")
    } else {
        Ok(())
    }
}

fn event<'a>(name: &'static str, approval: &'a Approval) -> Event<'a> {
    Event::done(name, &approval.deed.key)
        .fact("approval", &approval.id)
        .fact("operation", approval.deed.operation.name())
        .fact("requester", &approval.requester)
}

/// An id that no approval has.
///
/// # Errors
/// The random generator failed.
pub fn new_id() -> Result<String, Error> {
    let random = random::bytes::<ID_LEN>().map_err(|error| Error::Crypto {
        algorithm: "the random generator",
        source: Box::new(error),
    })?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
