//! Wycheproof: what implementations get wrong, for ML-DSA, Ed25519, ECDSA and RSA.
//!
//! "Acceptable" vectors may go either way. The RSA sets whose parameters we do not offer are left out by name.

use ::wycheproof::{
    HashFunction, TestResult, ecdsa, eddsa, mldsa_sign, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify,
};

use super::super::{PrivateKey, check_public_key, ml_dsa, verify};
use super::algorithm;
use crate::encoding;

/// Counts what was checked and fails on a difference.
struct Tally {
    name: &'static str,
    valid: usize,
    invalid: usize,
}

impl Tally {
    fn new(name: &'static str) -> Self {
        let (valid, invalid) = (0, 0);
        Self { name, valid, invalid }
    }

    fn check(&mut self, case: usize, expected: TestResult, accepted: bool) {
        match expected {
            TestResult::Valid => {
                assert!(accepted, "{} {case} is valid", self.name);
                self.valid += 1;
            }
            TestResult::Invalid => {
                assert!(!accepted, "{} {case} is invalid", self.name);
                self.invalid += 1;
            }
            TestResult::Acceptable => {}
        }
    }

    fn finish(self) {
        assert!(
            self.valid > 5 && self.invalid > 5,
            "{}: nearly nothing was checked",
            self.name
        );
    }
}

/// The same key is in the file twice; where it is not a key, neither form is read.
fn check_spki(name: &'static str, spki: &[u8], raw: &[u8]) {
    match check_public_key(algorithm(name), raw) {
        Ok(()) => assert_eq!(encoding::public_from_as(algorithm(name), spki).expect(name), raw),
        Err(_refused) => assert!(encoding::public_from_as(algorithm(name), spki).is_err(), "{name}"),
    }
}

#[test]
fn ml_dsa_verification() {
    use mldsa_verify::{TestName, TestSet};
    for (set, name) in [
        (TestName::MlDsa44Verify, "ML-DSA-44"),
        (TestName::MlDsa65Verify, "ML-DSA-65"),
        (TestName::MlDsa87Verify, "ML-DSA-87"),
    ] {
        let mut tally = Tally::new(name);
        for group in TestSet::load(set).expect(name).test_groups {
            check_spki(name, &group.der, &group.pubkey);
            for test in &group.tests {
                let context = test.ctx.as_ref().map_or(&[][..], |context| context);
                let verified = verify(algorithm(name), &group.pubkey, &test.msg, context, &test.sig);
                tally.check(test.tc_id, test.result, verified.is_ok());
            }
        }
        tally.finish();
    }
}

/// Signatures are compared where the vector says which hedge made them, by the implementation with contexts.
#[test]
fn ml_dsa_signing() {
    use mldsa_sign::{TestName, TestSet};
    for (set, name) in [
        (TestName::MlDsa44SignSeed, "ML-DSA-44"),
        (TestName::MlDsa65SignSeed, "ML-DSA-65"),
        (TestName::MlDsa87SignSeed, "ML-DSA-87"),
        (TestName::MlDsa44SignNoSeed, "ML-DSA-44"),
        (TestName::MlDsa65SignNoSeed, "ML-DSA-65"),
        (TestName::MlDsa87SignNoSeed, "ML-DSA-87"),
    ] {
        let mut tally = Tally::new(name);
        for group in TestSet::load(set).expect(name).test_groups {
            let stored = group.privseed.as_ref().or(group.privkey.as_ref());
            let stored: &[u8] = stored.map_or(&[], |bytes| bytes);
            if let Some(pkcs8) = group.privkey_pkcs8.as_ref().filter(|pkcs8| !pkcs8.is_empty()) {
                let key = encoding::private_from_as(algorithm(name), pkcs8).expect(name);
                assert_eq!(key.to_bytes()[..], *stored, "{name}");
            }
            for test in group.tests.iter().filter(|test| test.msg.is_some()) {
                let made = sign(name, stored, test);
                tally.check(test.tc_id, test.result, made.as_deref() == Some(&*test.sig));
            }
        }
        assert!(
            tally.valid > 50 && tally.invalid > 2,
            "{name}: nearly nothing was checked"
        );
    }
}

