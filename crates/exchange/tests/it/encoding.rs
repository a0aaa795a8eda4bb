//! One value, one encoding: whatever parses encodes back to the same bytes, and nothing makes a parser panic.
//! Values are drawn at random from a fixed seed.

use hybridge_exchange::message::{Answer, Confirm, Init, Message, Rekey, Rekeyed, Response, Share};
use hybridge_exchange::{Code, Encoded, KeyId, SessionId, Time};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=max)
}

fn code() -> impl Strategy<Value = Code> {
    any::<(u16, u16, u16)>().prop_map(|(kem, kdf, aead)| Code { kem, kdf, aead })
}

prop_compose! {
    fn init()(
        nonce: [u8; 32],
        time: u64,
        suites in vec(code(), 1..=16),
        public_key in bytes(2000),
        identity: Option<[u8; 32]>,
        context in bytes(1024),
    ) -> Init {
        let kem = suites[0].kem;
        Init {
            nonce,
            time: Time(time),
            suites,
            shares: vec![Share { kem, public_key }],
            identity: identity.map(KeyId),
            context,
        }
    }
}

prop_compose! {
    fn answer()(
        session: [u8; 16],
        nonce: [u8; 32],
        times: (u64, u64),
        suite in code(),
        ciphertext in bytes(2000),
        identity: [u8; 32],
        texts in ("[a-zA-Z0-9:/é ]{0,80}", "[a-z-]{0,40}"),
        context in bytes(1024),
    ) -> Answer {
        Answer {
            session: SessionId(session),
            nonce,
            time: Time(times.0),
            expires: Time(times.1),
            suite,
            ciphertext,
            identity: KeyId(identity),
            caller: texts.0,
            exception: texts.1,
            context,
        }
    }
}

fn check<M: Message + Clone + PartialEq + std::fmt::Debug>(message: &M) -> Result<(), TestCaseError> {
    let encoded = Encoded::compose(message).unwrap();
    prop_assert_eq!(&*encoded, message);
    let parsed = Encoded::<M>::parse(encoded.as_bytes()).unwrap();
    prop_assert_eq!(parsed, encoded);
    Ok(())
}

#[test]
fn an_init_reads_back() {
    TestRunner::deterministic()
        .run(&init(), |message| {
            let distinct: std::collections::BTreeSet<_> = message.suites.iter().collect();
            prop_assume!(distinct.len() == message.suites.len());
            check(&message)
        })
        .unwrap();
}

#[test]
fn an_answer_reads_back() {
    TestRunner::deterministic()
        .run(&answer(), |message| check(&message))
        .unwrap();
}

#[test]
fn the_other_messages_read_back() {
    let parts = (
        any::<[u8; 16]>(),
        any::<u32>(),
        any::<[u8; 32]>(),
        bytes(2000),
        bytes(255),
    );
    TestRunner::deterministic()
        .run(&parts, |(session, epoch, nonce, long, short)| {
            let session = SessionId(session);
            check(&Confirm {
                session,
                confirmation: short.clone(),
            })?;
            check(&Response {
                answer: long.clone(),
                signature: long.clone(),
                confirmation: short.clone(),
            })?;
            check(&Rekey {
                session,
                epoch,
                nonce,
                public_key: long.clone(),
                tag: short.clone(),
            })?;
            check(&Rekeyed {
                session,
                epoch,
                nonce,
                ciphertext: long,
                tag: short,
            })
        })
        .unwrap();
}

#[test]
fn what_is_too_long_is_refused_and_not_cut() {
    let session = SessionId([0; 16]);
    assert!(
        Encoded::compose(&Confirm {
            session,
            confirmation: vec![0; 256]
        })
        .is_err()
    );
    let long = Response {
        answer: vec![0; 0x1_0000],
        signature: vec![],
        confirmation: vec![],
    };
    assert!(Encoded::compose(&long).is_err());
}

/// Whatever parses must encode to the same bytes.
fn canonical<M: Message>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(parsed) = Encoded::<M>::parse(bytes) {
        let again = Encoded::<M>::compose(&parsed).unwrap();
        prop_assert_eq!(again.as_bytes(), bytes);
    }
    Ok(())
}

#[test]
fn bytes_from_nowhere_parse_canonically_or_not_at_all() {
    let headed = (1u8..=7, bytes(400)).prop_map(|(kind, rest)| [b"HYKX\x01", &[kind][..], &rest].concat());
    TestRunner::deterministic()
        .run(&headed, |bytes| {
            canonical::<Init>(&bytes)?;
            canonical::<Answer>(&bytes)?;
            canonical::<Response>(&bytes)?;
            canonical::<Confirm>(&bytes)?;
            canonical::<Rekey>(&bytes)?;
            canonical::<Rekeyed>(&bytes)
        })
        .unwrap();
}

#[test]
fn another_version_kind_or_protocol_is_refused() {
    let session = SessionId([0; 16]);
    let confirm = Encoded::compose(&Confirm {
        session,
        confirmation: vec![0; 32],
    })
    .unwrap();
    assert!(Encoded::<Rekey>::parse(confirm.as_bytes()).is_err());
    for at in 0..6 {
        let mut altered = confirm.as_bytes().to_vec();
        altered[at] ^= 2;
        assert!(Encoded::<Confirm>::parse(&altered).is_err(), "byte {at}");
    }
}
