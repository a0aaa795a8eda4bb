//! Tests of the container: who opens it, and that no change of it goes unseen.
//! Bodies have a few chunks, so that first, inner and last ones are met.

use std::io::{Read as _, Write as _};

use hybridge_crypto::{Algorithm, kem};
use zeroize::Zeroizing;

use super::*;

const PURPOSE: &str = "test of the container";
const CHUNK: usize = 64 * 1024;
const SEALED: usize = CHUNK + 16;

fn named(name: &str) -> &'static Algorithm {
    Algorithm::by_name(name).expect("in the table")
}

fn identity() -> Identity {
    Identity::generate(named("X-Wing")).expect("an identity")
}

fn cheap(words: &str) -> Passphrase {
    let cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    Passphrase::with_cost(Zeroizing::new(words.to_owned()), cost)
}

fn open(sealed: &[u8], opener: Opener<'_>) -> Result<Vec<u8>, OpenError> {
    let mut reader = Reader::open(sealed, opener, PURPOSE)?;
    let mut opened = Vec::new();
    reader.read_to_end(&mut opened).map_err(OpenError::from_io)?;
    Ok(opened)
}

/// A container of a few chunks, and where its body begins.
fn chunks(identity: &Identity, len: usize) -> (Vec<u8>, usize) {
    let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
    let sealed = seal_to(&[identity.recipient()], PURPOSE, &plaintext).expect("sealed");
    let bodies = sealed.len() - len - 16 * len.div_ceil(CHUNK).max(1);
    (sealed, bodies)
}

#[test]
fn every_recipient_opens_it_and_nobody_else_does() {
    let (first, second, stranger) = (
        identity(),
        Identity::generate(named("MLKEM1024-P384")).expect("an identity"),
        identity(),
    );
    let to = [first.recipient(), second.recipient()];
    let sealed = seal_to(&to, PURPOSE, b"plain").expect("sealed");
    assert_eq!(&open_with(&first, PURPOSE, &sealed).expect("first")[..], b"plain");
    assert_eq!(
        &open_with(&second, PURPOSE, &sealed).expect("second")[..],
        b"plain"
    );
    let refused = open_with(&stranger, PURPOSE, &sealed);
    assert!(
        matches!(refused, Err(OpenError::NotARecipient { recipients: 2 })),
        "{refused:?}"
    );
}

#[test]
fn every_length_around_a_chunk_comes_back() {
    let identity = identity();
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7] {
        let (sealed, _) = chunks(&identity, len);
        let opened = open(&sealed, Opener::Identity(&identity)).expect("opens");
        assert_eq!(opened.len(), len);
        assert!(opened.iter().zip((0..=u8::MAX).cycle()).all(|(a, b)| *a == b));
    }
}

#[test]
fn what_was_sealed_for_another_purpose_does_not_open() {
    let identity = identity();
    let sealed = seal_to(&[identity.recipient()], "export", b"plain").expect("sealed");
    assert!(matches!(
        open_with(&identity, PURPOSE, &sealed),
        Err(OpenError::NotARecipient { .. })
    ));
}

#[test]
fn a_flipped_bit_is_found_in_the_chunk_where_it_is() {
    let identity = identity();
    let (sealed, body) = chunks(&identity, 3 * CHUNK + 5);
    for chunk in 0..4 {
        let mut changed = sealed.clone();
        changed[body + chunk * SEALED + 3] ^= 0x10;
        let found = open(&changed, Opener::Identity(&identity));
        assert!(
            matches!(found, Err(OpenError::Damaged { chunk: at }) if at == chunk as u64),
            "{found:?}"
        );
    }
}

#[test]
fn a_body_that_ends_after_any_chunk_is_told() {
    let identity = identity();
    let (sealed, body) = chunks(&identity, 3 * CHUNK + 5);
    for chunk in 0..3 {
        let cut = &sealed[..body + (chunk + 1) * SEALED];
        let found = open(cut, Opener::Identity(&identity));
        assert!(
            matches!(found, Err(OpenError::Truncated { chunk: at }) if at == chunk as u64),
            "{found:?}"
        );
    }
    let found = open(&sealed[..body], Opener::Identity(&identity));
    assert!(
        matches!(found, Err(OpenError::Truncated { chunk: 0 })),
        "{found:?}"
    );
}

#[test]
fn no_prefix_of_a_container_opens() {
    let identity = identity();
    let (sealed, body) = chunks(&identity, CHUNK + 5);
    let places = (0..body + 40).chain(body + SEALED - 2..sealed.len());
    for len in places.step_by(7) {
        assert!(
            open(&sealed[..len], Opener::Identity(&identity)).is_err(),
            "{len}"
        );
    }
}

