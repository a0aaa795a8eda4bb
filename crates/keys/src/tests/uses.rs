//! Using keys, end to end.
//!
//! Each test is one promise to whoever uses a key.

use crate::serve::{Ciphertext, Encapsulated, Message, Plaintext, SignedMessage, Tagged};
use crate::tests::{Service, at, code, name, one};
use crate::{NewKey, Operation, Policy, Purpose, State};

const fn message(message: &[u8]) -> Message<'_> {
    Message {
        message,
        context: b"",
    }
}

#[tokio::test]
async fn what_was_encapsulated_is_decapsulated() {
    let service = Service::new();
    service.create("k", Purpose::Kem).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("k"));
    let made = one(keys.encapsulate(caller, &name, 1, at(1)).await).expect("encapsulated");
    let item = Encapsulated {
        ciphertext: &made.ciphertext,
        version: Some(made.version),
    };
    let got = one(keys.decapsulate(caller, &name, &[item], at(1)).await).expect("decapsulated");
    assert_eq!(got.as_bytes(), made.shared_secret.as_bytes());
    let short = Encapsulated {
        ciphertext: &made.ciphertext[1..],
        version: None,
    };
    assert_eq!(
        code(one(keys.decapsulate(caller, &name, &[short], at(1)).await)),
        "rejected"
    );
}

#[tokio::test]
async fn signatures_verify_and_forgeries_are_an_answer() {
    let service = Service::new();
    service.create("s", Purpose::Sign).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("s"));
    let signed = one(keys.sign(caller, &name, &[message(b"hello")], at(1)).await).expect("signed");
    let check = |text: &'static [u8]| SignedMessage {
        message: message(text),
        signature: &signed.signature,
        version: Some(signed.version),
    };
    let items = [check(b"hello"), check(b"hullo")];
    let verified = keys.verify(caller, &name, &items, at(1)).await.expect("answers");
    let verified: Vec<_> = verified
        .into_iter()
        .map(|item| item.expect("an answer"))
        .collect();
    assert_eq!(verified, [true, false]);
}

#[tokio::test]
async fn slow_signatures_are_made_as_well() {
    let service = Service::new();
    let mut new = NewKey::for_purpose(Purpose::Sign);
    new.algorithm = hybridge_crypto::Algorithm::by_name("SLH-DSA-SHA2-128f").expect("in the table");
    service.try_create("slow", &new).await.expect("created");
    let (keys, caller, name) = (&service.keys, &service.caller, name("slow"));
    let signed = one(keys.sign(caller, &name, &[message(b"x")], at(1)).await).expect("signed");
    let item = SignedMessage {
        message: message(b"x"),
        signature: &signed.signature,
        version: None,
    };
    assert!(one(keys.verify(caller, &name, &[item], at(1)).await).expect("an answer"));
}

#[tokio::test]
async fn tags_verify() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    let tag = one(keys.mac(caller, &name, &[b"hello"], at(1)).await).expect("tagged");
    for (message, expect) in [(&b"hello"[..], true), (b"hullo", false)] {
        let item = Tagged {
            message,
            tag: &tag.tag,
            version: None,
        };
        let verified = one(keys.mac_verify(caller, &name, &[item], at(1)).await);
        assert_eq!(verified.expect("an answer"), expect);
    }
}

#[tokio::test]
async fn old_ciphertexts_open_after_a_rotation_and_move_to_the_newest_version() {
    let service = Service::new();
    service.create("e", Purpose::Encrypt).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("e"));
    let plaintext = Plaintext {
        plaintext: b"card",
        aad: b"row 7",
    };
    let old = one(keys.encrypt(caller, &name, &[plaintext], at(1)).await).expect("encrypted");
    let data_key = one(keys.data_key(caller, &name, &[b"file"], at(1)).await).expect("made");
    keys.rotate(caller, &name, at(2)).await.expect("rotated");
    let items = [
        Ciphertext {
            ciphertext: &old.ciphertext,
            aad: b"row 7",
        },
        Ciphertext {
            ciphertext: &data_key.wrapped,
            aad: b"file",
        },
    ];
    let moved = keys.rewrap(caller, &name, &items, at(3)).await.expect("moved");
    let expect = [b"card".to_vec(), data_key.plaintext.to_vec()];
    for ((moved, item), expect) in moved.into_iter().zip(items).zip(expect) {
        let moved = moved.expect("moved");
        assert_eq!((old.version, moved.version), (1, 2));
        for ciphertext in [item.ciphertext, &moved.ciphertext] {
            let item = Ciphertext {
                ciphertext,
                aad: item.aad,
            };
            let opened = one(keys.decrypt(caller, &name, &[item], at(3)).await).expect("opened");
            assert_eq!(*opened.plaintext, expect);
        }
    }
    let other_row = Ciphertext {
        ciphertext: &old.ciphertext,
        aad: b"row 8",
    };
    assert_eq!(
        code(one(keys.decrypt(caller, &name, &[other_row], at(3)).await)),
        "rejected"
    );
}

#[tokio::test]
async fn a_ciphertext_of_one_key_does_not_open_under_another() {
    let service = Service::new();
    service.create("a", Purpose::Encrypt).await;
    service.create("b", Purpose::Encrypt).await;
    let (keys, caller) = (&service.keys, &service.caller);
    let plaintext = Plaintext {
        plaintext: b"x",
        aad: b"",
    };
    let made = one(keys.encrypt(caller, &name("a"), &[plaintext], at(1)).await).expect("encrypted");
    let item = Ciphertext {
        ciphertext: &made.ciphertext,
        aad: b"",
    };
    assert_eq!(
        code(one(keys.decrypt(caller, &name("b"), &[item], at(1)).await)),
        "rejected"
    );
}

