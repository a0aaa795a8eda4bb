//! Our reading of a ClientHello against that of rustls: whatever its `Acceptor` accepts, we accept, and
//! both read the same.
//!
//! The first byte of the input says what the rest is: the bytes of a connection, or the extensions of a
//! hello whose lengths are then right, so that mutations reach the grammar of each extension.
//!
//! Three differences are deliberate:
//! - We stop at 16 KiB where rustls reads up to 64 KiB, and so at records longer than RFC 8446 §5.1 allows.
//! - We refuse a pre-shared key binder shorter than 32 bytes, as RFC 8446 §4.2.11 has it, which rustls
//!   notices only when it verifies the binder.
//! - We take a record whose version is not 3.x for no TLS, where rustls knows SSL 2.0 and DTLS by their
//!   numbers and lets them pass.
#![no_main]

use hybridge_hello::{ClientHello, Flaw, Malformed, Progress, ProtocolVersion, locate_client_hello, records};
use libfuzzer_sys::fuzz_target;
use rustls::server::{Accepted, Acceptor};

fuzz_target!(|input: &[u8]| match input.split_first() {
    Some((0, raw)) => compare_readings(raw),
    Some((_, choices)) => compare_readings(&records(&hello(choices), 16_384, ProtocolVersion::TLS_1_0)),
    None => {}
});

/// The extensions both sides read, and one that neither does.
const KINDS: [u16; 16] = [0, 5, 10, 11, 13, 16, 23, 27, 35, 42, 43, 44, 45, 50, 51, 41];

/// A hello with an extension for each `(kind, length, body)` among the bytes.
fn hello(mut choices: &[u8]) -> Vec<u8> {
    let counted = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let mut extensions = Vec::new();
    while let [kind, length, rest @ ..] = choices {
        let (body, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        let kind = KINDS.get(usize::from(*kind)).copied().unwrap_or(u16::from(*kind));
        extensions.extend_from_slice(&kind.to_be_bytes());
        extensions.extend_from_slice(&counted(body));
        choices = rest;
    }
    let body = [
        &[3, 3],
        &[7; 32][..],
        &[0, 0, 2, 0x13, 1, 1, 0],
        &counted(&extensions),
    ]
    .concat();
    [&[1, 0][..], &counted(&body)].concat()
}

fn compare_readings(raw: &[u8]) {
    let Some(accepted) = accept(raw) else {
        return;
    };
    let mut scratch = Vec::new();
    let message = match locate_client_hello(raw, &mut scratch) {
        Progress::Complete(located) => located.message,
        Progress::TooLong => return,
        Progress::Foreign(_) if matches!(raw, [22, 2 | 0xfe, ..]) => return,
        Progress::Malformed(Malformed {
            field: "legacy_record_version",
            ..
        }) => return,
        Progress::Malformed(Malformed {
            field: "TLSPlaintext.length",
            flaw: Flaw::BadLength,
            ..
        }) => return,
        other => panic!("rustls accepts what we find {other:?}"),
    };
    match ClientHello::parse(message) {
        Ok(ours) => compare(&ours, &accepted),
        Err(Malformed {
            field: "binder" | "binders",
            ..
        }) => {}
        Err(malformed) => panic!("rustls accepts what we find malformed: {malformed}"),
    }
}

/// What rustls makes of the bytes, given all at once.
fn accept(mut raw: &[u8]) -> Option<Accepted> {
    let mut acceptor = Acceptor::default();
    while !raw.is_empty() {
        if acceptor.read_tls(&mut raw).ok()? == 0 {
            return None;
        }
        if let Some(accepted) = acceptor.accept().ok()? {
            return Some(accepted);
        }
    }
    None
}

fn compare(ours: &ClientHello<'_>, accepted: &Accepted) {
    let theirs = accepted.client_hello();
    assert_eq!(
        ours.server_name().map(str::to_lowercase),
        theirs.server_name().map(str::to_lowercase)
    );
    assert!(
        ours.signature_schemes()
            .map(|scheme| scheme.0)
            .eq(theirs.signature_schemes().iter().map(|s| u16::from(*s)))
    );
    assert!(
        ours.cipher_suites()
            .map(|suite| suite.0)
            .eq(theirs.cipher_suites().iter().map(|s| u16::from(*s)))
    );
    let groups = theirs.named_groups().unwrap_or_default();
    assert!(
        ours.supported_groups()
            .map(|group| group.0)
            .eq(groups.iter().map(|group| u16::from(*group)))
    );
    match theirs.alpn() {
        Some(names) => assert!(ours.alpn().eq(names)),
        None => assert_eq!(ours.alpn().count(), 0),
    }
}
