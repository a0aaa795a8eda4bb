//! A seal that was delivered and is not in force yet: it waits in memory for proof that it arrived.
//!
//! One at a time, for ten minutes. Another rekey, closing the seal and a restart drop it; then the store
//! is opened as before.

use std::time::Duration;

use hybridge_crypto::random;
use jiff::Timestamp;

use super::StartError;
use crate::audit::{Event, Outcome};
use crate::cache::lock;
use crate::recipient::text::hex;
use crate::seal::{ConfirmError, Prepared, Proof, SealError};
use crate::{Caller, Error, Keys};

/// How long a prepared seal waits (10 minutes).
const PATIENCE: Duration = Duration::from_secs(600);

/// A prepared seal, and by what it is called.
#[derive(Debug)]
pub(super) struct Pending {
    id: String,
    until: Timestamp,
    prepared: Prepared,
}

/// How a prepared seal is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Names the prepared seal.
    pub id: String,
    /// When it is dropped.
    pub until: Timestamp,
}

impl Keys {
    /// Keeps a prepared seal in memory until [`Keys::confirm_seal`]. One that waited before is dropped.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`StartError::Seal`]; [`StartError::Keys`] where the log cannot be written.
    pub async fn hold_seal(
        &self,
        caller: &Caller,
        prepared: Prepared,
        now: Timestamp,
    ) -> Result<Ticket, StartError> {
        let bytes = random::bytes::<16>()
            .map_err(|source| SealError::Crypto("the random generator", source.into()))?;
        let ticket = Ticket {
            id: hex(&bytes),
            until: now.saturating_add(PATIENCE).map_err(Error::store)?,
        };
        let event =
            Event::service("seal.prepare").fact("scheme", format_args!("{:?}", prepared.root().scheme()));
        self.write(&event, caller, now).await?;
        let mut waiting = lock(&self.inner().seal.pending);
        self.unsealed()?;
        *waiting = Some(Pending {
            id: ticket.id.clone(),
            until: ticket.until,
            prepared,
        });
        Ok(ticket)
    }

    /// Puts the waiting seal in force, once it is proven that what it delivered arrived. A wrong proof
    /// leaves it waiting.
    ///
    /// # Errors
    /// [`StartError::NotPending`], [`StartError::Confirm`]; otherwise as [`Keys::put_seal`].
    pub async fn confirm_seal(
        &self,
        caller: &Caller,
        id: &str,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<(), StartError> {
        match self.take_proven(id, proof, now) {
            Ok(prepared) => self.put_seal(caller, prepared, now).await,
            Err(error) => {
                let event = Event::service("seal.confirm").not(Outcome::Refused, "rejected");
                self.write(&event, caller, now).await?;
                Err(error)
            }
        }
    }

    fn take_proven(&self, id: &str, proof: Proof<'_>, now: Timestamp) -> Result<Prepared, StartError> {
        self.drop_stale_seal(now);
        let mut waiting = lock(&self.inner().seal.pending);
        let mut pending = waiting
            .take_if(|pending| pending.id == id)
            .ok_or(StartError::NotPending)?;
        let proven: Result<(), ConfirmError> = pending.prepared.prove(proof);
        if let Err(error) = proven {
            *waiting = Some(pending);
            return Err(error.into());
        }
        Ok(pending.prepared)
    }

    /// Drops a seal that waited for too long.
    pub(crate) fn drop_stale_seal(&self, now: Timestamp) {
        let mut waiting = lock(&self.inner().seal.pending);
        drop(waiting.take_if(|pending| pending.until <= now));
    }

    /// Drops a seal that waits, however long it did.
    pub(super) fn drop_pending_seal(&self) {
        drop(lock(&self.inner().seal.pending).take());
    }
}
