//! What the store's handles, its writer and its readers know of one another.
//!
//! The head is set before a transaction is acknowledged. A failure, once set, stays: nothing is read or
//! written any more until the store is opened again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use crate::backend::Readers;
use crate::fault::{Damage, Fault, ReadError, Why};
use crate::keyring::Keyring;
use crate::log::{Head, StoreId};
use crate::open::Notice;
use crate::read::Pool;
use crate::record::Id;

pub(crate) struct State {
    pub(crate) id: StoreId,
    pub(crate) path: PathBuf,
    pub(crate) generation: u64,
    pub(crate) make_reader: Readers,
    pub(crate) readers: Pool,
    keyring: RwLock<Option<Arc<Keyring>>>,
    head: Mutex<Head>,
    damaged: Mutex<BTreeMap<Id, Why>>,
    notices: Mutex<Vec<Notice>>,
    failure: OnceLock<Arc<Fault>>,
}

/// What is known when a store has been opened.
pub(crate) struct Found {
    pub(crate) id: StoreId,
    pub(crate) path: PathBuf,
    pub(crate) generation: u64,
    pub(crate) head: Head,
    pub(crate) damaged: Vec<Damage>,
    pub(crate) notices: Vec<Notice>,
}

impl State {
    pub(crate) fn new(found: Found, make_reader: Readers) -> Result<Self, Fault> {
        let damaged = found.damaged.into_iter().map(|damage| (damage.id, damage.why));
        Ok(Self {
            id: found.id,
            path: found.path,
            generation: found.generation,
            readers: Pool::open(&make_reader)?,
            make_reader,
            keyring: RwLock::default(),
            head: Mutex::new(found.head),
            damaged: Mutex::new(damaged.collect()),
            notices: Mutex::new(found.notices),
            failure: OnceLock::new(),
        })
    }

    pub(crate) fn keyring(&self) -> Option<Arc<Keyring>> {
        self.keyring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_keyring(&self, keyring: Option<Arc<Keyring>>) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
    }

    pub(crate) fn head(&self) -> Head {
        *locked(&self.head)
    }

    pub(crate) fn set_head(&self, head: Head) {
        *locked(&self.head) = head;
    }

    /// Remembers damage and says whether it is new.
    pub(crate) fn remember(&self, damage: &Damage) -> bool {
        locked(&self.damaged)
            .insert(damage.id.clone(), damage.why)
            .is_none()
    }

    pub(crate) fn forget(&self, id: &Id) -> bool {
        locked(&self.damaged).remove(id).is_some()
    }

    pub(crate) fn is_damaged(&self, id: &Id) -> bool {
        locked(&self.damaged).contains_key(id)
    }

    pub(crate) fn damaged(&self) -> Vec<Damage> {
        let damaged = locked(&self.damaged);
        damaged
            .iter()
            .map(|(id, why)| Damage {
                id: id.clone(),
                why: *why,
            })
            .collect()
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        locked(&self.notices).clone()
    }

    pub(crate) fn add_notice(&self, notice: Notice) {
        let mut notices = locked(&self.notices);
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }

    pub(crate) fn failure(&self) -> Option<Arc<Fault>> {
        self.failure.get().cloned()
    }

    /// Sets the failure; the first one stays.
    pub(crate) fn fail(&self, fault: Arc<Fault>) {
        let _earlier_one_stays = self.failure.set(fault);
    }

    pub(crate) fn refuse_if_failed(&self) -> Result<(), ReadError> {
        match self.failure.get() {
            Some(fault) => Err(ReadError::Failed(Arc::clone(fault))),
            None => Ok(()),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
