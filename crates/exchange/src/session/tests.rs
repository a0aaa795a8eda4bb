//! What a session refuses, from inside: limits that no test could reach by use.
//! They set the counters of an epoch close to their end.

use super::{Client, Server, Session, SessionError, limits};
use crate::client::{Hello, Trust};
use crate::server::{self, Answering, Terms};
use crate::{HYBRID, Identity, ReplayCache, Suite, Time};

const NOW: Time = Time(1_800_000_000_000);

fn agreed() -> (Session<Client>, Session<Server>) {
    let algorithm = hybridge_crypto::Algorithm::by_name("MLDSA65-Ed25519-SHA512").unwrap();
    let key = hybridge_crypto::sign::PrivateKey::generate(algorithm).unwrap();
    let (init, pending) = Hello::default().start(NOW).unwrap();
    let allowed: Vec<&Suite> = HYBRID.iter().collect();
    let answering = Answering {
        identity: &key,
        caller: "",
        context: b"",
    };
    let mut replay = ReplayCache::new(1, NOW);
    let terms = Terms::hybrid(&allowed);
    let (response, provisional) =
        server::respond(init.as_bytes(), &terms, &mut replay, &answering, NOW).unwrap();
    let trust = Trust {
        identities: &[Identity::of(&key).unwrap()],
        caller: None,
        window: server::WINDOW,
    };
    let (confirm, client) = pending.finish(response.as_bytes(), &trust, NOW).unwrap();
    (client, provisional.confirm(confirm.as_bytes(), NOW).unwrap())
}

fn exhausted<T: std::fmt::Debug>(result: Result<T, SessionError>) -> bool {
    matches!(result, Err(SessionError::Exhausted))
}

#[test]
fn the_last_message_of_an_epoch_passes_and_the_next_is_refused_until_a_rekey() {
    let (mut client, mut server) = agreed();
    client.epoch.send.next = limits::MESSAGES_MAX - 1;
    let last = client.seal(b"", b"last", NOW).unwrap();
    assert_eq!(
        server.open(b"", &last, NOW).unwrap().sequence,
        limits::MESSAGES_MAX - 1
    );
    assert!(exhausted(client.seal(b"", b"", NOW)));
    let (rekey, rekeying) = client.rekey(NOW).unwrap();
    let answer = server.rekey(rekey.as_bytes(), NOW).unwrap();
    client.rekeyed(&rekeying, answer.as_bytes(), NOW).unwrap();
    let sealed = client.seal(b"", b"onwards", NOW).unwrap();
    assert!(server.open(b"", &sealed, NOW).is_ok());
}

#[test]
fn the_bytes_of_an_epoch_are_counted_on_both_sides() {
    let (mut client, mut server) = agreed();
    client.epoch.send.bytes = limits::BYTES_MAX - 3;
    assert!(exhausted(client.seal(b"", b"four", NOW)));
    let sealed = client.seal(b"", b"tri", NOW).unwrap();
    server.epoch.receive.bytes = limits::BYTES_MAX - 2;
    assert!(exhausted(server.open(b"", &sealed, NOW)));
    server.epoch.receive.bytes -= 1;
    assert!(server.open(b"", &sealed, NOW).is_ok());
}

#[test]
fn too_many_forgeries_end_an_epoch() {
    let (mut client, mut server) = agreed();
    let sealed = client.seal(b"", b"true", NOW).unwrap();
    let mut forged = sealed.clone();
    forged[30] ^= 1;
    server.epoch.receive.forgeries = limits::FORGERIES_MAX - 1;
    assert!(matches!(
        server.open(b"", &forged, NOW),
        Err(SessionError::Forged)
    ));
    assert!(exhausted(server.open(b"", &sealed, NOW)));
}

#[test]
fn a_number_beyond_the_limit_is_refused_before_it_is_opened() {
    let (_, mut server) = agreed();
    let mut sealed = [0; 28];
    sealed[4..12].copy_from_slice(&u64::MAX.to_be_bytes());
    assert!(exhausted(server.open(b"", &sealed, NOW)));
    assert_eq!(server.epoch.receive.forgeries, 0);
}

#[test]
fn the_last_epoch_has_no_successor() {
    let (mut client, _) = agreed();
    client.epoch.number = u32::MAX;
    assert!(matches!(client.rekey(NOW), Err(crate::RekeyError::Last)));
}

#[test]
fn no_two_nonces_or_keys_of_an_epoch_are_the_same() {
    let (client, server) = agreed();
    assert_eq!(client.epoch.exporter, server.epoch.exporter);
    let secrets = [
        &client.epoch.exporter,
        &client.epoch.rekey,
        &client.epoch.rekey_auth,
    ];
    for (index, one) in secrets.iter().enumerate() {
        assert!(secrets[index + 1..].iter().all(|other| other != one));
    }
    let nonces: std::collections::BTreeSet<_> =
        (0..1000).map(|number| client.epoch.send.nonce(number)).collect();
    assert_eq!(nonces.len(), 1000);
    assert!(!nonces.contains(&client.epoch.receive.nonce(0)));
}
