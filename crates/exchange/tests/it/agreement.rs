//! What two honest sides agree on, and who is refused before anything is agreed.
//! Facts, keys, freshness, identity and names; what an attacker alters is in `tampering`.

use hybridge_crypto::{Algorithm, kem, sign};
use hybridge_exchange::client::{FinishError, Hello, Pending, StartError, Trust};
use hybridge_exchange::server::{Answering, Chosen, ConfirmError, Refusal, Terms};
use hybridge_exchange::{HYBRID, Identity, IdentityError, KeyId, ReplayCache, ReplayError, Suite, Time};

use crate::fixture::{
    CALLER, NOW, Repeatable, WINDOW, agree_on, hybrid, identity_key, new_identity, replay, respond,
    respond_to, trust, trusted,
};

#[test]
fn both_sides_agree_on_the_same_facts_and_keys_under_every_hybrid_suite() {
    for suite in HYBRID {
        let (mut client, mut server) = agree_on(suite.name);
        assert_eq!(client.agreed(), server.agreed(), "{suite}");
        assert_eq!(client.agreed().suite, suite);
        assert_eq!(client.agreed().caller, CALLER);
        assert_eq!(client.agreed().identity, trusted()[0].id());
        assert_eq!(client.expires(), NOW.after(Terms::hybrid(&[]).lifetime));
        let sealed = client.seal(b"aad", b"to the server", NOW).unwrap();
        assert_eq!(
            *server.open(b"aad", &sealed, NOW).unwrap().plaintext,
            b"to the server"
        );
        let sealed = server.seal(b"aad", b"to the client", NOW).unwrap();
        assert_eq!(
            *client.open(b"aad", &sealed, NOW).unwrap().plaintext,
            b"to the client"
        );
    }
}

#[test]
fn the_suites_kem_code_points_are_those_of_hpke() {
    for suite in Suite::all() {
        assert_eq!(kem::hpke_id(suite.kem()), Some(suite.code.kem), "{suite}");
    }
}

#[test]
fn a_larger_composite_can_be_the_identity_and_another_family_cannot() {
    let key = new_identity("MLDSA87-ECDSA-P384-SHA512");
    let identity = Identity::of(&key).unwrap();
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let answering = Answering {
        identity: &key,
        caller: CALLER,
        context: b"",
    };
    let terms = Terms::hybrid(hybrid());
    let (response, _) =
        hybridge_exchange::server::respond(init.as_bytes(), &terms, &mut replay(), &answering, NOW).unwrap();
    let trust = Trust {
        identities: &[identity],
        ..trust()
    };
    assert!(pending.finish(response.as_bytes(), &trust, NOW).is_ok());

    for name in ["ML-DSA-65", "Ed25519"] {
        let key = sign::PrivateKey::generate(Algorithm::by_name(name).unwrap()).unwrap();
        assert!(
            matches!(Identity::of(&key), Err(IdentityError::NotComposite { .. })),
            "{name}"
        );
    }
}

#[test]
fn an_identity_reads_back_from_its_spki_and_the_id_is_its_hash() {
    let identity = &trusted()[0];
    let spki =
        hybridge_crypto::encoding::public_to_spki(identity.algorithm(), identity.public_key()).unwrap();
    assert_eq!(&Identity::from_spki(&spki).unwrap(), identity);
    assert_eq!(identity.id(), KeyId(hybridge_crypto::digest::sha256(&spki)));
}

