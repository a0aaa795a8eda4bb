//! Tests of the records.
//!
//! What is written is read, and nothing else is.

use std::collections::BTreeMap;
use std::time::Duration;

use hybridge_store::Id;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    Due, Stored, VERSION, key_id, read_key, read_version, split_id, version_id, write_key, write_version,
};
use crate::{Error, Key, KeyName, Origin, Policy, Purpose, Times};

const fn at(second: i64) -> Timestamp {
    Timestamp::constant(second, 0)
}

fn name(name: &str) -> KeyName {
    KeyName::parse(name).expect("a name")
}

fn key() -> Key {
    Key {
        name: name("pay/card"),
        purpose: Purpose::Kem,
        algorithm: Purpose::Kem.default_algorithm(),
        policy: Policy {
            usage_limit: Some(7),
            crypto_period: Some(Duration::from_secs(5)),
            ..Policy::default()
        },
        lifetime: Some(Duration::from_secs(3)),
        labels: BTreeMap::from([("team".to_owned(), "pay".to_owned())]),
        primary: 2,
        latest: 3,
        created: at(1),
        disabled: Some(at(2)),
        destroy_after: Some(at(3)),
        destroyed: None,
        rotate_after: Some(at(4)),
        revision: 9,
    }
}

fn version() -> Stored {
    Stored {
        number: 2,
        algorithm: Purpose::Kem.default_algorithm(),
        origin: Origin::Imported,
        times: Times {
            suspended: Some(at(2)),
            ..Times::new(at(1), at(1))
        },
        quarantined: true,
        destroy_after: Some(at(9)),
        secret: Zeroizing::new(vec![7; 32]),
        public_key: vec![1, 2],
    }
}

#[test]
fn a_key_comes_back_from_its_record() {
    let bytes = write_key(&key()).expect("it can be written");
    assert_eq!(
        read_key(&key_id(&key().name), 9, &bytes).expect("its own bytes"),
        key()
    );
}

#[test]
fn a_version_comes_back_from_its_record() {
    let bytes = write_version(&version()).expect("it can be written");
    let read = read_version(&version_id(VERSION, &name("a"), 2), &bytes).expect("its own bytes");
    assert_eq!(read.number, 2);
    assert_eq!(read.times, version().times);
    assert_eq!(*read.secret, *version().secret);
    assert_eq!(read.shown(&key(), at(5)), version().shown(&key(), at(5)));
}

#[test]
fn bytes_that_are_no_record_are_named_as_damage() {
    let id = key_id(&name("a"));
    let good = write_key(&key()).expect("it can be written");
    let newer = [&[2][..], &good[1..]].concat();
    for bytes in [&[][..], &[1], &good[..good.len() - 1], &newer] {
        let error = read_key(&id, 1, bytes).expect_err("no record");
        assert!(matches!(error, Error::Damaged { record } if record == id.to_string()));
    }
}

#[test]
fn ids_lead_back_to_names_and_versions() {
    let name = name("a/b");
    let id = version_id(VERSION, &name, 258);
    assert_eq!(id.key, b"a/b\0\0\0\x01\x02");
    assert_eq!(split_id(&id.key), Some((name.clone(), Some(258))));
    assert_eq!(split_id(&key_id(&name).key), Some((name, None)));
    assert_eq!(split_id(b"a\0\0"), None);
}

#[test]
fn the_schedule_orders_by_time() {
    let earlier = Due::Rotation.id(at(1), b"zzz");
    let later = Due::Rotation.id(at(2), b"aaa");
    assert!(earlier < later);
    assert_eq!(Due::split(&earlier.key), Some((at(1), &b"zzz"[..])));
    let before_1970: Id = Due::Rotation.id(at(-1), b"a");
    assert_eq!(Due::split(&before_1970.key), Some((at(0), &b"a"[..])));
}