#[tokio::test]
async fn a_request_is_one_entry_in_the_log() {
    let service = Service::new();
    service.create("s", Purpose::Sign).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("s"));
    let before = keys.store().head().sequence;
    let long = vec![0; 300];
    let items = [
        message(b"a"),
        Message {
            message: b"b",
            context: &long,
        },
        message(b"c"),
    ];
    let signed = keys.sign(caller, &name, &items, at(1)).await.expect("answers");
    assert!(signed[0].is_ok() && signed[2].is_ok());
    assert_eq!(
        signed[1].as_ref().expect_err("too long a context").code(),
        "invalid"
    );
    assert_eq!(keys.store().head().sequence, before + 1);
    let entry = service.last();
    assert_eq!(entry["event"], "key.sign");
    assert_eq!(entry["outcome"], "done");
    assert_eq!((&entry["count"], &entry["failed"]), (&3.into(), &1.into()));
    assert_eq!((&entry["key"], &entry["version"]), (&"s".into(), &1.into()));
    assert_eq!(entry["principal"], "token:test");
}

#[tokio::test]
async fn refusals_are_in_the_log_too() {
    let service = Service::new();
    service.create("s", Purpose::Sign).await;
    let (keys, caller) = (&service.keys, &service.caller);
    let refused = keys.encapsulate(caller, &name("s"), 1, at(1)).await;
    assert_eq!(code(refused), "not-allowed");
    let entry = service.last();
    assert_eq!(
        (&entry["event"], &entry["outcome"], &entry["reason"]),
        (
            &"key.encapsulate".into(),
            &"refused".into(),
            &"not-allowed".into()
        )
    );
    let missing = keys.sign(caller, &name("missing"), &[message(b"a")], at(1)).await;
    assert_eq!(code(missing), "not-found");
    assert_eq!(service.last()["key"], "missing");
}

#[tokio::test]
async fn a_policy_narrows_what_a_key_is_used_for() {
    let service = Service::new();
    let policy = Policy {
        operations: [Operation::Verify].into_iter().collect(),
        ..Policy::default()
    };
    let new = NewKey {
        policy,
        ..NewKey::for_purpose(Purpose::Sign)
    };
    service.try_create("s", &new).await.expect("created");
    let (keys, caller) = (&service.keys, &service.caller);
    let refused = keys.sign(caller, &name("s"), &[message(b"a")], at(1)).await;
    assert_eq!(code(refused), "not-allowed");
}

#[tokio::test]
async fn a_usage_limit_holds_across_versions_of_the_process() {
    let service = Service::new();
    let policy = Policy {
        usage_limit: Some(5),
        ..Policy::default()
    };
    let new = NewKey {
        policy,
        ..NewKey::for_purpose(Purpose::Mac)
    };
    service.try_create("m", &new).await.expect("created");
    let (caller, name) = (&service.caller, name("m"));
    let mut done = 0;
    // Another service over the same store has nothing of the first one's memory.
    for keys in [
        service.keys.clone(),
        crate::Keys::over(service.keys.store().clone(), service.keys.config().clone()),
    ] {
        for _ in 0..4 {
            done += usize::from(keys.mac(caller, &name, &[b"x"], at(1)).await.is_ok());
        }
    }
    assert_eq!(done, 5);
    assert_eq!(
        code(service.keys.mac(caller, &name, &[b"x"], at(1)).await),
        "limit"
    );
    let rotated = service.keys.rotate(caller, &name, at(2)).await;
    assert_eq!(rotated.expect("rotated").new.state, State::Active);
    assert!(service.keys.mac(caller, &name, &[b"x"], at(2)).await.is_ok());
}

#[tokio::test]
async fn versions_retire_by_minimum_version_and_by_crypto_period() {
    let service = Service::new();
    let policy = Policy {
        crypto_period: Some(std::time::Duration::from_secs(100)),
        ..Policy::default()
    };
    let new = NewKey {
        policy,
        ..NewKey::for_purpose(Purpose::Mac)
    };
    service.try_create("m", &new).await.expect("created");
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    let tag = one(keys.mac(caller, &name, &[b"x"], at(1)).await).expect("tagged");
    let item = Tagged {
        message: b"x",
        tag: &tag.tag,
        version: Some(1),
    };
    keys.rotate(caller, &name, at(50)).await.expect("rotated");
    let verify = async |now| one(keys.mac_verify(caller, &name, &[item], at(now)).await);
    assert!(verify(100).await.expect("within its period"));
    assert_eq!(code(verify(101).await), "retired");
    let settings = crate::change::Settings {
        policy: Some(Policy {
            minimum_version: 2,
            ..Policy::default()
        }),
        ..crate::change::Settings::default()
    };
    keys.configure(caller, &name, &settings, at(60))
        .await
        .expect("configured");
    assert_eq!(code(verify(60).await), "retired");
}

#[tokio::test]
async fn requests_without_items_or_with_too_many_are_refused() {
    let service = Service::new();
    service.create("m", Purpose::Mac).await;
    let (keys, caller, name) = (&service.keys, &service.caller, name("m"));
    assert_eq!(code(keys.mac(caller, &name, &[], at(1)).await), "invalid");
    let many = vec![&b"x"[..]; crate::serve::ITEMS_MAX + 1];
    assert_eq!(code(keys.mac(caller, &name, &many, at(1)).await), "invalid");
}