#[test]
fn an_answer_of_an_untrusted_or_of_another_identity_is_refused() {
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let (response, _) = respond(init.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
    let other = Identity::of(&new_identity("MLDSA65-Ed25519-SHA512")).unwrap();
    let trust = Trust {
        identities: std::slice::from_ref(&other),
        ..trust()
    };
    let refused = pending.finish(response.as_bytes(), &trust, NOW);
    assert!(
        matches!(refused, Err(FinishError::Identity { .. })),
        "{refused:?}"
    );

    let hello = Hello {
        identity: Some(other.id()),
        ..Hello::default()
    };
    let (init, _) = hello.start(NOW).unwrap();
    let refused = respond(init.as_bytes(), &Terms::hybrid(hybrid()));
    assert!(matches!(refused, Err(Refusal::Identity)), "{refused:?}");
}

#[test]
fn a_signature_by_another_key_under_the_trusted_id_is_refused() {
    let repeatable = Repeatable::new("X-Wing");
    let terms = Terms::hybrid(hybrid());
    let chosen = Chosen::choose(repeatable.init.as_bytes(), &terms, NOW).unwrap();
    let admitted = chosen.admit(&mut replay()).unwrap();
    let prepared = admitted.answer(&trusted()[0], CALLER, b"").unwrap();
    let impostor = new_identity("MLDSA65-Ed25519-SHA512");
    let (response, _) = prepared.sign(&impostor).unwrap();
    let refused = repeatable.pending().finish(response.as_bytes(), &trust(), NOW);
    assert!(matches!(refused, Err(FinishError::Signature(_))), "{refused:?}");
}

#[test]
fn a_signature_made_elsewhere_is_taken_only_if_it_holds() {
    let prepare = || {
        let (init, pending) = Hello::default().start(NOW).unwrap();
        let chosen = Chosen::choose(init.as_bytes(), &Terms::hybrid(hybrid()), NOW).unwrap();
        let admitted = chosen.admit(&mut replay()).unwrap();
        (admitted.answer(&trusted()[0], CALLER, b"").unwrap(), pending)
    };
    let (prepared, pending) = prepare();
    let (message, context) = prepared.to_be_signed();
    let signature = identity_key().sign(&message, context).unwrap();
    let (response, _) = prepared.signed(signature.clone()).unwrap();
    assert!(pending.finish(response.as_bytes(), &trust(), NOW).is_ok());
    let (prepared, _) = prepare();
    assert!(matches!(prepared.signed(signature), Err(Refusal::Crypto(_))));
}

#[test]
fn a_forwarded_init_is_noticed_by_the_name_of_the_caller() {
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let answering = Answering {
        identity: identity_key(),
        caller: "token:mallory",
        context: b"",
    };
    let terms = Terms::hybrid(hybrid());
    let (response, _) =
        hybridge_exchange::server::respond(init.as_bytes(), &terms, &mut replay(), &answering, NOW).unwrap();
    let refused = pending.finish(response.as_bytes(), &trust(), NOW);
    assert!(matches!(refused, Err(FinishError::Caller { .. })), "{refused:?}");
}

#[test]
fn an_answer_to_another_init_is_refused() {
    let (init, _) = Hello::default().start(NOW).unwrap();
    let (_, pending) = Hello::default().start(NOW).unwrap();
    let (response, _) = respond(init.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
    let refused = pending.finish(response.as_bytes(), &trust(), NOW);
    assert!(matches!(refused, Err(FinishError::Signature(_))), "{refused:?}");
}

#[test]
fn an_init_is_fresh_within_the_window_either_way_and_stale_beyond() {
    let (init, _) = Hello::default().start(NOW).unwrap();
    let terms = Terms::hybrid(hybrid());
    let millisecond = std::time::Duration::from_millis(1);
    for fresh in [NOW.after(WINDOW), NOW.before(WINDOW)] {
        assert!(respond_to(init.as_bytes(), &terms, &mut replay(), fresh).is_ok());
    }
    for stale in [NOW.after(WINDOW + millisecond), NOW.before(WINDOW + millisecond)] {
        let refused = respond_to(init.as_bytes(), &terms, &mut replay(), stale);
        assert!(matches!(refused, Err(Refusal::Stale { .. })), "{refused:?}");
    }
}

#[test]
fn an_init_is_answered_once_and_its_nonce_never_again() {
    let mut cache = replay();
    let terms = Terms::hybrid(hybrid());
    let (init, _) = Hello::default().start(NOW).unwrap();
    assert!(respond_to(init.as_bytes(), &terms, &mut cache, NOW).is_ok());
    let again = respond_to(init.as_bytes(), &terms, &mut cache, NOW);
    assert!(
        matches!(again, Err(Refusal::Replay(ReplayError::Seen))),
        "{again:?}"
    );
    let mut reused = Hello::default().start(NOW).unwrap().0.as_bytes().to_vec();
    reused[6..38].copy_from_slice(&init.nonce);
    let again = respond_to(&reused, &terms, &mut cache, NOW.after(WINDOW));
    assert!(
        matches!(again, Err(Refusal::Replay(ReplayError::Seen))),
        "{again:?}"
    );
}

#[test]
fn a_server_that_cannot_remember_another_nonce_refuses() {
    let mut cache = ReplayCache::new(0, Time(0));
    let (init, _) = Hello::default().start(NOW).unwrap();
    let refused = respond_to(init.as_bytes(), &Terms::hybrid(hybrid()), &mut cache, NOW);
    assert!(
        matches!(refused, Err(Refusal::Replay(ReplayError::Full))),
        "{refused:?}"
    );
}

#[test]
fn an_answer_and_a_confirmation_that_come_late_are_refused() {
    let repeatable = Repeatable::new("X-Wing");
    let (response, provisional) = respond(repeatable.init.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
    let late = NOW.after(WINDOW + std::time::Duration::from_millis(1));
    let refused = repeatable.pending().finish(response.as_bytes(), &trust(), late);
    assert!(matches!(refused, Err(FinishError::Late)), "{refused:?}");
    let (confirm, _) = repeatable
        .pending()
        .finish(response.as_bytes(), &trust(), NOW)
        .unwrap();
    assert_eq!(provisional.until(), NOW.after(WINDOW));
    let refused = provisional.confirm(confirm.as_bytes(), NOW.after(WINDOW));
    assert!(matches!(refused, Err(ConfirmError::Late)), "{refused:?}");
}

#[test]
fn a_confirmation_of_another_session_is_refused() {
    let terms = Terms::hybrid(hybrid());
    let first = Repeatable::new("X-Wing");
    let (_, provisional) = respond(first.init.as_bytes(), &terms).unwrap();
    let (response, _) = respond(first.init.as_bytes(), &terms).unwrap();
    let (confirm, _) = first
        .pending()
        .finish(response.as_bytes(), &trust(), NOW)
        .unwrap();
    let refused = provisional.confirm(confirm.as_bytes(), NOW);
    assert!(matches!(refused, Err(ConfirmError::Refused)), "{refused:?}");
}

#[test]
fn a_share_that_is_no_public_key_is_refused() {
    let hello = Hello::default();
    let (init, _) = hello.start(NOW).unwrap();
    let start = init.as_bytes().len() - 1216 - 3;
    let mut high = init.as_bytes().to_vec();
    high[start..start + 1184].fill(0xff);
    let refused = respond(&high, &Terms::hybrid(hybrid()));
    assert!(
        matches!(refused, Err(Refusal::Share(_))),
        "coefficients above the modulus: {refused:?}"
    );
    let mut low = init.as_bytes().to_vec();
    low[start + 1184..start + 1216].fill(0);
    let refused = respond(&low, &Terms::hybrid(hybrid()));
    assert!(
        matches!(refused, Err(Refusal::Share(_))),
        "a point of low order: {refused:?}"
    );
}

#[test]
fn what_cannot_be_offered_is_refused_at_the_start() {
    let suite = &HYBRID[0];
    let offers = [
        Hello {
            suites: vec![],
            shares: vec![],
            ..Hello::default()
        },
        Hello {
            suites: vec![suite, suite],
            ..Hello::default()
        },
        Hello {
            shares: vec![],
            ..Hello::default()
        },
        Hello {
            shares: vec![suite, suite],
            ..Hello::default()
        },
        Hello {
            suites: vec![suite],
            shares: vec![&HYBRID[2]],
            ..Hello::default()
        },
        Hello {
            context: vec![0; 1025],
            ..Hello::default()
        },
    ];
    for hello in offers {
        let refused = hello.start(NOW);
        assert!(matches!(refused, Err(StartError::Offer(_))), "{hello:?}");
    }
}

#[test]
fn keys_that_are_not_those_of_the_shares_do_not_continue_an_exchange() {
    let init = Repeatable::new("X-Wing").init;
    let other = kem::PrivateKey::generate(HYBRID[0].kem()).unwrap();
    assert!(matches!(
        Pending::from_parts(init.clone(), vec![other]),
        Err(StartError::Keys)
    ));
    assert!(matches!(Pending::from_parts(init, vec![]), Err(StartError::Keys)));
}

#[test]
fn nothing_secret_is_printed() {
    let (client, server) = agree_on("X-Wing");
    for text in [format!("{client:?}"), format!("{server:?}")] {
        assert!(text.ends_with("<redacted>)"), "{text}");
    }
}