#[test]
fn chunks_in_another_order_do_not_open() {
    let identity = identity();
    let (sealed, body) = chunks(&identity, 3 * CHUNK + 5);
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        let mut swapped = sealed.clone();
        let (a, b) = (body + one * SEALED, body + other * SEALED);
        swapped[a..a + SEALED].copy_from_slice(&sealed[b..b + SEALED]);
        swapped[b..b + SEALED].copy_from_slice(&sealed[a..a + SEALED]);
        let found = open(&swapped, Opener::Identity(&identity));
        assert!(
            matches!(found, Err(OpenError::Damaged { chunk }) if chunk == one as u64),
            "{found:?}"
        );
    }
}

#[test]
fn a_chunk_that_is_missing_or_there_twice_is_found() {
    let identity = identity();
    let (sealed, body) = chunks(&identity, 3 * CHUNK + 5);
    let second = body + SEALED..body + 2 * SEALED;
    let without = [&sealed[..second.start], &sealed[second.end..]].concat();
    assert!(matches!(
        open(&without, Opener::Identity(&identity)),
        Err(OpenError::Damaged { chunk: 1 })
    ));
    let twice = [&sealed[..second.end], &sealed[second.start..]].concat();
    assert!(matches!(
        open(&twice, Opener::Identity(&identity)),
        Err(OpenError::Damaged { chunk: 2 })
    ));
}

#[test]
fn what_follows_the_last_chunk_is_found() {
    let identity = identity();
    let (mut sealed, _) = chunks(&identity, CHUNK);
    sealed.push(0);
    let found = open(&sealed, Opener::Identity(&identity));
    assert!(
        matches!(found, Err(OpenError::Trailing { chunk: 0 })),
        "{found:?}"
    );
    let (mut sealed, _) = chunks(&identity, 10);
    sealed.push(0);
    assert!(matches!(
        open(&sealed, Opener::Identity(&identity)),
        Err(OpenError::Damaged { chunk: 0 })
    ));
}

#[test]
fn a_header_cannot_be_changed() {
    let (ours, other) = (identity(), identity());
    let sealed = seal_to(&[ours.recipient(), other.recipient()], PURPOSE, b"plain").expect("sealed");
    let (header_len, lines) = header_lines(&sealed);
    // Without the other recipient, and with the two in another order: both still hold the file key for us.
    let without = [&lines[0][..], &lines[1], &lines[3]].concat();
    let swapped = [&lines[0][..], &lines[2], &lines[1], &lines[3]].concat();
    for header in [without, swapped] {
        let changed = [&header, &sealed[header_len..]].concat();
        let found = open(&changed, Opener::Identity(&ours));
        assert!(matches!(found, Err(OpenError::HeaderChanged)), "{found:?}");
    }
}

/// Length of the header, and its four lines with their ends.
fn header_lines(sealed: &[u8]) -> (usize, Vec<Vec<u8>>) {
    let lines: Vec<Vec<u8>> = sealed
        .split_inclusive(|byte| *byte == b'\n')
        .take(4)
        .map(<[u8]>::to_vec)
        .collect();
    (lines.iter().map(Vec::len).sum(), lines)
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let words = cheap("correct horse");
    let mut writer = Writer::begin(Vec::new(), &Lock::Passphrase(words.clone()), PURPOSE).expect("begins");
    writer.write_all(b"plain").expect("written");
    let sealed = writer.finish().expect("finished");
    assert_eq!(
        open(&sealed, Opener::Passphrase(&words)).expect("opens"),
        b"plain"
    );
    assert!(matches!(
        open(&sealed, Opener::Passphrase(&cheap("wrong"))),
        Err(OpenError::WrongPassphrase)
    ));
    assert!(matches!(
        open(&sealed, Opener::Identity(&identity())),
        Err(OpenError::NeedsPassphrase)
    ));
}

#[test]
fn an_identity_is_asked_for_where_there_is_no_passphrase() {
    let sealed = seal_to(&[identity().recipient()], PURPOSE, b"plain").expect("sealed");
    assert!(matches!(
        open(&sealed, Opener::Passphrase(&cheap("words"))),
        Err(OpenError::NeedsIdentity)
    ));
}

#[test]
fn a_header_may_not_ask_for_all_memory() {
    let words = cheap("words");
    let writer = Writer::begin(Vec::new(), &Lock::Passphrase(words.clone()), PURPOSE).expect("begins");
    let sealed = writer.finish().expect("finished");
    let header = String::from_utf8_lossy(&sealed).replace(" 64 1 1 ", " 4294967295 1 1 ");
    let found = open(header.as_bytes(), Opener::Passphrase(&words));
    assert!(
        matches!(
            found,
            Err(OpenError::Cost {
                memory_kib: u32::MAX,
                ..
            })
        ),
        "{found:?}"
    );
}

