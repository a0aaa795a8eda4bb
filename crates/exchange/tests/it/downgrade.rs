//! Downgrades: nobody between two honest sides gets them to a suite that they would not choose themselves.
//! The attacker strikes, adds and reorders what is offered, and forges the wish for another share.

use std::time::Duration;

use hybridge_exchange::client::{FinishError, Hello};
use hybridge_exchange::message::{Init, Response};
use hybridge_exchange::server::{Exception, Refusal, Terms};
use hybridge_exchange::{CLASSICAL, Encoded, Suite};

use crate::fixture::{NOW, agree, hello_for, hybrid, respond, suite, trust};

fn classical() -> Vec<&'static Suite> {
    CLASSICAL.iter().collect()
}

fn with_exception<'a>(allowed: &'a [&'static Suite], excepted: &'a [&'static Suite]) -> Terms<'a> {
    let exception = Exception {
        name: "legacy-scanner",
        suites: excepted,
        expires: NOW.after(Duration::from_secs(600)),
    };
    Terms {
        exception: Some(exception),
        ..Terms::hybrid(allowed)
    }
}

/// What the client accepts: everything, classical suites as well.
fn reckless() -> Hello {
    Hello {
        suites: Suite::all().collect(),
        shares: vec![suite("X-Wing"), suite("X25519")],
        ..Hello::default()
    }
}

fn altered(init: &Encoded<Init>, change: impl FnOnce(&mut Init)) -> Encoded<Init> {
    let mut said = Init::clone(init);
    change(&mut said);
    Encoded::compose(&said).unwrap()
}

#[test]
fn striking_the_hybrid_suites_from_the_offer_breaks_the_signature() {
    let (init, pending) = reckless().start(NOW).unwrap();
    let stripped = altered(&init, |said| {
        said.suites
            .retain(|code| Suite::by_code(*code).is_some_and(|suite| !suite.is_hybrid()));
        said.shares.retain(|share| share.kem == suite("X25519").code.kem);
    });
    let classical = classical();
    let (response, _) = respond(stripped.as_bytes(), &with_exception(hybrid(), &classical)).unwrap();
    let refused = pending.finish(response.as_bytes(), &trust(), NOW);
    assert!(matches!(refused, Err(FinishError::Signature(_))), "{refused:?}");
}

#[test]
fn striking_a_share_changes_nothing_of_the_choice() {
    let (init, _) = reckless().start(NOW).unwrap();
    let stripped = altered(&init, |said| {
        said.shares.retain(|share| share.kem == suite("X25519").code.kem);
    });
    let classical = classical();
    let refused = respond(stripped.as_bytes(), &with_exception(hybrid(), &classical));
    let Err(Refusal::ShareRequired { suite }) = refused else {
        panic!("{refused:?}");
    };
    assert!(suite.is_hybrid());
}

#[test]
fn reordering_the_offer_breaks_the_signature() {
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let reordered = altered(&init, |said| said.suites.swap(0, 1));
    let (response, _) = respond(reordered.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
    let refused = pending.finish(response.as_bytes(), &trust(), NOW);
    assert!(matches!(refused, Err(FinishError::Signature(_))), "{refused:?}");
}

#[test]
fn a_wish_for_a_share_leads_to_the_suite_that_the_lists_give() {
    let wanted = suite("MLKEM1024-P384");
    let allowed = [wanted];
    let first = Hello::default();
    let (init, _) = first.start(NOW).unwrap();
    let refused = respond(init.as_bytes(), &Terms::hybrid(&allowed));
    assert!(
        matches!(refused, Err(Refusal::ShareRequired { suite }) if suite == wanted),
        "{refused:?}"
    );
    let second = Hello {
        shares: vec![wanted],
        ..first
    };
    let (client, server) = agree(&second, &Terms::hybrid(&allowed));
    assert_eq!((client.agreed().suite, server.agreed().suite), (wanted, wanted));
}

#[test]
fn a_forged_wish_for_a_weaker_share_ends_in_a_refusal_and_not_in_the_weaker_suite() {
    let hello = Hello {
        shares: vec![suite("X25519")],
        ..reckless()
    };
    let (init, _) = hello.start(NOW).unwrap();
    let classical = classical();
    let refused = respond(init.as_bytes(), &with_exception(hybrid(), &classical));
    assert!(
        matches!(refused, Err(Refusal::ShareRequired { suite }) if suite.is_hybrid()),
        "{refused:?}"
    );
}

#[test]
fn without_an_exception_a_classical_client_is_refused_and_told_what_would_do() {
    for classical in CLASSICAL {
        let (init, _) = hello_for(classical.name).start(NOW).unwrap();
        let refused = respond(init.as_bytes(), &Terms::hybrid(hybrid()));
        let Err(Refusal::NoSuite { allowed }) = refused else {
            panic!("{classical}: {refused:?}");
        };
        assert_eq!(allowed, hybrid());
    }
}

#[test]
fn under_an_exception_a_classical_session_names_it_and_ends_with_it() {
    let classical = classical();
    let terms = with_exception(hybrid(), &classical);
    for suite in CLASSICAL {
        let (client, server) = agree(&hello_for(suite.name), &terms);
        assert_eq!(client.agreed(), server.agreed());
        assert_eq!(client.agreed().exception, "legacy-scanner");
        assert_eq!(client.expires(), NOW.after(Duration::from_secs(600)));
    }
    let (client, _) = agree(&Hello::default(), &terms);
    assert_eq!(client.agreed().exception, "", "a hybrid session needs none");
}

#[test]
fn an_exception_that_has_ended_allows_nothing() {
    let classical = classical();
    let mut terms = with_exception(hybrid(), &classical);
    if let Some(exception) = &mut terms.exception {
        exception.expires = NOW;
    }
    let (init, _) = hello_for("X25519").start(NOW).unwrap();
    assert!(matches!(
        respond(init.as_bytes(), &terms),
        Err(Refusal::NoSuite { .. })
    ));
}

#[test]
fn suites_that_the_server_does_not_know_are_skipped_and_still_signed() {
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let (response, _) = respond(init.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
    assert!(pending.finish(response.as_bytes(), &trust(), NOW).is_ok());
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let longer = altered(&init, |said| {
        let unknown = hybridge_exchange::Code {
            kem: 0x7777,
            ..said.suites[0]
        };
        said.suites.insert(0, unknown);
    });
    let (response, _) = respond(longer.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
    let parsed = Encoded::<Response>::parse(response.as_bytes()).unwrap();
    assert!(!parsed.signature.is_empty());
    assert!(matches!(
        pending.finish(response.as_bytes(), &trust(), NOW),
        Err(FinishError::Signature(_))
    ));
}
