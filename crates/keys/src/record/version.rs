//! The record of a version, version 1: the only place on disk that has its secret.
//!
//! Read into memory that is erased; a destroyed version has an empty secret.

use hybridge_crypto::Algorithm;
use hybridge_store::Id;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{damaged, decode, encode, from_millis, kept, maybe_from_millis, split_id, to_millis};
use crate::material::Material;
use crate::{Change, Error, Key, KeyVersion, Origin, State, Times};

#[derive(Serialize, Deserialize)]
struct VersionV1<'a> {
    algorithm: &'a str,
    imported: bool,
    created: i64,
    activated: i64,
    suspended: Option<i64>,
    deactivated: Option<i64>,
    compromised: Option<i64>,
    destroyed: Option<i64>,
    quarantined: bool,
    destroy_after: Option<i64>,
    secret: &'a [u8],
    public_key: &'a [u8],
}

/// A version as it is stored, its secret included.
pub(crate) struct Stored {
    pub(crate) number: u32,
    pub(crate) algorithm: &'static Algorithm,
    pub(crate) origin: Origin,
    pub(crate) times: Times,
    pub(crate) quarantined: bool,
    pub(crate) destroy_after: Option<Timestamp>,
    /// Empty once the version is destroyed.
    pub(crate) secret: Zeroizing<Vec<u8>>,
    pub(crate) public_key: Vec<u8>,
}

impl Stored {
    /// A version that is not stored yet.
    pub(crate) fn new(number: u32, key: &Key, (material, origin): (Material, Origin), times: Times) -> Self {
        Self {
            number,
            algorithm: key.algorithm,
            origin,
            times,
            quarantined: false,
            destroy_after: None,
            secret: material.to_bytes(),
            public_key: material.public_key().to_vec(),
        }
    }

    /// Brings the version into another state, where its state admits that.
    pub(crate) fn change(&mut self, change: Change, now: Timestamp) -> Result<(), Error> {
        let version = self.number;
        let refused = |state| Error::State { version, state };
        self.times = self.times.after(change, kept(now)).map_err(refused)?;
        Ok(())
    }

    /// What callers may see of it.
    pub(crate) fn shown(&self, key: &Key, now: Timestamp) -> KeyVersion {
        let own = self.times.state(now);
        let suspended = key.disabled.is_some() && matches!(own, State::Active | State::Deactivated);
        KeyVersion {
            number: self.number,
            algorithm: self.algorithm,
            state: if suspended { State::Suspended } else { own },
            times: self.times,
            quarantined: self.quarantined,
            destroy_after: self.destroy_after,
            origin: self.origin,
            public_key: self.public_key.clone(),
        }
    }
}

/// The bytes of a version's record.
pub(crate) fn write_version(version: &Stored) -> Result<Zeroizing<Vec<u8>>, Error> {
    let times = version.times;
    encode(&VersionV1 {
        algorithm: version.algorithm.name,
        imported: version.origin == Origin::Imported,
        created: to_millis(times.created),
        activated: to_millis(times.activated),
        suspended: times.suspended.map(to_millis),
        deactivated: times.deactivated.map(to_millis),
        compromised: times.compromised.map(to_millis),
        destroyed: times.destroyed.map(to_millis),
        quarantined: version.quarantined,
        destroy_after: version.destroy_after.map(to_millis),
        secret: &version.secret,
        public_key: &version.public_key,
    })
}

/// The version of a record.
pub(crate) fn read_version(id: &Id, bytes: &[u8]) -> Result<Stored, Error> {
    let read: VersionV1<'_> = decode(id, bytes)?;
    let number = split_id(&id.key).and_then(|(_, version)| version);
    Ok(Stored {
        number: number.ok_or_else(|| damaged(id))?,
        algorithm: Algorithm::by_name(read.algorithm).ok_or_else(|| damaged(id))?,
        origin: if read.imported {
            Origin::Imported
        } else {
            Origin::Generated
        },
        times: Times {
            created: from_millis(id, read.created)?,
            activated: from_millis(id, read.activated)?,
            suspended: maybe_from_millis(id, read.suspended)?,
            deactivated: maybe_from_millis(id, read.deactivated)?,
            compromised: maybe_from_millis(id, read.compromised)?,
            destroyed: maybe_from_millis(id, read.destroyed)?,
        },
        quarantined: read.quarantined,
        destroy_after: maybe_from_millis(id, read.destroy_after)?,
        secret: Zeroizing::new(read.secret.to_vec()),
        public_key: read.public_key.to_vec(),
    })
}
