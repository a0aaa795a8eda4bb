//! Keys in PKCS#8, SubjectPublicKeyInfo and PEM: nothing panics, every refusal says something, and what was
//! read is written again to a form that reads as the same key. What an RSA key is for is not in what is
//! written, so the algorithm is named when it is read again.
#![no_main]

use hybridge_crypto::encoding::{
    self, Error, PrivateKey, private_from, private_from_as, private_to_pem, private_to_pkcs8, public_from,
    public_from_as, public_from_spki, public_to_pem, public_to_spki,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some(key) = told(private_from(input)) {
        private(&key);
    }
    if let Some((algorithm, raw)) = told(public_from(input)) {
        let der = public_to_spki(algorithm, &raw).expect("what was read can be written");
        assert_eq!(public_from_as(algorithm, &der), Ok(raw.clone()));
        assert!(public_from_spki(&der).is_ok());
        let pem = public_to_pem(algorithm, &raw).expect("what was read can be written");
        assert_eq!(public_from_as(algorithm, pem.as_bytes()), Ok(raw));
    }
});

fn private(key: &PrivateKey) {
    encoding::public_to_spki(key.algorithm(), key.public_key()).expect("the public key is one");
    let der = private_to_pkcs8(key).expect("what was read can be written");
    let again = private_from_as(key.algorithm(), &der).expect("what was written can be read");
    assert_eq!(again.to_bytes(), key.to_bytes());
    assert_eq!(again.public_key(), key.public_key());
    assert_eq!(private_to_pkcs8(&again).expect("again"), der);
    private_to_pem(key).expect("what was read can be written");
}

fn told<T>(read: Result<T, Error>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            None
        }
    }
}
