//! The key schedule once more, straight from docs/key-exchange.md and without the crate's own code.
//!
//! The generator of the vectors and the test that checks them both use it, so a vector is never only what
//! the implementation happens to compute.

use hybridge_crypto::kdf::{self, Hash};
use hybridge_crypto::{Algorithm, digest, mac};
use hybridge_exchange::Suite;

pub(crate) fn hash_of(suite: &Suite) -> Hash {
    match suite.code.kdf {
        0x0001 => Hash::Sha256,
        0x0002 => Hash::Sha384,
        other => unreachable!("no suite has the KDF {other}"),
    }
}

pub(crate) fn hashed(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    let message = parts.concat();
    match hash {
        Hash::Sha256 => digest::sha256(&message).to_vec(),
        Hash::Sha384 => digest::sha384(&message).to_vec(),
        Hash::Sha512 => digest::sha512(&message).to_vec(),
    }
}

pub(crate) fn expand_label(hash: Hash, secret: &[u8], label: &str, context: &[u8], length: usize) -> Vec<u8> {
    let label = [b"hybridge1 ", label.as_bytes()].concat();
    let mut info = Vec::new();
    info.extend_from_slice(&u16::try_from(length).expect("a short output").to_be_bytes());
    info.push(u8::try_from(label.len()).expect("a short label"));
    info.extend_from_slice(&label);
    info.push(u8::try_from(context.len()).expect("a hash or nothing"));
    info.extend_from_slice(context);
    let out = kdf::hkdf_expand(hash, secret, &info, length).expect("the lengths are in range");
    out.to_vec()
}

pub(crate) fn hmac(hash: Hash, key: &[u8], message: &[u8]) -> Vec<u8> {
    let name = if hash == Hash::Sha256 {
        "HMAC-SHA-256"
    } else {
        "HMAC-SHA-384"
    };
    let algorithm = Algorithm::by_name(name).expect("the table has HMAC");
    let key = mac::Key::from_bytes(algorithm, key).expect("a key as long as the hash");
    key.tag(message).expect("the provider works")
}

/// Every named value of an exchange, in the order of the document.
pub(crate) fn exchange(
    suite: &Suite,
    shared: &[u8],
    init: &[u8],
    response: &Parts<'_>,
) -> Vec<(&'static str, Vec<u8>)> {
    let hash = hash_of(suite);
    let length = hash.len();
    let start = hashed(hash, &[b"hybridge key exchange, version 1"]);
    let t_init = hashed(hash, &[&start, init]);
    let t_answer = hashed(hash, &[&t_init, response.answer]);
    let t_signature = hashed(hash, &[&t_answer, response.signature]);
    let secret = kdf::hkdf_extract(hash, &[], shared).expect("the provider works");
    let server_finished = expand_label(hash, &secret, "s finished", &t_answer, length);
    let client_finished = expand_label(hash, &secret, "c finished", &t_answer, length);
    let server_confirmation = hmac(hash, &server_finished, &t_signature);
    let t_server = hashed(hash, &[&t_signature, &server_confirmation]);
    let client_confirmation = hmac(hash, &client_finished, &t_server);
    let t_client = hashed(hash, &[&t_server, &client_confirmation]);
    let epoch = expand_label(hash, &secret, "epoch", &t_client, length);
    let mut values = vec![
        ("transcript_start", start),
        ("transcript_init", t_init),
        ("transcript_answer", t_answer),
        ("transcript_signature", t_signature),
        ("handshake_secret", secret.to_vec()),
        ("server_finished_key", server_finished),
        ("client_finished_key", client_finished),
        ("server_confirmation", server_confirmation),
        ("transcript_server", t_server),
        ("client_confirmation", client_confirmation),
        ("transcript_client", t_client),
        ("epoch_secret", epoch.clone()),
    ];
    values.extend(epoch_keys(hash, &epoch));
    values
}

/// The parts of a Response.
pub(crate) struct Parts<'a> {
    pub(crate) answer: &'a [u8],
    pub(crate) signature: &'a [u8],
}

fn epoch_keys(hash: Hash, epoch: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let derive = |label, length| expand_label(hash, epoch, label, &[], length);
    vec![
        ("c_key", derive("c key", 32)),
        ("c_iv", derive("c iv", 12)),
        ("s_key", derive("s key", 32)),
        ("s_iv", derive("s iv", 12)),
        ("exporter_secret", derive("exporter", hash.len())),
        ("rekey_secret", derive("rekey", hash.len())),
        ("rekey_auth", derive("rekey auth", hash.len())),
    ]
}

/// An exported key (RFC 8446 §7.5).
pub(crate) fn export(suite: &Suite, exporter: &[u8], label: &str, context: &[u8], length: usize) -> Vec<u8> {
    let hash = hash_of(suite);
    let derived = expand_label(hash, exporter, label, &hashed(hash, &[]), hash.len());
    expand_label(hash, &derived, "exporter", &hashed(hash, &[context]), length)
}

/// Every named value of a re-key, from those of the epoch before.
pub(crate) fn rekey(
    suite: &Suite,
    shared: &[u8],
    before: &dyn Fn(&str) -> Vec<u8>,
    [rekey, rekeyed]: [&[u8]; 2],
) -> Vec<(&'static str, Vec<u8>)> {
    let hash = hash_of(suite);
    let untagged = |message: &[u8]| message[..message.len() - hash.len() - 1].to_vec();
    let wish_key = expand_label(hash, &before("rekey_auth"), "c rekey", &[], hash.len());
    let wish_tag = hmac(hash, &wish_key, &untagged(rekey));
    let t_wish = hashed(hash, &[&before("transcript_client"), rekey]);
    let t_answer = hashed(hash, &[&t_wish, &untagged(rekeyed)]);
    let secret = kdf::hkdf_extract(hash, &before("rekey_secret"), shared).expect("the provider works");
    let finished = expand_label(hash, &secret, "s rekey finished", &t_answer, hash.len());
    let tag = hmac(hash, &finished, &t_answer);
    let transcript = hashed(hash, &[&t_answer, &tag]);
    let epoch = expand_label(hash, &secret, "epoch", &transcript, hash.len());
    let mut values = vec![
        ("rekey_tag", wish_tag),
        ("transcript_rekeyed", t_answer),
        ("handshake_secret", secret.to_vec()),
        ("rekeyed_tag", tag),
        ("transcript_client", transcript),
        ("epoch_secret", epoch.clone()),
    ];
    values.extend(epoch_keys(hash, &epoch));
    values
}
