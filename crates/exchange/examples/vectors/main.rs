//! Writes new test vectors to standard output: `cargo run -p hybridge-exchange --example vectors`.
//!
//! Encapsulation and signatures are random, so each run writes others; the published ones are those of one
//! run, in docs/key-exchange-vectors.json, and a test checks them as they stand.

mod plain;

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use hybridge_crypto::{Algorithm, encoding, kem, sign};
use hybridge_exchange::client::{Pending, Trust};
use hybridge_exchange::message::{Init, Rekey, Response, Share};
use hybridge_exchange::server::{self, Answering, Terms};
use hybridge_exchange::{Client, Encoded, Identity, Rekeying, ReplayCache, Server, Session, Suite, Time};
use serde_json::{Map, Value, json};

const NOW: Time = Time(1_800_000_000_000);
const CALLER: &str = "token:vectors";
const SUITES: [&str; 3] = [
    "X-Wing/HKDF-SHA-256/AES-256-GCM",
    "MLKEM1024-P384/HKDF-SHA-384/AES-256-GCM",
    "MLKEM768-P256/HKDF-SHA-256/ChaCha20-Poly1305",
];

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let identity = sign::PrivateKey::from_bytes(
        Algorithm::by_name("MLDSA65-Ed25519-SHA512").ok_or("no such algorithm")?,
        &[[0x4d; 32], [0x45; 32]].concat(),
    )?;
    let vectors: Vec<Value> = SUITES
        .iter()
        .map(|name| vector(Suite::by_name(name).ok_or("no such suite")?, &identity))
        .collect::<Result<_, Failure>>()?;
    let file = json!({
        "protocol": "Hybridge key exchange, version 1",
        "encoding": "byte strings are hexadecimal, times are milliseconds since the Unix epoch",
        "vectors": vectors,
    });
    writeln!(
        std::io::stdout().lock(),
        "{}",
        serde_json::to_string_pretty(&file)?
    )?;
    Ok(())
}

fn vector(suite: &'static Suite, key: &sign::PrivateKey) -> Result<Value, Failure> {
    let identity = Identity::of(key)?;
    let seed = vec![0x11; 32];
    let client_key = kem::PrivateKey::from_bytes(suite.kem(), &seed)?;
    let init = init(suite, &client_key, &identity)?;
    let answering = Answering {
        identity: key,
        caller: CALLER,
        context: b"server context",
    };
    let allowed = [suite];
    let mut replay = ReplayCache::new(1, Time(0));
    let terms = Terms::hybrid(&allowed);
    let (response, provisional) = server::respond(init.as_bytes(), &terms, &mut replay, &answering, NOW)?;
    let answer = Encoded::<hybridge_exchange::message::Answer>::parse(&response.answer)?;
    let shared = client_key.decapsulate(&answer.ciphertext)?;
    let trust = Trust {
        identities: std::slice::from_ref(&identity),
        caller: Some(CALLER),
        window: Duration::from_secs(60),
    };
    let pending = Pending::from_parts(init.clone(), vec![client_key])?;
    let (confirm, client) = pending.finish(response.as_bytes(), &trust, NOW)?;
    let server = provisional.confirm(confirm.as_bytes(), NOW)?;
    let parts = plain::Parts {
        answer: &response.answer,
        signature: &response.signature,
    };
    let values = plain::exchange(suite, shared.as_bytes(), init.as_bytes(), &parts);
    let spki = encoding::public_to_spki(identity.algorithm(), identity.public_key())?;
    Ok(json!({
        "suite": suite.name,
        "code": suite.code.to_string(),
        "now": NOW.0,
        "client_seed": hex(&seed),
        "identity_algorithm": identity.algorithm().name,
        "identity_spki": hex(&spki),
        "identity_id": identity.id().to_string(),
        "caller": CALLER,
        "init": hex(init.as_bytes()),
        "response": hex(response.as_bytes()),
        "confirm": hex(confirm.as_bytes()),
        "session": client.agreed().session.to_string(),
        "expires": client.expires().0,
        "shared_secret": hex(shared.as_bytes()),
        "schedule": named(&values),
        "refused": refused(&response),
        "use": used(client, server, &values)?,
    }))
}

fn init(suite: &Suite, key: &kem::PrivateKey, identity: &Identity) -> Result<Encoded<Init>, Failure> {
    let share = Share {
        kem: suite.code.kem,
        public_key: key.public_key().to_vec(),
    };
    Ok(Encoded::compose(&Init {
        nonce: [0x22; 32],
        time: NOW,
        suites: vec![suite.code],
        shares: vec![share],
        identity: Some(identity.id()),
        context: b"client context".to_vec(),
    })?)
}

