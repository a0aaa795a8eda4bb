//! Sessions by many at once: they do not wait for each other, and what has ended does nothing any more.
//!
//! They are agreed with the client of the protocol crate; `act` runs under the lock of its session.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hybridge_exchange::client::{Hello, Trust};
use hybridge_exchange::{HYBRID, SessionError, SessionId, Suite};
use tempfile::TempDir;

use super::*;
use crate::exchange::time;
use crate::tests::starts::started;
use crate::tests::{at, code};
use crate::{Caller, KeyName, Keys};

const CALLER: &str = "token:a";
/// Longer than anything here takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

fn caller() -> Caller {
    Caller {
        name: CALLER.to_owned(),
        request: "r1".to_owned(),
        peer: None,
    }
}

/// Everything up to the confirmation, which is returned.
async fn provisional(keys: &Keys) -> (SessionId, Vec<u8>) {
    let suites: Vec<&'static Suite> = HYBRID.iter().collect();
    let (init, pending) = Hello::default().start(time(at(1))).expect("an Init");
    let answered = keys.exchange(&caller(), init.as_bytes(), &suites, at(1)).await;
    let response = answered.expect("a Response");
    let identities = keys.exchange_identities(at(1)).expect("identities");
    let trust = Trust {
        identities: &identities,
        caller: Some(CALLER),
        window: Duration::from_secs(60),
    };
    let finished = pending.finish(&response, &trust, time(at(1)));
    let (confirm, session) = finished.expect("a genuine answer");
    (session.agreed().session, confirm.as_bytes().to_vec())
}

async fn agreed(keys: &Keys) -> SessionId {
    let (id, confirm) = provisional(keys).await;
    let confirmed = keys.exchange_confirm(&caller(), &confirm, at(1)).await;
    confirmed.expect("confirmed");
    id
}

fn seal(keys: &Keys, id: SessionId) -> Result<Vec<u8>, ExchangeError> {
    let act = |session: &mut Session<Server>| session.seal(b"", b"x", time(at(2)));
    keys.inner().sessions.with((CALLER, id), time(at(2)), act)
}

fn seal_some(keys: &Keys, id: SessionId) -> Vec<Vec<u8>> {
    (0..25).map(|_| seal(keys, id).expect("sealed")).collect()
}

/// Seals until that is refused, which it must be once the session was closed; the code of the refusal.
fn use_until_refused(keys: &Keys, id: SessionId, closed: &AtomicBool, sealed: &AtomicUsize) -> &'static str {
    loop {
        let was_closed = closed.load(Ordering::SeqCst);
        let result = seal(keys, id);
        assert!(!was_closed || result.is_err(), "used after it was closed");
        match result {
            Ok(_) => sealed.fetch_add(1, Ordering::SeqCst),
            Err(error) => return error.code(),
        };
    }
}

#[tokio::test]
async fn a_session_at_work_holds_up_no_other_one() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let (slow, other) = (agreed(&keys).await, agreed(&keys).await);
    let (entered, inside) = mpsc::channel();
    let (finish, finished) = mpsc::channel();
    let slow_one = keys.clone();
    let act = move |_session: &mut Session<Server>| {
        entered.send(()).expect("the test waits");
        let told = finished.recv_timeout(PATIENCE);
        told.expect("the other session is not held up");
        Ok::<_, SessionError>(())
    };
    let working = thread::spawn(move || slow_one.inner().sessions.with((CALLER, slow), time(at(2)), act));
    inside.recv_timeout(PATIENCE).expect("it is at work");
    seal(&keys, other).expect("another session");
    let third = agreed(&keys).await;
    assert_eq!(keys.inner().sessions.tidy(time(at(2))), 3, "one at work is kept");
    assert!(keys.inner().sessions.close(CALLER, third));
    finish.send(()).expect("it waits");
    working.join().expect("no panic").expect("its own work");
}

#[tokio::test]
async fn after_a_close_nobody_uses_the_session_any_more() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let id = agreed(&keys).await;
    let (is_closed, sealed) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let users: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| use_until_refused(&keys, id, &is_closed, &sealed)))
            .collect();
        while sealed.load(Ordering::SeqCst) < 100 {
            thread::yield_now();
        }
        assert!(keys.inner().sessions.close(CALLER, id));
        is_closed.store(true, Ordering::SeqCst);
        for user in users {
            assert_eq!(user.join().expect("no panic"), ExchangeError::NoSession.code());
        }
    });
    assert!(!keys.inner().sessions.close(CALLER, id), "there is nothing left");
}

