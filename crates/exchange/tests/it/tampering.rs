//! Every byte of every message, altered one at a time: nothing is agreed, opened or begun.
//! One bit of each byte, each prefix, and one byte too many.

use hybridge_exchange::server::Terms;
use hybridge_exchange::{HYBRID, Session, Side, Time};

use crate::fixture::{NOW, Repeatable, agree_on, each_cut, each_flipped, hybrid, respond, trust};

#[test]
fn any_altered_byte_of_an_init_ends_the_exchange() {
    let repeatable = Repeatable::new("X-Wing");
    let terms = Terms::hybrid(hybrid());
    let mut answered = 0;
    for (at, altered) in each_flipped(repeatable.init.as_bytes()) {
        let Ok((response, _)) = respond(&altered, &terms) else {
            continue;
        };
        answered += 1;
        let finished = repeatable.pending().finish(response.as_bytes(), &trust(), NOW);
        assert!(finished.is_err(), "byte {at} of the Init was altered unnoticed");
    }
    assert!(
        answered > 1000,
        "the server answered only {answered} altered Inits, so little was tried"
    );
}

#[test]
fn any_altered_byte_of_a_response_ends_the_exchange() {
    for suite in [&HYBRID[0], &HYBRID[2]] {
        let repeatable = Repeatable::new(suite.name);
        let (response, _) = respond(repeatable.init.as_bytes(), &Terms::hybrid(hybrid())).unwrap();
        assert!(
            repeatable
                .pending()
                .finish(response.as_bytes(), &trust(), NOW)
                .is_ok()
        );
        for (at, altered) in each_flipped(response.as_bytes()) {
            let finished = repeatable.pending().finish(&altered, &trust(), NOW);
            assert!(
                finished.is_err(),
                "{suite}: byte {at} of the Response was altered unnoticed"
            );
        }
    }
}

#[test]
fn any_altered_byte_of_a_confirmation_is_refused() {
    let repeatable = Repeatable::new("X-Wing");
    let terms = Terms::hybrid(hybrid());
    let exchange = || {
        let (response, provisional) = respond(repeatable.init.as_bytes(), &terms).unwrap();
        let (confirm, _) = repeatable
            .pending()
            .finish(response.as_bytes(), &trust(), NOW)
            .unwrap();
        (confirm, provisional)
    };
    let (confirm, provisional) = exchange();
    let length = confirm.as_bytes().len();
    assert!(provisional.confirm(confirm.as_bytes(), NOW).is_ok());
    for at in 0..length {
        let (confirm, provisional) = exchange();
        let mut altered = confirm.as_bytes().to_vec();
        altered[at] ^= 1 << (at % 8);
        assert!(provisional.confirm(&altered, NOW).is_err(), "byte {at}");
    }
}

#[test]
fn any_altered_byte_of_a_rekey_or_its_answer_is_refused_and_changes_nothing() {
    let (mut client, mut server) = agree_on("X-Wing");
    let (rekey, rekeying) = client.rekey(NOW).unwrap();
    for (at, altered) in each_flipped(rekey.as_bytes()) {
        assert!(server.rekey(&altered, NOW).is_err(), "byte {at} of the Rekey");
    }
    assert_eq!(server.epoch(), 0);
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    for (at, altered) in each_flipped(answer.as_bytes()) {
        assert!(
            client.rekeyed(&rekeying, &altered, NOW).is_err(),
            "byte {at} of the Rekeyed"
        );
    }
    assert_eq!(client.epoch(), 0);
    client.rekeyed(&rekeying, answer.as_bytes(), NOW).unwrap();
    assert_opens(&mut client, &mut server);
}

#[test]
fn any_altered_byte_of_a_sealed_message_or_its_associated_data_is_refused() {
    for suite in &HYBRID[..2] {
        let (mut client, mut server) = agree_on(suite.name);
        let sealed = client.seal(b"associated", b"a secret", NOW).unwrap();
        for (at, altered) in each_flipped(&sealed) {
            assert!(
                server.open(b"associated", &altered, NOW).is_err(),
                "{suite}: byte {at}"
            );
        }
        for (at, altered) in each_flipped(b"associated") {
            assert!(server.open(&altered, &sealed, NOW).is_err(), "{suite}: byte {at}");
        }
        assert!(server.open(b"associated", &sealed, NOW).is_ok());
    }
}

#[test]
fn messages_that_were_cut_or_made_longer_are_refused() {
    let repeatable = Repeatable::new("X-Wing");
    let terms = Terms::hybrid(hybrid());
    for cut in each_cut(repeatable.init.as_bytes()) {
        assert!(respond(&cut, &terms).is_err(), "an Init of {} bytes", cut.len());
    }
    let (response, _) = respond(repeatable.init.as_bytes(), &terms).unwrap();
    for cut in each_cut(response.as_bytes()) {
        let finished = repeatable.pending().finish(&cut, &trust(), NOW);
        assert!(finished.is_err(), "a Response of {} bytes", cut.len());
    }
    let (mut client, mut server) = agree_on("X-Wing");
    let sealed = client.seal(b"", b"a secret", NOW).unwrap();
    for cut in each_cut(&sealed) {
        assert!(
            server.open(b"", &cut, NOW).is_err(),
            "a sealed message of {} bytes",
            cut.len()
        );
    }
    let (rekey, _) = client.rekey(NOW).unwrap();
    for cut in each_cut(rekey.as_bytes()) {
        assert!(server.rekey(&cut, NOW).is_err(), "a Rekey of {} bytes", cut.len());
    }
}

fn assert_opens<A: Side, B: Side>(from: &mut Session<A>, to: &mut Session<B>) {
    let at: Time = NOW;
    let sealed = from.seal(b"", b"still here", at).unwrap();
    assert_eq!(*to.open(b"", &sealed, at).unwrap().plaintext, b"still here");
}
