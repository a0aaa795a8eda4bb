//! One identity for the whole run, and the shortest way to an agreed session.
//! Time stands still at `NOW` unless a test moves it.

use std::sync::OnceLock;
use std::time::Duration;

use hybridge_crypto::{Algorithm, kem, sign};
use hybridge_exchange::client::{Hello, Pending, Trust};
use hybridge_exchange::message::{Init, Response, Share};
use hybridge_exchange::server::{self, Answering, Provisional, Refusal, Terms};
use hybridge_exchange::{Client, Encoded, HYBRID, Identity, ReplayCache, Server, Session, Suite, Time};

pub(crate) const NOW: Time = Time(1_800_000_000_000);
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
pub(crate) const CALLER: &str = "token:scanner";

pub(crate) fn identity_key() -> &'static sign::PrivateKey {
    static KEY: OnceLock<sign::PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| new_identity("MLDSA65-Ed25519-SHA512"))
}

pub(crate) fn new_identity(name: &str) -> sign::PrivateKey {
    let algorithm = Algorithm::by_name(name).expect("the table has the composites");
    sign::PrivateKey::generate(algorithm).unwrap()
}

pub(crate) fn trusted() -> &'static [Identity] {
    static TRUSTED: OnceLock<Vec<Identity>> = OnceLock::new();
    TRUSTED.get_or_init(|| vec![Identity::of(identity_key()).unwrap()])
}

pub(crate) fn trust() -> Trust<'static> {
    Trust {
        identities: trusted(),
        caller: Some(CALLER),
        window: WINDOW,
    }
}

pub(crate) fn hybrid() -> &'static [&'static Suite] {
    static SUITES: OnceLock<Vec<&'static Suite>> = OnceLock::new();
    SUITES.get_or_init(|| HYBRID.iter().collect())
}

pub(crate) fn suite(name: &str) -> &'static Suite {
    Suite::by_name(name).expect("the test names suites")
}

pub(crate) fn replay() -> ReplayCache {
    ReplayCache::new(1000, Time(0))
}

/// The server's answer to these bytes, now, from an empty cache.
pub(crate) fn respond(init: &[u8], terms: &Terms<'_>) -> Result<(Encoded<Response>, Provisional), Refusal> {
    respond_to(init, terms, &mut replay(), NOW)
}

pub(crate) fn respond_to(
    init: &[u8],
    terms: &Terms<'_>,
    replay: &mut ReplayCache,
    now: Time,
) -> Result<(Encoded<Response>, Provisional), Refusal> {
    let answering = Answering {
        identity: identity_key(),
        caller: CALLER,
        context: b"",
    };
    server::respond(init, terms, replay, &answering, now)
}

/// A hello for exactly one suite.
pub(crate) fn hello_for(name: &str) -> Hello {
    Hello {
        suites: vec![suite(name)],
        shares: vec![suite(name)],
        ..Hello::default()
    }
}

/// Both ends of a session under the given hello.
pub(crate) fn agree(hello: &Hello, terms: &Terms<'_>) -> (Session<Client>, Session<Server>) {
    let (init, pending) = hello.start(NOW).unwrap();
    let (response, provisional) = respond(init.as_bytes(), terms).unwrap();
    let (confirm, client) = pending.finish(response.as_bytes(), &trust(), NOW).unwrap();
    let server = provisional.confirm(confirm.as_bytes(), NOW).unwrap();
    (client, server)
}

pub(crate) fn agree_on(name: &str) -> (Session<Client>, Session<Server>) {
    agree(&hello_for(name), &Terms::hybrid(hybrid()))
}

/// A client that can be asked again and again, from the seed of its key.
pub(crate) struct Repeatable {
    pub(crate) init: Encoded<Init>,
    seed: Vec<u8>,
    suite: &'static Suite,
}

impl Repeatable {
    pub(crate) fn new(name: &str) -> Self {
        let suite = suite(name);
        let key = kem::PrivateKey::generate(suite.kem()).unwrap();
        let init = Init {
            nonce: [7; 32],
            time: NOW,
            suites: vec![suite.code],
            shares: vec![Share {
                kem: suite.code.kem,
                public_key: key.public_key().to_vec(),
            }],
            identity: None,
            context: b"context".to_vec(),
        };
        Self {
            init: Encoded::compose(&init).unwrap(),
            seed: key.to_bytes().to_vec(),
            suite,
        }
    }

    pub(crate) fn pending(&self) -> Pending {
        let key = kem::PrivateKey::from_bytes(self.suite.kem(), &self.seed).unwrap();
        Pending::from_parts(self.init.clone(), vec![key]).unwrap()
    }
}

/// The bytes with one bit flipped, for each byte in turn.
pub(crate) fn each_flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len()).map(move |at| {
        let mut altered = bytes.to_vec();
        altered[at] ^= 1 << (at % 8);
        (at, altered)
    })
}

/// Every proper prefix, and the bytes with one more behind them.
pub(crate) fn each_cut(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let longer = [bytes, &[0]].concat();
    (0..bytes.len())
        .map(move |end| bytes[..end].to_vec())
        .chain([longer])
}