#[tokio::test]
async fn messages_that_many_seal_at_once_have_a_number_each() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let id = agreed(&keys).await;
    let sealed: Vec<Vec<u8>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..8).map(|_| scope.spawn(|| seal_some(&keys, id))).collect();
        let joined = workers.into_iter().map(|worker| worker.join().expect("no panic"));
        joined.flatten().collect()
    });
    let distinct: std::collections::HashSet<_> = sealed.iter().collect();
    assert_eq!((sealed.len(), distinct.len()), (200, 200));
}

#[tokio::test]
async fn of_confirmations_at_once_one_counts() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let (_id, confirm) = provisional(&keys).await;
    let confirmed: Vec<_> = thread::scope(|scope| {
        let attempt = || {
            keys.inner()
                .sessions
                .confirm(CALLER, &confirm, time(at(1)))
                .is_ok()
        };
        let attempts: Vec<_> = (0..8).map(|_| scope.spawn(attempt)).collect();
        attempts
            .into_iter()
            .map(|attempt| attempt.join().expect("no panic"))
            .collect()
    });
    assert_eq!(confirmed.iter().filter(|confirmed| **confirmed).count(), 1);
}

#[tokio::test]
async fn one_caller_does_not_keep_the_others_out() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let sessions = Sessions::new(8, Time::default());
    let enter = async |caller: &str| {
        let (id, _confirm) = provisional(&keys).await;
        let taken = lock(&keys.inner().sessions.all).remove(&id).expect("just made");
        let stage = std::mem::replace(&mut *lock(&taken.stage), Stage::Over);
        match stage {
            Stage::Waits(provisional) => sessions.wait(caller, *provisional, time(at(1))).is_ok(),
            Stage::Agreed(_) | Stage::Over => false,
        }
    };
    for _ in 0..4 {
        assert!(enter("greedy").await, "there is room");
    }
    assert!(!enter("greedy").await, "half of the room is taken");
    assert!(enter("modest").await);
    assert!(enter("modest").await);
    assert!(!enter("modest").await, "a quarter is enough");
    assert!(enter("another").await);
}

#[tokio::test]
async fn a_wrong_confirmation_ends_it() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let (id, mut confirm) = provisional(&keys).await;
    let good = confirm.clone();
    *confirm.last_mut().expect("not empty") ^= 1;
    let sessions = &keys.inner().sessions;
    assert!(sessions.confirm(CALLER, &confirm, time(at(1))).is_err());
    let again = sessions.confirm(CALLER, &good, time(at(1)));
    assert!(matches!(again, Err(ExchangeError::NoSession)), "{again:?}");
    assert!(seal(&keys, id).is_err());
    assert_eq!(sessions.tidy(time(at(1))), 0);
}

#[tokio::test]
async fn sealing_the_service_erases_the_sessions() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let id = agreed(&keys).await;
    let waiting = provisional(&keys).await;
    keys.seal(&caller(), at(2)).await.expect("sealed");
    assert!(matches!(seal(&keys, id), Err(ExchangeError::NoSession)));
    let late = keys.inner().sessions.confirm(CALLER, &waiting.1, time(at(2)));
    assert!(matches!(late, Err(ExchangeError::NoSession)), "{late:?}");
    keys.unseal_with_key_file(&caller(), at(3))
        .await
        .expect("unsealed");
    assert!(matches!(seal(&keys, id), Err(ExchangeError::NoSession)));
}

#[tokio::test]
async fn identities_are_those_of_the_committed_key() {
    let folder = TempDir::new().expect("a folder");
    let keys = started(&folder).await;
    let name = KeyName::internal(crate::start::EXCHANGE);
    let ids = |now| -> Vec<_> {
        let identities = keys.exchange_identities(at(now)).expect("readable");
        identities.iter().map(hybridge_exchange::Identity::id).collect()
    };
    let first = ids(1);
    assert_eq!((first.len(), ids(2)), (1, first.clone()));
    agreed(&keys).await;
    keys.rotate(&caller(), &name, at(10)).await.expect("rotated");
    let both = ids(11);
    assert_eq!((both.len(), both[1]), (2, first[0]));
    // What a session was just agreed with is the new one, although the old key was loaded.
    let identity = keys.identity(None, at(11)).expect("an identity").2;
    assert_eq!(identity.id(), both[0]);
    let compromised = keys.compromise(&caller(), &name, None, at(12)).await;
    compromised.expect("recorded");
    let after = ids(13);
    assert!(
        !after.contains(&both[0]),
        "a compromised identity does not answer"
    );
    assert!(after.contains(&first[0]));
    let refused = keys.identity(Some(both[0]), at(13)).map(drop);
    assert_eq!(
        refused.map_err(|error| error.code()),
        Err("identity_unknown"),
        "{}",
        code(keys.committed(&name).map(drop))
    );
}
