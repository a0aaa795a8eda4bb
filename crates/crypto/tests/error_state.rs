//! The error state in a process of its own: one failed self-test, and every service with a key is refused.
//!
//! One test function, because the state is the process's and is never left.

use core::time::Duration;

use hybridge_crypto::selftest::{self, Outcome};
use hybridge_crypto::state::{self, Failed, Test};
use hybridge_crypto::{Algorithm, aead, hpke, kdf, kem, mac, shamir, sign, timing};

fn algorithm(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect(name)
}

fn no_clock() -> Duration {
    Duration::ZERO
}

/// Everything that was made while all was well, and is to be refused afterwards.
struct Made {
    kem: kem::PrivateKey,
    ciphertext: Vec<u8>,
    signer: sign::PrivateKey,
    signature: Vec<u8>,
    aead: aead::Key,
    sealed: Vec<u8>,
    mac: mac::Key,
    tag: Vec<u8>,
    shares: Vec<shamir::Share>,
}

impl Made {
    fn new() -> Self {
        let kem = kem::PrivateKey::generate(algorithm("X-Wing")).expect("made");
        let (ciphertext, _secret) = kem::encapsulate(kem.algorithm(), kem.public_key()).expect("sent");
        let signer = sign::PrivateKey::generate(algorithm("ML-DSA-65")).expect("made");
        let signature = signer.sign(b"m", b"").expect("signed");
        let aead = aead::Key::generate(algorithm("AES-256-GCM")).expect("made");
        let sealed = aead.seal_random(b"", b"m").expect("sealed");
        let mac = mac::Key::generate(algorithm("HMAC-SHA-256")).expect("made");
        let tag = mac.tag(b"m").expect("tagged");
        let shares = shamir::split(b"secret", 2, 3).expect("split");
        Self {
            kem,
            ciphertext,
            signer,
            signature,
            aead,
            sealed,
            mac,
            tag,
            shares,
        }
    }

    /// Keys that exist are not used.
    fn assert_unusable(&self, failed: Failed) {
        let Self {
            kem,
            signer,
            aead,
            mac,
            ..
        } = self;
        let public = signer.public_key();
        let verified = sign::verify(signer.algorithm(), public, b"m", b"", &self.signature);
        let sent = kem::encapsulate(kem.algorithm(), kem.public_key()).map(drop);
        assert_eq!(kem.decapsulate(&self.ciphertext).map(drop), Err(failed.into()));
        assert_eq!(sent, Err(failed.into()));
        assert_eq!(signer.sign(b"m", b"").map(drop), Err(failed.into()));
        assert_eq!(verified, Err(failed.into()));
        assert_eq!(aead.seal([0; 12], b"", b"m").map(drop), Err(failed.into()));
        assert_eq!(aead.seal_random(b"", b"m").map(drop), Err(failed.into()));
        assert_eq!(aead.open_random(b"", &self.sealed).map(drop), Err(failed.into()));
        assert_eq!(aead.seal_in_place([0; 12], b"", &mut vec![1]), Err(failed.into()));
        let opened = aead.open_in_place([0; 12], b"", &mut [0; 32]).map(drop);
        assert_eq!(opened, Err(failed.into()));
        assert_eq!(mac.tag(b"m"), Err(failed.into()));
        assert_eq!(mac.verify(b"m", &self.tag), Err(failed.into()));
        assert_eq!(shamir::combine(&self.shares).map(drop), Err(failed.into()));
        assert_eq!(shamir::split(b"secret", 2, 3).map(drop), Err(failed.into()));
    }

    /// Keys are neither made nor read nor derived.
    fn assert_unmakeable(&self, failed: Failed) {
        for algorithm in kem::algorithms() {
            assert_eq!(kem::PrivateKey::generate(algorithm).map(drop), Err(failed.into()));
        }
        for algorithm in sign::algorithms() {
            let made = sign::PrivateKey::generate(algorithm).map(drop);
            assert_eq!(made, Err(failed.into()), "{algorithm}");
        }
        for algorithm in aead::algorithms() {
            assert_eq!(aead::Key::generate(algorithm).map(drop), Err(failed.into()));
        }
        for algorithm in mac::algorithms() {
            assert_eq!(mac::Key::generate(algorithm).map(drop), Err(failed.into()));
        }
        let read = kem::PrivateKey::from_bytes(self.kem.algorithm(), &self.kem.to_bytes());
        assert_eq!(read.map(drop), Err(failed.into()));
        let read = sign::PrivateKey::from_bytes(self.signer.algorithm(), &self.signer.to_bytes());
        assert_eq!(read.map(drop), Err(failed.into()));
        let derived = kdf::hkdf(kdf::Hash::Sha256, b"", b"", b"", 32);
        assert_eq!(derived.map(drop), Err(failed.into()));
        let stretched = kdf::argon2id(b"password", &[0; 16], kdf::Cost::RECOMMENDED);
        assert_eq!(stretched.map(drop), Err(failed.into()));
        let suite = hpke::Suite::default_for(self.kem.algorithm()).expect("a suite");
        assert!(hpke::seal(suite, self.kem.public_key(), b"", b"", b"m").is_err());
    }
}

#[test]
fn one_failed_self_test_refuses_every_service_with_a_key() {
    let made = Made::new();
    let (good, broken) = (algorithm("AES-256-GCM"), algorithm("ML-KEM-768"));
    assert!(selftest::run(selftest::implemented(), &no_clock).passed());
    assert_eq!(state::failure(), None);

    let report = selftest::run_broken([good, broken, algorithm("SHA-256")], broken, &no_clock);
    let outcomes: Vec<_> = report.rows.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Outcome::Passed, Outcome::Failed, Outcome::Passed]);

    let failed = Failed {
        algorithm: "ML-KEM-768",
        test: Test::KnownAnswer,
    };
    assert_eq!(state::failure(), Some(failed));
    assert_eq!(report.check(), Err(failed));
    made.assert_unusable(failed);
    made.assert_unmakeable(failed);

    // It does not heal, the first failure stays the reported one, and nothing is measured or tested.
    state::fail("X-Wing", Test::PairwiseConsistency);
    assert_eq!(state::check(), Err(failed));
    let again = selftest::run([good], &no_clock);
    assert_eq!(again.rows[0].outcome, Outcome::Refused);
    assert_eq!(
        selftest::pairwise([broken], &no_clock).rows[0].outcome,
        Outcome::Refused
    );
    let bench = timing::Bench {
        samples: 10,
        clock: &no_clock,
        progress: &|_done| {},
    };
    assert!(timing::measure(timing::Target::MacTag, &bench).is_err());
}
