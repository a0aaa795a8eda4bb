//! Re-keying: new keys, the same end, and nothing left of the epoch before.
//! What is altered on the way is in `tampering`.

use hybridge_exchange::{HYBRID, RekeyError, SessionError};

use crate::fixture::{NOW, agree_on};

#[test]
fn a_new_epoch_has_new_keys_on_both_sides_and_begins_to_count_again() {
    for suite in HYBRID {
        let (mut client, mut server) = agree_on(suite.name);
        let before = client.export(b"label", b"", 32, NOW).unwrap();
        for epoch in 1..=3 {
            let (rekey, rekeying) = client.rekey(NOW).unwrap();
            let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
            client.rekeyed(&rekeying, answer.as_bytes(), NOW).unwrap();
            assert_eq!((client.epoch(), server.epoch()), (epoch, epoch));
            let sealed = client.seal(b"", b"onwards", NOW).unwrap();
            let opened = server.open(b"", &sealed, NOW).unwrap();
            assert_eq!((opened.epoch, opened.sequence), (epoch, 0));
        }
        let after = client.export(b"label", b"", 32, NOW).unwrap();
        assert_ne!(before, after);
        assert_eq!(after, server.export(b"label", b"", 32, NOW).unwrap());
    }
}

#[test]
fn a_session_lives_no_longer_for_being_rekeyed() {
    let (mut client, mut server) = agree_on("X-Wing");
    let end = client.expires();
    let (rekey, rekeying) = client.rekey(NOW).unwrap();
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    client.rekeyed(&rekeying, answer.as_bytes(), NOW).unwrap();
    assert_eq!((client.expires(), server.expires()), (end, end));
}

#[test]
fn messages_of_the_epoch_before_do_not_open_any_more() {
    let (mut client, mut server) = agree_on("X-Wing");
    let (from_client, from_server) = (
        client.seal(b"", b"old", NOW).unwrap(),
        server.seal(b"", b"old", NOW).unwrap(),
    );
    let (rekey, rekeying) = client.rekey(NOW).unwrap();
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    let refused = server.open(b"", &from_client, NOW);
    assert!(
        matches!(refused, Err(SessionError::Epoch { ours: 1, theirs: 0 })),
        "{refused:?}"
    );
    assert!(
        client.open(b"", &from_server, NOW).is_ok(),
        "the client is still in the old epoch"
    );
    client.rekeyed(&rekeying, answer.as_bytes(), NOW).unwrap();
    assert!(matches!(
        client.open(b"", &from_server, NOW),
        Err(SessionError::Epoch { .. })
    ));
}

#[test]
fn the_same_rekey_again_gets_the_same_answer_and_a_new_one_of_that_epoch_does_not() {
    let (client, mut server) = agree_on("X-Wing");
    let (rekey, _) = client.rekey(NOW).unwrap();
    let (other, _) = client.rekey(NOW).unwrap();
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    let sealed = server.seal(b"", b"after", NOW).unwrap();
    assert_eq!(server.rekey(rekey.as_bytes(), NOW).unwrap(), answer);
    assert_eq!(server.epoch(), 1);
    let refused = server.rekey(other.as_bytes(), NOW);
    assert!(
        matches!(
            refused,
            Err(RekeyError::Epoch {
                expected: 2,
                found: 1
            })
        ),
        "{refused:?}"
    );
    assert_eq!(&sealed[..12], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        server.seal(b"", b"", NOW).unwrap()[11],
        1,
        "the repetition did not reset the numbers"
    );
}

#[test]
fn a_rekey_of_another_session_is_refused_on_both_sides() {
    let (mut client, mut server) = agree_on("X-Wing");
    let (other, mut other_server) = agree_on("X-Wing");
    let (rekey, _) = other.rekey(NOW).unwrap();
    assert!(matches!(
        server.rekey(rekey.as_bytes(), NOW),
        Err(RekeyError::Forged)
    ));
    let (_, rekeying) = client.rekey(NOW).unwrap();
    let answer = other_server.rekey(rekey.as_bytes(), NOW).unwrap();
    let refused = client.rekeyed(&rekeying, answer.as_bytes(), NOW);
    assert!(matches!(refused, Err(RekeyError::Forged)), "{refused:?}");
}

#[test]
fn an_answer_to_an_older_wish_of_the_same_epoch_is_refused() {
    let (mut client, mut server) = agree_on("X-Wing");
    let (rekey, first) = client.rekey(NOW).unwrap();
    let (_, second) = client.rekey(NOW).unwrap();
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    assert!(matches!(
        client.rekeyed(&second, answer.as_bytes(), NOW),
        Err(RekeyError::Forged)
    ));
    client.rekeyed(&first, answer.as_bytes(), NOW).unwrap();
    let again = client.rekeyed(&first, answer.as_bytes(), NOW);
    assert!(matches!(again, Err(RekeyError::Epoch { .. })), "{again:?}");
}
