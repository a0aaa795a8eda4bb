//! The life of keys, end to end.
//!
//! Each test is one promise of the life cycle.

use std::time::Duration;

use crate::change::{Destroy, Encoding, Import};
use crate::serve::Tagged;
use crate::tests::{Service, at, code, name, one};
use crate::{Error, NewKey, Policy, Purpose, State};

const DAY: i64 = 24 * 3600;

async fn tag(service: &Service, key: &str, now: i64) -> Result<Vec<u8>, Error> {
    let name = name(key);
    let tags = service.keys.mac(&service.caller, &name, &[b"x"], at(now));
    one(tags.await).map(|tag| tag.tag)
}

async fn verify(service: &Service, tag: &[u8], version: u32, now: i64) -> Result<bool, Error> {
    let item = Tagged {
        message: b"x",
        tag,
        version: Some(version),
    };
    let keys = &service.keys;
    one(keys
        .mac_verify(&service.caller, &name("m"), &[item], at(now))
        .await)
}

fn states(service: &Service, now: i64) -> Vec<(u32, State)> {
    let shown = service.keys.show(&name("m"), at(now)).expect("the key");
    shown
        .versions
        .iter()
        .map(|version| (version.number, version.state))
        .collect()
}

#[tokio::test]
async fn a_name_is_given_once() {
    let service = Service::new();
    let made = service.create("m", Purpose::Mac).await;
    assert_eq!((made.primary, made.latest, made.revision), (1, 1, 1));
    let again = service.try_create("m", &NewKey::for_purpose(Purpose::Mac)).await;
    assert_eq!(code(again), "exists");
    let shown = service.keys.show(&name("m"), at(1)).expect("the key");
    assert_eq!(shown.key, made);
    assert_eq!(shown.versions.len(), 1);
}

#[tokio::test]
async fn what_a_purpose_does_not_allow_is_not_made() {
    let service = Service::new();
    let new = NewKey {
        algorithm: Purpose::Kem.default_algorithm(),
        ..NewKey::for_purpose(Purpose::Sign)
    };
    assert_eq!(code(service.try_create("s", &new).await), "invalid");
}

#[tokio::test]
async fn rotation_keeps_one_primary_and_the_old_version_still_verifies() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let old = tag(&service, "m", 1).await.expect("tagged");
    let rotated = service.keys.rotate(&service.caller, &name("m"), at(2)).await;
    let rotated = rotated.expect("rotated");
    assert_eq!((rotated.old.number, rotated.new.number), (1, 2));
    assert_eq!((rotated.key.primary, rotated.key.revision), (2, 2));
    assert_eq!(states(&service, 3), [(2, State::Active), (1, State::Deactivated)]);
    assert!(verify(&service, &old, 1, 3).await.expect("an answer"));
    assert!(!verify(&service, &old, 2, 3).await.expect("an answer"));
}

#[tokio::test]
async fn the_schedule_rotates_what_is_due_and_nothing_else() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let daily = NewKey {
        policy: Policy {
            exchange: true,
            ..Policy::default()
        },
        ..NewKey::for_purpose(Purpose::Kem)
    };
    service.try_create("x", &daily).await.expect("created");
    service.try_create("off", &daily).await.expect("created");
    let off = service
        .keys
        .disable(&service.caller, &name("off"), None, at(1))
        .await;
    off.expect("disabled");
    let rotate = async |now| {
        let rotated = service.keys.rotate_due(at(now), 10).await.expect("the schedule");
        let name = |(name, rotated): (crate::KeyName, Result<_, _>)| {
            rotated.map(|_rotated: crate::change::Rotated| name.to_string())
        };
        rotated
            .into_iter()
            .map(name)
            .collect::<Result<Vec<_>, _>>()
            .expect("all rotated")
    };
    assert!(rotate(DAY - 1).await.is_empty());
    assert_eq!(rotate(DAY).await, ["x"]);
    assert!(rotate(DAY).await.is_empty());
    assert_eq!(rotate(2 * DAY).await, ["x"]);
    assert_eq!(rotate(90 * DAY).await, ["x", "m"]);
    let on = service
        .keys
        .enable(&service.caller, &name("off"), None, at(90 * DAY))
        .await;
    on.expect("enabled");
    assert_eq!(rotate(90 * DAY).await, ["off"]);
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let old = tag(&service, "m", 1).await.expect("tagged");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    keys.disable(caller, &name, None, at(2)).await.expect("disabled");
    assert_eq!(code(tag(&service, "m", 3).await), "disabled");
    assert_eq!(code(verify(&service, &old, 1, 3).await), "disabled");
    assert_eq!(code(keys.rotate(caller, &name, at(3)).await), "disabled");
    assert_eq!(states(&service, 3), [(1, State::Suspended)]);
    keys.enable(caller, &name, None, at(4)).await.expect("enabled");
    assert!(verify(&service, &old, 1, 5).await.expect("an answer"));
    assert_eq!(states(&service, 5), [(1, State::Active)]);
}

