//! Sessions in use: order, replay, direction, expiry, and exported keys.
//! Limits that no test can reach by use are tested inside the crate.

use std::cell::RefCell;

use hybridge_exchange::{Session, SessionError, SessionId, Side, limits};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::fixture::{NOW, agree_on};

#[test]
fn a_message_opens_once() {
    let (mut client, mut server) = agree_on("X-Wing");
    let sealed = client.seal(b"", b"once", NOW).unwrap();
    assert!(server.open(b"", &sealed, NOW).is_ok());
    let again = server.open(b"", &sealed, NOW);
    assert!(
        matches!(again, Err(SessionError::Replayed { sequence: 0 })),
        "{again:?}"
    );
}

#[test]
fn messages_open_out_of_order_within_the_window_and_not_beyond() {
    let (mut client, mut server) = agree_on("X-Wing");
    let sealed: Vec<_> = (0..66).map(|_| client.seal(b"", b"", NOW).unwrap()).collect();
    assert_eq!(server.open(b"", &sealed[65], NOW).unwrap().sequence, 65);
    assert_eq!(server.open(b"", &sealed[2], NOW).unwrap().sequence, 2);
    let old = server.open(b"", &sealed[1], NOW);
    assert!(
        matches!(old, Err(SessionError::Replayed { sequence: 1 })),
        "{old:?}"
    );
}

#[test]
fn a_message_sent_back_to_its_sender_does_not_open() {
    let (mut client, _) = agree_on("X-Wing");
    let sealed = client.seal(b"", b"echo", NOW).unwrap();
    assert!(matches!(
        client.open(b"", &sealed, NOW),
        Err(SessionError::Forged)
    ));
}

#[test]
fn a_message_of_another_session_does_not_open() {
    let (mut client, _) = agree_on("X-Wing");
    let (_, mut other) = agree_on("X-Wing");
    let sealed = client.seal(b"", b"astray", NOW).unwrap();
    assert!(matches!(other.open(b"", &sealed, NOW), Err(SessionError::Forged)));
}

#[test]
fn an_expired_session_does_nothing() {
    let (mut client, mut server) = agree_on("X-Wing");
    let sealed = client.seal(b"", b"late", NOW).unwrap();
    let (rekey, rekeying) = client.rekey(NOW).unwrap();
    let end = client.expires();
    assert!(matches!(
        client.seal(b"", b"", end),
        Err(SessionError::Expired { .. })
    ));
    assert!(matches!(
        server.open(b"", &sealed, end),
        Err(SessionError::Expired { .. })
    ));
    assert!(matches!(
        client.export(b"label", b"", 32, end),
        Err(SessionError::Expired { .. })
    ));
    assert!(client.rekey(end).is_err());
    assert!(server.rekey(rekey.as_bytes(), end).is_err());
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    assert!(client.rekeyed(&rekeying, answer.as_bytes(), end).is_err());
}

#[test]
fn both_sides_export_the_same_and_other_arguments_give_other_keys() {
    let (client, server) = agree_on("MLKEM1024-P384");
    let export = |label: &str, context: &str, length| {
        let ours = client
            .export(label.as_bytes(), context.as_bytes(), length, NOW)
            .unwrap();
        let theirs = server
            .export(label.as_bytes(), context.as_bytes(), length, NOW)
            .unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), length);
        ours
    };
    let exported = [
        export("a", "", 32),
        export("b", "", 32),
        export("a", "b", 32),
        export("ab", "", 32),
        export("a", "", 48)[..32].to_vec().into(),
    ];
    for (index, one) in exported.iter().enumerate() {
        assert!(
            exported[index + 1..].iter().all(|other| other != one),
            "export {index}"
        );
    }
    let (other, _) = agree_on("MLKEM1024-P384");
    assert_ne!(other.export(b"a", b"", 32, NOW).unwrap(), exported[0]);
}

#[test]
fn exports_that_are_too_long_or_have_no_proper_label_are_refused() {
    let (client, _) = agree_on("X-Wing");
    assert!(client.export(&[b'l'; 245], &[0; 5000], 255 * 32, NOW).is_ok());
    assert!(matches!(
        client.export(b"l", b"", 255 * 32 + 1, NOW),
        Err(SessionError::TooLong { .. })
    ));
    assert!(matches!(
        client.export(b"", b"", 32, NOW),
        Err(SessionError::Label { .. })
    ));
    assert!(matches!(
        client.export(&[b'l'; 246], b"", 32, NOW),
        Err(SessionError::Label { .. })
    ));
}

#[test]
fn a_plaintext_beyond_the_limit_is_refused_and_uses_up_no_number() {
    let (mut client, mut server) = agree_on("X-Wing");
    let long = vec![0; limits::MESSAGE_LEN_MAX + 1];
    assert!(matches!(
        client.seal(b"", &long, NOW),
        Err(SessionError::TooLong { .. })
    ));
    let sealed = client.seal(b"", &long[1..], NOW).unwrap();
    assert_eq!(server.open(b"", &sealed, NOW).unwrap().sequence, 0);
}

#[test]
fn the_name_of_a_session_reads_back_and_has_one_spelling() {
    let id = SessionId([0xab; 16]);
    assert_eq!(SessionId::parse(&id.to_string()), Some(id));
    assert_eq!(SessionId::parse(&id.to_string().to_uppercase()), None);
    assert_eq!(SessionId::parse("+b"), None);
    assert_eq!(SessionId::parse(&format!("+{}", "a".repeat(31))), None);
}

fn check_both_ways<A: Side, B: Side>(
    from: &mut Session<A>,
    to: &mut Session<B>,
    aad: &[u8],
    plaintext: &[u8],
) {
    let sealed = from.seal(aad, plaintext, NOW).unwrap();
    assert_eq!(sealed.len(), plaintext.len() + 28);
    assert_eq!(*to.open(aad, &sealed, NOW).unwrap().plaintext, plaintext);
}

#[test]
fn whatever_is_sealed_opens_on_the_other_side() {
    let ends = RefCell::new(agree_on("X-Wing/HKDF-SHA-256/ChaCha20-Poly1305"));
    let bytes = || proptest::collection::vec(any::<u8>(), 0..500);
    TestRunner::deterministic()
        .run(&(bytes(), bytes()), |(aad, plaintext)| {
            let (client, server) = &mut *ends.borrow_mut();
            check_both_ways(client, server, &aad, &plaintext);
            check_both_ways(server, client, &plaintext, &aad);
            Ok(())
        })
        .unwrap();
    let (mut client, mut server) = ends.into_inner();
    for length in [0, 1, 15, 16, 17, 4096, 65_537] {
        let message = vec![0x5a; length];
        check_both_ways(&mut client, &mut server, &message, &message);
        check_both_ways(&mut server, &mut client, b"", &message);
    }
}

#[test]
fn bytes_from_nowhere_never_open_and_never_panic() {
    let (_, server) = agree_on("X-Wing");
    let server = RefCell::new(server);
    TestRunner::deterministic()
        .run(&proptest::collection::vec(any::<u8>(), 0..200), |mut bytes| {
            prop_assert!(server.borrow_mut().open(b"", &bytes, NOW).is_err());
            if bytes.len() > 4 {
                bytes[..4].fill(0);
            }
            prop_assert!(server.borrow_mut().open(b"", &bytes, NOW).is_err());
            Ok(())
        })
        .unwrap();
}
