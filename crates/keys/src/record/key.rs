//! The record of a key, version 1.
//!
//! It has no secret; the numbers of purposes and the bits of operations never change their meaning.

use std::collections::BTreeMap;
use std::time::Duration;

use hybridge_crypto::Algorithm;
use hybridge_store::Id;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{damaged, decode, encode, from_millis, maybe_from_millis, to_millis};
use crate::{Error, Key, KeyName, Operations, Policy, Purpose};

#[derive(Serialize, Deserialize)]
struct KeyV1<'a> {
    purpose: u8,
    algorithm: &'a str,
    policy: PolicyV1,
    lifetime_seconds: Option<u64>,
    labels: BTreeMap<String, String>,
    primary: u32,
    latest: u32,
    created: i64,
    disabled: Option<i64>,
    destroy_after: Option<i64>,
    destroyed: Option<i64>,
    rotate_after: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct PolicyV1 {
    exportable: bool,
    dual_control: bool,
    exchange: bool,
    operations: u16,
    usage_limit: Option<u64>,
    rotation_seconds: Option<u64>,
    crypto_seconds: Option<u64>,
    minimum_version: u32,
}

impl From<&Policy> for PolicyV1 {
    fn from(policy: &Policy) -> Self {
        Self {
            exportable: policy.exportable,
            dual_control: policy.dual_control,
            exchange: policy.exchange,
            operations: policy.operations.bits(),
            usage_limit: policy.usage_limit,
            rotation_seconds: policy.rotation_period.map(|period| period.as_secs()),
            crypto_seconds: policy.crypto_period.map(|period| period.as_secs()),
            minimum_version: policy.minimum_version,
        }
    }
}

impl From<PolicyV1> for Policy {
    fn from(policy: PolicyV1) -> Self {
        Self {
            exportable: policy.exportable,
            dual_control: policy.dual_control,
            exchange: policy.exchange,
            operations: Operations::from_bits(policy.operations),
            usage_limit: policy.usage_limit,
            rotation_period: policy.rotation_seconds.map(Duration::from_secs),
            crypto_period: policy.crypto_seconds.map(Duration::from_secs),
            minimum_version: policy.minimum_version,
        }
    }
}

const PURPOSES: [(u8, Purpose); 5] = [
    (1, Purpose::Kem),
    (2, Purpose::Sign),
    (3, Purpose::Encrypt),
    (4, Purpose::Mac),
    (5, Purpose::Wrap),
];

/// The bytes of a key's record.
pub(crate) fn write_key(key: &Key) -> Result<Zeroizing<Vec<u8>>, Error> {
    let code = PURPOSES.iter().find(|(_, purpose)| *purpose == key.purpose);
    encode(&KeyV1 {
        purpose: code.map_or(0, |(code, _)| *code),
        algorithm: key.algorithm.name,
        policy: (&key.policy).into(),
        lifetime_seconds: key.lifetime.map(|lifetime| lifetime.as_secs()),
        labels: key.labels.clone(),
        primary: key.primary,
        latest: key.latest,
        created: to_millis(key.created),
        disabled: key.disabled.map(to_millis),
        destroy_after: key.destroy_after.map(to_millis),
        destroyed: key.destroyed.map(to_millis),
        rotate_after: key.rotate_after.map(to_millis),
    })
}

/// The key of a record; `revision` is the version that the store gave it.
pub(crate) fn read_key(id: &Id, revision: u64, bytes: &[u8]) -> Result<Key, Error> {
    let read: KeyV1<'_> = decode(id, bytes)?;
    let purpose = PURPOSES.iter().find(|(code, _)| *code == read.purpose);
    Ok(Key {
        name: KeyName::stored(&id.key).ok_or_else(|| damaged(id))?,
        purpose: purpose.map(|(_, purpose)| *purpose).ok_or_else(|| damaged(id))?,
        algorithm: Algorithm::by_name(read.algorithm).ok_or_else(|| damaged(id))?,
        policy: read.policy.into(),
        lifetime: read.lifetime_seconds.map(Duration::from_secs),
        labels: read.labels,
        primary: read.primary,
        latest: read.latest,
        created: from_millis(id, read.created)?,
        disabled: maybe_from_millis(id, read.disabled)?,
        destroy_after: maybe_from_millis(id, read.destroy_after)?,
        destroyed: maybe_from_millis(id, read.destroyed)?,
        rotate_after: maybe_from_millis(id, read.rotate_after)?,
        revision,
    })
}
