//! What the trusted server itself might say wrongly: signed, and refused all the same.
//!
//! The answers are signed by the trusted key; their confirmation is never reached.

use hybridge_exchange::client::{FinishError, Hello, Pending, Trust};
use hybridge_exchange::message::{Answer, Init, Response};
use hybridge_exchange::{Code, Encoded, HYBRID, Identity, SessionId, Time};

use crate::fixture::{CALLER, NOW, identity_key, new_identity, suite, trust, trusted};

/// An honest answer's facts, with a ciphertext of the right length and no meaning.
fn answer() -> Answer {
    Answer {
        session: SessionId([1; 16]),
        nonce: [2; 32],
        time: NOW,
        expires: Time(NOW.0 + 1),
        suite: HYBRID[0].code,
        ciphertext: vec![9; 1120],
        identity: trusted()[0].id(),
        caller: CALLER.to_owned(),
        exception: String::new(),
        context: Vec::new(),
    }
}

/// What the client makes of this answer, signed as docs/key-exchange.md says.
fn finish(init: &Encoded<Init>, pending: Pending, answer: &Answer, trust: &Trust<'_>) -> FinishError {
    let answer = Encoded::compose(answer).unwrap();
    let mut message = Vec::new();
    for part in [init.as_bytes(), answer.as_bytes()] {
        message.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        message.extend_from_slice(part);
    }
    let response = Response {
        answer: answer.as_bytes().to_vec(),
        signature: identity_key()
            .sign(&message, b"hybridge-exchange-v1 server")
            .unwrap(),
        confirmation: vec![0; 32],
    };
    let response = Encoded::compose(&response).unwrap();
    pending.finish(response.as_bytes(), trust, NOW).unwrap_err()
}

fn check(change: impl FnOnce(&mut Answer)) -> FinishError {
    let hello = Hello {
        suites: vec![suite("X-Wing"), suite("MLKEM1024-P384"), suite("X25519")],
        shares: vec![suite("X-Wing"), suite("X25519")],
        ..Hello::default()
    };
    let (init, pending) = hello.start(NOW).unwrap();
    let mut said = answer();
    change(&mut said);
    finish(&init, pending, &said, &trust())
}

#[test]
fn an_answer_that_says_nothing_wrong_gets_as_far_as_the_confirmation() {
    let refused = check(|_said| {});
    assert!(
        matches!(refused, FinishError::Confirmation(_) | FinishError::Crypto(_)),
        "{refused:?}"
    );
}

#[test]
fn a_suite_that_was_not_offered_is_unknown_or_has_no_share_is_refused() {
    let unoffered = suite("X-Wing/HKDF-SHA-256/ChaCha20-Poly1305").code;
    let unknown = Code {
        aead: 0x7777,
        ..unoffered
    };
    for code in [unoffered, unknown, suite("MLKEM1024-P384").code] {
        let refused = check(|said| said.suite = code);
        assert!(matches!(refused, FinishError::Suite), "{code}: {refused:?}");
    }
}

#[test]
fn a_classical_suite_without_an_exception_and_a_hybrid_one_with_it_are_refused() {
    let refused = check(|said| said.suite = suite("X25519").code);
    assert!(matches!(refused, FinishError::Exception), "{refused:?}");
    let refused = check(|said| said.exception = "why".to_owned());
    assert!(matches!(refused, FinishError::Exception), "{refused:?}");
}

#[test]
fn a_session_that_is_over_before_it_begins_is_refused() {
    let refused = check(|said| said.expires = NOW);
    assert!(matches!(refused, FinishError::Expired), "{refused:?}");
}

#[test]
fn a_trusted_identity_that_is_not_the_one_asked_for_is_refused() {
    let other = Identity::of(&new_identity("MLDSA65-Ed25519-SHA512")).unwrap();
    let hello = Hello {
        identity: Some(other.id()),
        ..Hello::default()
    };
    let (init, pending) = hello.start(NOW).unwrap();
    let identities = [trusted()[0].clone(), other];
    let trust = Trust {
        identities: &identities,
        ..trust()
    };
    let refused = finish(&init, pending, &answer(), &trust);
    assert!(matches!(refused, FinishError::Identity { .. }), "{refused:?}");
}