fn sign(name: &'static str, stored: &[u8], test: &mldsa_sign::Test) -> Option<Vec<u8>> {
    let message = test.msg.as_ref()?;
    let context = test.ctx.as_ref().map_or(&[][..], |context| context);
    let key = PrivateKey::from_bytes(algorithm(name), stored).ok()?;
    let hedged = key.sign(message, context).ok()?;
    verify(algorithm(name), key.public_key(), message, context, &hedged).ok()?;
    let hedge = test
        .rnd
        .as_ref()
        .map_or([0; 32], |rnd| rnd[..].try_into().expect("32 bytes"));
    Some(ml_dsa::sign_with(name, stored, message, context, hedge))
}

#[test]
fn ed25519() {
    let mut tally = Tally::new("Ed25519");
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519)
        .expect("Ed25519")
        .test_groups
    {
        check_spki("Ed25519", &group.der, &group.key.pk);
        for test in &group.tests {
            let verified = verify(algorithm("Ed25519"), &group.key.pk, &test.msg, b"", &test.sig);
            tally.check(test.tc_id, test.result, verified.is_ok());
        }
    }
    tally.finish();
}

#[test]
fn ecdsa_with_der_signatures() {
    use ecdsa::{TestName, TestSet};
    for (set, name) in [
        (TestName::EcdsaSecp256r1Sha256, "ECDSA-P-256"),
        (TestName::EcdsaSecp384r1Sha384, "ECDSA-P-384"),
        (TestName::EcdsaSecp521r1Sha512, "ECDSA-P-521"),
    ] {
        let mut tally = Tally::new(name);
        for group in TestSet::load(set).expect(name).test_groups {
            check_spki(name, &group.der, &group.key.key);
            for test in &group.tests {
                let verified = verify(algorithm(name), &group.key.key, &test.msg, b"", &test.sig);
                tally.check(test.tc_id, test.result, verified.is_ok());
            }
        }
        tally.finish();
    }
}

fn rsa_name(bits: usize, padding: &str, hash: HashFunction) -> Option<&'static str> {
    let digits = match hash {
        HashFunction::Sha2_256 => 256,
        HashFunction::Sha2_384 => 384,
        HashFunction::Sha2_512 => 512,
        _ => return None,
    };
    let name = format!("RSA{bits}-{padding}-SHA{digits}");
    crate::Algorithm::by_name(&name).map(|algorithm| algorithm.name)
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    let sets = [
        TestName::Rsa2048Sha256,
        TestName::Rsa2048Sha384,
        TestName::Rsa2048Sha512,
        TestName::Rsa3072Sha256,
        TestName::Rsa3072Sha384,
        TestName::Rsa3072Sha512,
        TestName::Rsa4096Sha256,
        TestName::Rsa4096Sha384,
        TestName::Rsa4096Sha512,
    ];
    for set in sets {
        let mut tally = Tally::new("RSA PKCS#1 v1.5");
        for group in TestSet::load(set).expect("a set").test_groups {
            let name = rsa_name(group.key_size, "PKCS15", group.hash).expect("a size we have");
            check_spki(name, &group.der, &group.asn_key);
            for test in &group.tests {
                let verified = verify(algorithm(name), &group.asn_key, &test.msg, b"", &test.sig);
                tally.check(test.tc_id, test.result, verified.is_ok());
            }
        }
        tally.finish();
    }
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::{TestName, TestSet};
    let sets = [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
    ];
    for set in sets {
        let mut tally = Tally::new("RSASSA-PSS");
        for group in TestSet::load(set).expect("a set").test_groups {
            let name = rsa_name(group.key_size, "PSS", group.hash).expect("a size we have");
            for test in &group.tests {
                let verified = verify(algorithm(name), &group.asn_key, &test.msg, b"", &test.sig);
                tally.check(test.tc_id, test.result, verified.is_ok());
            }
        }
        tally.finish();
    }
}

/// A salt of another length than the hash, or another hash in the mask, is another algorithm.
#[test]
fn rsa_pss_with_other_parameters_is_refused() {
    use rsa_pss_verify::{TestName, TestSet};
    for set in [
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPss4096Sha512Mgf1SaltLen32,
    ] {
        let mut refused = 0;
        for group in TestSet::load(set).expect("a set").test_groups {
            let name = rsa_name(group.key_size, "PSS", group.hash).expect("a size we have");
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                assert!(verify(algorithm(name), &group.asn_key, &test.msg, b"", &test.sig).is_err());
                refused += 1;
            }
        }
        assert!(refused > 5);
    }
}