#[tokio::test]
async fn one_version_can_be_put_aside() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let old = tag(&service, "m", 1).await.expect("tagged");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    keys.rotate(caller, &name, at(2)).await.expect("rotated");
    keys.disable(caller, &name, Some(1), at(3))
        .await
        .expect("disabled");
    assert_eq!(code(verify(&service, &old, 1, 4).await), "state");
    assert!(tag(&service, "m", 4).await.is_ok());
    assert_eq!(code(keys.disable(caller, &name, Some(1), at(4)).await), "state");
    keys.enable(caller, &name, Some(1), at(5)).await.expect("enabled");
    assert!(verify(&service, &old, 1, 6).await.expect("an answer"));
    assert_eq!(states(&service, 6), [(2, State::Active), (1, State::Deactivated)]);
}

#[tokio::test]
async fn a_compromise_rotates_quarantines_and_lists_what_was_protected() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let old = tag(&service, "m", 1).await.expect("tagged");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    let found = keys
        .compromise(caller, &name, None, at(2))
        .await
        .expect("recorded");
    assert_eq!((found.version.number, found.key.primary), (1, 2));
    assert!(found.protected.protections >= 1);
    assert_eq!(states(&service, 3), [(2, State::Active), (1, State::Compromised)]);
    assert_eq!(code(verify(&service, &old, 1, 3).await), "quarantined");
    let listed = keys.quarantined(None, 10).expect("the list");
    assert_eq!((listed.len(), listed[0].version), (1, 1));
    assert_eq!(
        code(keys.compromise(caller, &name, Some(1), at(3)).await),
        "state"
    );
    keys.release(caller, &name, 1, at(4)).await.expect("released");
    assert!(keys.quarantined(None, 10).expect("the list").is_empty());
    assert!(verify(&service, &old, 1, 5).await.expect("an answer"));
    assert_eq!(code(keys.release(caller, &name, 1, at(5)).await), "refused");
}

#[tokio::test]
async fn a_destruction_waits_and_can_be_cancelled() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    let hasty = Destroy {
        version: None,
        wait: Some(Duration::from_secs(60)),
    };
    assert_eq!(code(keys.destroy(caller, &name, hasty, at(1)).await), "invalid");
    let planned = keys.destroy(caller, &name, Destroy::default(), at(1)).await;
    assert_eq!(planned.expect("announced").destroy_after, Some(at(1 + 7 * DAY)));
    assert_eq!(code(tag(&service, "m", 2).await), "destroying");
    assert_eq!(
        code(keys.destroy(caller, &name, Destroy::default(), at(2)).await),
        "destroying"
    );
    assert!(keys.reap(at(7 * DAY), 10).await.expect("the schedule").is_empty());
    keys.cancel_destroy(caller, &name, None, at(7 * DAY))
        .await
        .expect("cancelled");
    assert!(tag(&service, "m", 7 * DAY).await.is_ok());
    assert!(keys.reap(at(9 * DAY), 10).await.expect("the schedule").is_empty());
}

#[tokio::test]
async fn what_is_destroyed_is_gone_for_good() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    keys.rotate(caller, &name, at(1)).await.expect("rotated");
    let secret = keys.stored(&name, 2).expect("the record").secret;
    keys.destroy(caller, &name, Destroy::default(), at(1))
        .await
        .expect("announced");
    let reaped = keys.reap(at(8 * DAY), 10).await.expect("the schedule");
    assert!(reaped.len() == 1 && reaped[0].result.is_ok(), "{reaped:?}");
    assert_eq!(
        states(&service, 8 * DAY),
        [(2, State::Destroyed), (1, State::Destroyed)]
    );
    assert_eq!(code(tag(&service, "m", 8 * DAY).await), "state");
    for refused in [
        keys.enable(caller, &name, None, at(8 * DAY)).await,
        keys.cancel_destroy(caller, &name, None, at(8 * DAY)).await,
    ] {
        assert_eq!(code(refused), "state");
    }
    let again = service.try_create("m", &NewKey::for_purpose(Purpose::Mac)).await;
    assert_eq!(code(again), "exists");
    let (_, stored) = keys.stored_with_revision(&name, 2).expect("the record");
    assert!(stored.secret.is_empty() && !secret.is_empty());
    assert!(keys.reap(at(9 * DAY), 10).await.expect("the schedule").is_empty());
}