#[test]
fn sealing_to_nobody_is_refused() {
    assert!(matches!(
        seal_to(&[], PURPOSE, b"plain"),
        Err(SealError::NoRecipient)
    ));
}

#[test]
fn recipients_and_identities_read_back_in_each_form() {
    for name in ["X-Wing", "MLKEM1024-P384"] {
        let identity = Identity::generate(named(name)).expect("an identity");
        let recipient = identity.recipient();
        assert_eq!(
            Recipient::parse(&recipient.to_string()).expect("parses"),
            recipient
        );
        let line = format!("# a comment\n\n{}\n", &**identity.to_line());
        let read = Identity::parse(line.as_bytes()).expect("parses");
        assert_eq!(read.recipient(), recipient);
    }
}

#[test]
fn an_x_wing_identity_is_a_pkcs8_file_and_one_without_an_identifier_says_so() {
    let identity = identity();
    let pem = identity.to_pem().expect("has an encoding");
    let read = Identity::parse(pem.as_bytes()).expect("parses");
    assert_eq!(read.recipient(), identity.recipient());
    let other = Identity::generate(named("MLKEM1024-P384")).expect("an identity");
    assert!(matches!(other.to_pem(), Err(IdentityError::Pkcs8(_))));
}

#[test]
fn classical_keys_are_refused_by_name() {
    for name in ["X25519", "P-256"] {
        let classical = kem::algorithms().find(|algorithm| algorithm.is_called(name));
        let Some(algorithm) = classical else { continue };
        let refused = Identity::generate(algorithm).expect_err("refused");
        assert_eq!(
            refused.to_string(),
            format!(
                "{} is classical; recipients are post-quantum only (x-wing, mlkem1024-p384)",
                algorithm.name
            )
        );
    }
    let line = text::write("hybridge-recipient:x25519", &[9; 32]);
    assert!(matches!(
        Recipient::parse(&line),
        Err(RecipientError::Classical(_))
    ));
    let line = text::write("hybridge-recipient:ml-kem-768", &[9; 1184]);
    assert!(matches!(
        Recipient::parse(&line),
        Err(RecipientError::NotAccepted("ML-KEM-768"))
    ));
}

#[test]
fn what_is_not_a_recipient_says_why() {
    let line = identity().recipient().to_string();
    assert!(matches!(
        Recipient::parse("age1qqqq"),
        Err(RecipientError::Text(TextError::NoPrefix))
    ));
    assert!(matches!(
        Recipient::parse(&line[..line.len() - 1]),
        Err(RecipientError::Text(_))
    ));
    assert!(matches!(
        Recipient::parse(&text::write("hybridge-recipient:rot13", &[1])),
        Err(RecipientError::Unknown(_))
    ));
    assert!(matches!(
        Recipient::parse(&text::write("hybridge-recipient:x-wing", &[1])),
        Err(RecipientError::Key { .. })
    ));
    assert!(matches!(
        Recipient::parse(&text::write("other:x-wing", &[1])),
        Err(RecipientError::NotARecipient)
    ));
}

#[test]
fn debug_shows_no_secret() {
    let identity = identity();
    let line = identity.to_line();
    let shown = format!(
        "{identity:?} {:?} {:?}",
        Opener::Identity(&identity),
        cheap("correct horse")
    );
    assert!(
        !shown.contains("correct horse") && !shown.contains(&line[30..50]),
        "{shown}"
    );
    assert!(shown.contains("<redacted>"));
}

/// Containers and identities of the first release, which every later one must open.
#[test]
fn what_the_first_release_sealed_still_opens() {
    let samples = [
        (
            &include_bytes!("sample/x-wing.sealed")[..],
            &include_bytes!("sample/x-wing.identity")[..],
        ),
        (
            &include_bytes!("sample/mlkem1024-p384.sealed")[..],
            &include_bytes!("sample/mlkem1024-p384.identity")[..],
        ),
    ];
    for (sealed, identity) in samples {
        let identity = Identity::parse(identity).expect("an identity");
        let opened = open_with(&identity, "hybridge sample v1", sealed).expect("opens");
        assert_eq!(opened[..], b"a sample of hybridge-sealed/v1\n"[..]);
    }
    let words = cheap("correct horse battery staple");
    let sealed = &include_bytes!("sample/passphrase.sealed")[..];
    let mut reader = Reader::open(sealed, Opener::Passphrase(&words), "hybridge sample v1").expect("opens");
    let mut opened = Vec::new();
    reader.read_to_end(&mut opened).expect("opens");
    assert_eq!(opened[..], b"a sample of hybridge-sealed/v1\n"[..]);
}