/// Bytes of the Response whose change a client must notice: `xor` goes onto the byte at `offset`.
fn refused(response: &Encoded<Response>) -> Value {
    let answer = 8;
    let signature = answer + response.answer.len() + 2;
    let confirmation = signature + response.signature.len() + 1;
    let cases = [
        ("protocol version", 4),
        ("session id", answer + 6),
        ("server nonce", answer + 22),
        ("server time", answer + 61),
        ("expiry", answer + 69),
        ("suite: AEAD", answer + 75),
        ("ciphertext, first byte", answer + 78),
        (
            "identity id",
            answer + response.answer.len() - 16 - CALLER.len() - 2 - 32,
        ),
        ("caller", answer + response.answer.len() - 16 - 1 - CALLER.len()),
        ("server context", answer + response.answer.len() - 1),
        ("signature, ML-DSA part", signature),
        ("signature, classical part", confirmation - 2),
        ("confirmation", confirmation),
    ];
    let cases = cases.map(|(what, offset)| json!({"what": what, "offset": offset, "xor": 1}));
    Value::from(cases.to_vec())
}

fn used(
    mut client: Session<Client>,
    mut server: Session<Server>,
    values: &[(&'static str, Vec<u8>)],
) -> Result<Value, Failure> {
    let suite = client.agreed().suite;
    let before = epoch(&mut client, &mut server, &value(values, "exporter_secret"))?;
    let seed = [0x33; 32];
    let key = kem::PrivateKey::from_bytes(suite.kem(), &seed)?;
    let (wish, rekeying) = wish(&client, key, values)?;
    let answer = server.rekey(wish.as_bytes(), NOW)?;
    client.rekeyed(&rekeying, answer.as_bytes(), NOW)?;
    let shared = kem::PrivateKey::from_bytes(suite.kem(), &seed)?.decapsulate(&answer.ciphertext)?;
    let earlier = |name: &str| value(values, name);
    let after = plain::rekey(
        suite,
        shared.as_bytes(),
        &earlier,
        [wish.as_bytes(), answer.as_bytes()],
    );
    Ok(json!({
        "epoch_0": before,
        "rekey": {
            "client_seed": hex(&seed),
            "rekey": hex(wish.as_bytes()),
            "rekeyed": hex(answer.as_bytes()),
            "shared_secret": hex(shared.as_bytes()),
            "schedule": named(&after),
        },
        "epoch_1": epoch(&mut client, &mut server, &value(&after, "exporter_secret"))?,
    }))
}

/// A Rekey with a known key and nonce, which the crate itself would draw at random.
fn wish(
    client: &Session<Client>,
    key: kem::PrivateKey,
    values: &[(&'static str, Vec<u8>)],
) -> Result<(Encoded<Rekey>, Rekeying), Failure> {
    let hash = plain::hash_of(client.agreed().suite);
    let mut rekey = Rekey {
        session: client.agreed().session,
        epoch: client.epoch() + 1,
        nonce: [0x44; 32],
        public_key: key.public_key().to_vec(),
        tag: Vec::new(),
    };
    let untagged = Encoded::compose(&rekey)?;
    let untagged = &untagged.as_bytes()[..untagged.as_bytes().len() - 1];
    let tag_key = plain::expand_label(hash, &value(values, "rekey_auth"), "c rekey", &[], hash.len());
    rekey.tag = plain::hmac(hash, &tag_key, untagged);
    let rekey = Encoded::compose(&rekey)?;
    Ok((rekey.clone(), Rekeying::from_parts(rekey, key)?))
}

/// Two messages in each direction and some exported keys.
fn epoch(
    client: &mut Session<Client>,
    server: &mut Session<Server>,
    exporter: &[u8],
) -> Result<Value, Failure> {
    let suite = client.agreed().suite;
    let mut messages = Vec::new();
    for (aad, plaintext) in [("", "first message"), ("associated data", "")] {
        let sealed = client.seal(aad.as_bytes(), plaintext.as_bytes(), NOW)?;
        messages.push(message("client", [aad, plaintext], &sealed));
        let sealed = server.seal(aad.as_bytes(), plaintext.as_bytes(), NOW)?;
        messages.push(message("server", [aad, plaintext], &sealed));
    }
    let mut exports = Vec::new();
    for (label, context, length) in [
        ("example", "", 32),
        ("example", "context", 32),
        ("another example", "", 100),
    ] {
        let exported = client.export(label.as_bytes(), context.as_bytes(), length, NOW)?;
        if *exported != plain::export(suite, exporter, label, context.as_bytes(), length) {
            return Err("the crate does not export what the document says".into());
        }
        exports.push(json!({"label": label, "context": hex(context.as_bytes()), "exported": hex(&exported)}));
    }
    Ok(json!({"messages": messages, "exports": exports}))
}

fn message(from: &str, [aad, plaintext]: [&str; 2], sealed: &[u8]) -> Value {
    json!({
        "from": from,
        "aad": hex(aad.as_bytes()),
        "plaintext": hex(plaintext.as_bytes()),
        "sealed": hex(sealed),
    })
}

fn value(values: &[(&'static str, Vec<u8>)], name: &str) -> Vec<u8> {
    let found = values.iter().find(|(each, _)| *each == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn named(values: &[(&'static str, Vec<u8>)]) -> Map<String, Value> {
    let entries = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), hex(value).into()));
    entries.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
