//! Tests of the service over a real store, and what they share.
//!
//! Time is an argument everywhere, so no test waits for it.

mod exchanges;
mod life;
mod model;
mod races;
pub(crate) mod starts;
mod uses;

use hybridge_store::{Keyring, Options, Store};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::{Caller, Config, Error, Key, KeyName, Keys, NewKey, Purpose};

/// A service over a store of its own, which goes with it.
pub(crate) struct Service {
    pub(crate) keys: Keys,
    pub(crate) caller: Caller,
    _folder: TempDir,
}

impl Service {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = Config::new(folder.path().to_owned());
        let store = Store::open(&config.database(), Options::default()).expect("a new store");
        store.unseal(Keyring::generate().expect("a keyring"));
        Self {
            keys: Keys::over(store, config),
            caller: Caller {
                name: "token:test".to_owned(),
                request: "r1".to_owned(),
                peer: None,
            },
            _folder: folder,
        }
    }

    pub(crate) async fn create(&self, key: &str, purpose: Purpose) -> Key {
        self.try_create(key, &NewKey::for_purpose(purpose))
            .await
            .expect("a new key")
    }

    pub(crate) async fn try_create(&self, key: &str, new: &NewKey) -> Result<Key, Error> {
        self.keys.create(&self.caller, &name(key), new, at(0)).await
    }

    /// The entries of the log from a number on.
    pub(crate) fn log(&self, from: u64) -> Vec<serde_json::Value> {
        let entries = self.keys.store().log(from, 10_000).expect("the log can be read");
        let read = |entry: &hybridge_store::Entry| serde_json::from_slice(&entry.bytes);
        entries
            .iter()
            .map(|entry| read(entry).expect("entries are JSON"))
            .collect()
    }

    /// The last entry of the log.
    pub(crate) fn last(&self) -> serde_json::Value {
        let head = self.keys.store().head();
        self.log(head.sequence).pop().expect("the log has an entry")
    }
}

pub(crate) const fn at(second: i64) -> Timestamp {
    Timestamp::constant(second, 0)
}

pub(crate) fn name(name: &str) -> KeyName {
    KeyName::parse(name).expect("a name")
}

/// The code of an error.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("it should be refused").code()
}

/// The only item of a batch.
pub(crate) fn one<T>(batch: Result<Vec<Result<T, Error>>, Error>) -> Result<T, Error> {
    let mut batch = batch?;
    assert_eq!(batch.len(), 1);
    batch.pop().expect("one item")
}
