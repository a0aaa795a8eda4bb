//! Looking at keys: pages of keys by name, and one key with its versions. Nothing here shows a secret.
//!
//! Reads what is committed, past the cache. A damaged record is named and hides no other.

use hybridge_store::ReadError;
use jiff::Timestamp;

use crate::fault::read_error;
use crate::record::{self, KEY, VERSION, split_id, versions_of};
use crate::{Error, Key, KeyName, Keys, Shown};

/// Keys on one page at most.
const PAGE_MAX: usize = 1000;

/// Some keys in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys.
    pub keys: Vec<Key>,
    /// Names of keys on this page whose records are damaged.
    pub damaged: Vec<KeyName>,
    /// Where the next page starts, if there is one.
    pub next: Option<KeyName>,
}

impl Keys {
    /// At most `limit` keys whose names start with `prefix` and come after `after`.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::Store`]. A damaged record is named on the page and hides no other.
    pub fn list(&self, prefix: &str, after: Option<&KeyName>, limit: usize) -> Result<Page, Error> {
        let limit = limit.clamp(1, PAGE_MAX);
        // The service's own names come before all others.
        let after = after.map_or(&b"A"[..], KeyName::as_bytes);
        let rows = self
            .store()
            .scan(KEY, prefix.as_bytes(), Some(after), limit)
            .map_err(read_error)?;
        let mut page = Page::default();
        if rows.len() == limit {
            page.next = rows.last().and_then(|(id, _)| KeyName::stored(&id.key));
        }
        for (id, record) in rows {
            let read = record.map_err(read_error);
            let key = read.and_then(|record| record::read_key(&id, record.version, &record.value));
            match key {
                Ok(key) => page.keys.push(key),
                Err(Error::Damaged { .. }) => page.damaged.extend(KeyName::stored(&id.key)),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// A key with its versions, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`] for the key's own record, [`Error::Sealed`].
    pub fn show(&self, name: &KeyName, now: Timestamp) -> Result<Shown, Error> {
        let key = self.committed(name)?;
        let mut shown = Shown {
            key,
            versions: Vec::new(),
            damaged: Vec::new(),
        };
        let prefix = versions_of(name);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = self
                .store()
                .scan(VERSION, &prefix, after.as_deref(), PAGE_MAX)
                .map_err(read_error)?;
            let is_last = rows.len() < PAGE_MAX;
            after = rows.last().map(|(id, _)| id.key.clone());
            for (id, record) in rows {
                shown.add(&id, record, now)?;
            }
            if is_last {
                shown.versions.reverse();
                return Ok(shown);
            }
        }
    }

    /// How many keys there are, the service's own and destroyed ones included.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn count(&self) -> Result<u64, Error> {
        self.store().count(KEY).map_err(read_error)
    }
}

impl Shown {
    fn add(
        &mut self,
        id: &hybridge_store::Id,
        record: Result<hybridge_store::Record, ReadError>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let read = record.map_err(read_error);
        match read.and_then(|record| record::read_version(id, &record.value)) {
            Ok(stored) => self.versions.push(stored.shown(&self.key, now)),
            Err(Error::Damaged { .. }) => self
                .damaged
                .extend(split_id(&id.key).and_then(|(_, version)| version)),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