#[tokio::test]
async fn one_version_is_destroyed_and_the_others_stay() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let old = tag(&service, "m", 1).await.expect("tagged");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    keys.rotate(caller, &name, at(2)).await.expect("rotated");
    let of = |version| Destroy {
        version: Some(version),
        wait: None,
    };
    assert_eq!(code(keys.destroy(caller, &name, of(2), at(3)).await), "refused");
    keys.destroy(caller, &name, of(1), at(3))
        .await
        .expect("announced");
    assert_eq!(code(verify(&service, &old, 1, 4).await), "destroying");
    let reaped = keys.reap(at(8 * DAY), 10).await.expect("the schedule");
    assert_eq!((reaped.len(), reaped[0].version), (1, Some(1)));
    assert_eq!(
        states(&service, 8 * DAY),
        [(2, State::Active), (1, State::Destroyed)]
    );
    assert_eq!(code(verify(&service, &old, 1, 8 * DAY).await), "state");
    assert!(tag(&service, "m", 8 * DAY).await.is_ok());
}

#[tokio::test]
async fn a_key_comes_into_use_when_its_time_has_come() {
    let service = Service::new();
    let new = NewKey {
        activate_at: Some(at(100)),
        ..NewKey::for_purpose(Purpose::Mac)
    };
    service.try_create("m", &new).await.expect("created");
    assert_eq!(code(tag(&service, "m", 99).await), "state");
    let rotated = service.keys.rotate(&service.caller, &name("m"), at(99)).await;
    assert_eq!(code(rotated), "state");
    assert!(tag(&service, "m", 100).await.is_ok());
}

#[tokio::test]
async fn imported_material_is_used_as_it_is() {
    let service = Service::new();
    let (keys, caller) = (&service.keys, &service.caller);
    let import = async |key: &str, purpose: Purpose, encoding, material: &[u8]| {
        let new = NewKey::for_purpose(purpose);
        let import = Import {
            key: &new,
            encoding,
            material,
        };
        keys.import(caller, &name(key), &import, at(0)).await
    };
    import("m", Purpose::Mac, Encoding::Raw, &[7; 32])
        .await
        .expect("imported");
    let algorithm = Purpose::Mac.default_algorithm();
    let same = hybridge_crypto::mac::Key::from_bytes(algorithm, &[7; 32]).expect("a key");
    let tag = tag(&service, "m", 1).await.expect("tagged");
    assert!(same.verify(b"x", &tag).is_ok());

    let pair = hybridge_crypto::kem::PrivateKey::generate(Purpose::Kem.default_algorithm()).expect("a pair");
    let public = pair.public_key().to_vec();
    let pair = hybridge_crypto::encoding::PrivateKey::Kem(pair);
    let der = hybridge_crypto::encoding::private_to_pkcs8(&pair).expect("DER");
    import("k", Purpose::Kem, Encoding::Pkcs8, &der)
        .await
        .expect("imported");
    let shown = keys.show(&name("k"), at(1)).expect("the key");
    assert_eq!(shown.versions[0].public_key, public);
    for (purpose, encoding) in [(Purpose::Sign, Encoding::Pkcs8), (Purpose::Kem, Encoding::Raw)] {
        assert_eq!(code(import("no", purpose, encoding, &der).await), "invalid");
    }
}

#[tokio::test]
async fn keys_are_listed_by_name_in_pages() {
    let service = Service::new();
    for key in ["b/2", "a", "b/1", "c"] {
        service.create(key, Purpose::Mac).await;
    }
    let names =
        |page: &crate::Page| -> Vec<String> { page.keys.iter().map(|key| key.name.to_string()).collect() };
    let first = service.keys.list("", None, 3).expect("a page");
    assert_eq!(names(&first), ["a", "b/1", "b/2"]);
    let second = service.keys.list("", first.next.as_ref(), 3).expect("a page");
    assert_eq!((names(&second), second.next), (vec!["c".to_owned()], None));
    let some = service.keys.list("b/", None, 10).expect("a page");
    assert_eq!(names(&some), ["b/1", "b/2"]);
}

#[tokio::test]
async fn resealing_changes_nothing_but_the_seal() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let old = tag(&service, "m", 1).await.expect("tagged");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    let before = keys.rotate(caller, &name, at(2)).await.expect("rotated").key;
    let after = keys.reseal(caller, &name, at(3)).await.expect("resealed");
    assert_eq!(after.revision, before.revision + 1);
    assert_eq!(
        crate::Key {
            revision: before.revision,
            ..after
        },
        before
    );
    assert!(verify(&service, &old, 1, 4).await.expect("an answer"));
}

#[tokio::test]
async fn dual_control_and_exportability_only_ever_narrow() {
    let service = Service::new();
    let new = NewKey {
        policy: Policy {
            dual_control: true,
            ..Policy::default()
        },
        ..NewKey::for_purpose(Purpose::Mac)
    };
    service.try_create("m", &new).await.expect("created");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    let alone = keys.destroy(caller, &name, Destroy::default(), at(1)).await;
    assert_eq!(code(alone), "refused");
    for policy in [
        Policy::default(),
        Policy {
            exportable: true,
            ..new.policy.clone()
        },
    ] {
        let settings = crate::change::Settings {
            policy: Some(policy),
            ..crate::change::Settings::default()
        };
        assert_eq!(
            code(keys.configure(caller, &name, &settings, at(1)).await),
            "refused"
        );
    }
}
