//! An independent implementation at the other end: the `hpke` crate, which has every KEM here but ML-KEM-512.
//!
//! Each side seals to the other's key, and each reads the other's private keys.

use ::hpke::aead::{Aead, AesGcm256, ChaCha20Poly1305};
use ::hpke::kdf::{HkdfSha256, HkdfSha384, HkdfSha512, Kdf as PeerKdf};
use ::hpke::kem::{
    DhP256HkdfSha256, DhP384HkdfSha384, MlKem768, MlKem768P256, MlKem1024, MlKem1024P384, X25519HkdfSha256,
    XWing,
};
use ::hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender};

use super::{Kdf, Suite, named, receiver, sender};
use crate::kem;

const INFO: &[u8] = b"what for";

fn we_seal_and_the_peer_opens<K: Kem, D: PeerKdf, A: Aead>(suite: Suite) {
    let (private, public) = K::gen_keypair();
    let (enc, mut ours) = sender(suite, &public.to_bytes(), INFO).expect("the peer's key");
    let enc = K::EncappedKey::from_bytes(&enc).expect("our enc");
    let mut theirs = setup_receiver::<A, D, K>(&OpModeR::Base, &private, &enc, INFO).expect("our enc");
    for message in [&b"one"[..], b"two", b""] {
        let sealed = ours.seal(b"aad", message).expect("seal");
        assert_eq!(theirs.open(&sealed, b"aad").expect("our message"), message);
    }
    let mut exported = [0; 48];
    theirs.export(b"context", &mut exported).expect("export");
    assert_eq!(ours.export(b"context", 48).expect("export")[..], exported);
}

fn the_peer_seals_and_we_open<K: Kem, D: PeerKdf, A: Aead>(suite: Suite) {
    let key = kem::PrivateKey::generate(suite.kem).expect("key");
    let public = K::PublicKey::from_bytes(key.public_key()).expect("our key");
    let (enc, mut theirs) = setup_sender::<A, D, K>(&OpModeS::Base, &public, INFO).expect("our key");
    let mut ours = receiver(suite, &key, &enc.to_bytes(), INFO).expect("the peer's enc");
    for message in [&b"one"[..], b"two", b""] {
        let sealed = theirs.seal(message, b"aad").expect("seal");
        assert_eq!(
            ours.open(b"aad", &sealed).expect("the peer's message").as_slice(),
            message
        );
    }
}

fn stored_keys_mean_the_same<K: Kem>(suite: Suite) {
    let key = kem::PrivateKey::generate(suite.kem).expect("key");
    let theirs = K::PrivateKey::from_bytes(&key.to_bytes()).expect("our stored form");
    assert_eq!(K::sk_to_pk(&theirs).to_bytes().as_slice(), key.public_key());
    let (private, public) = K::gen_keypair();
    let ours = kem::PrivateKey::from_bytes(suite.kem, &private.to_bytes()).expect("the peer's stored form");
    assert_eq!(ours.public_key(), public.to_bytes().as_slice());
}

fn agrees<K: Kem, D: PeerKdf, A: Aead>(kem: &str, kdf: Kdf, aead: &str) {
    let suite = Suite {
        kem: named(kem),
        kdf,
        aead: named(aead),
    };
    assert_eq!(kem::hpke_id(suite.kem), Some(K::KEM_ID));
    we_seal_and_the_peer_opens::<K, D, A>(suite);
    the_peer_seals_and_we_open::<K, D, A>(suite);
    stored_keys_mean_the_same::<K>(suite);
}

fn agrees_in_every_suite<K: Kem>(kem: &str) {
    agrees::<K, HkdfSha256, AesGcm256>(kem, Kdf::Sha256, "AES-256-GCM");
    agrees::<K, HkdfSha384, AesGcm256>(kem, Kdf::Sha384, "AES-256-GCM");
    agrees::<K, HkdfSha512, AesGcm256>(kem, Kdf::Sha512, "AES-256-GCM");
    agrees::<K, HkdfSha256, ChaCha20Poly1305>(kem, Kdf::Sha256, "ChaCha20-Poly1305");
    agrees::<K, HkdfSha384, ChaCha20Poly1305>(kem, Kdf::Sha384, "ChaCha20-Poly1305");
    agrees::<K, HkdfSha512, ChaCha20Poly1305>(kem, Kdf::Sha512, "ChaCha20-Poly1305");
}

#[test]
fn agrees_on_the_hybrids() {
    agrees_in_every_suite::<XWing>("X-Wing");
    agrees_in_every_suite::<MlKem768P256>("MLKEM768-P256");
    agrees_in_every_suite::<MlKem1024P384>("MLKEM1024-P384");
}

#[test]
fn agrees_on_ml_kem() {
    agrees_in_every_suite::<MlKem768>("ML-KEM-768");
    agrees_in_every_suite::<MlKem1024>("ML-KEM-1024");
}

#[test]
fn agrees_on_the_curves() {
    agrees_in_every_suite::<X25519HkdfSha256>("X25519");
    agrees_in_every_suite::<DhP256HkdfSha256>("P-256");
    agrees_in_every_suite::<DhP384HkdfSha384>("P-384");
}
