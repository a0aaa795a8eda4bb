//! Finding, reading and fingerprinting a ClientHello: nothing panics, a verdict once given stands, what
//! the accessors say is what the bytes are, and the short ways give what the long ways give.
#![no_main]

use hybridge_hello::{
    ClientHello, Locator, MAX_CLIENT_HELLO, Progress, Transport, fingerprints, ja4, ja4_stable,
    locate_client_hello,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (&cut, raw) = input.split_first().unwrap_or((&0, &[]));
    locate(raw, usize::from(cut));
    read(raw);
    if let Ok(length) = u16::try_from(raw.len()) {
        let [high, low] = length.to_be_bytes();
        read(&[&[1, 0, high, low], raw].concat());
    }
});

fn locate(raw: &[u8], cut: usize) {
    let mut scratch = Vec::new();
    let whole = locate_client_hello(raw, &mut scratch);
    if let Progress::Complete(located) = &whole {
        assert!(located.consumed <= raw.len() && located.message.len() <= MAX_CLIENT_HELLO);
        read(located.message);
    }
    let (mut locator, mut room) = (Locator::default(), Vec::new());
    for end in (0..raw.len()).step_by(cut.max(1)) {
        let early = locator.advance(&raw[..end], &mut room);
        if early != Progress::Incomplete {
            assert_eq!(early, whole);
            return;
        }
    }
    assert_eq!(locator.advance(raw, &mut room), whole);
}

fn read(message: &[u8]) {
    let hello = match ClientHello::parse(message) {
        Ok(hello) => hello,
        Err(malformed) => return assert!(malformed.offset <= message.len()),
    };
    assert_eq!(written(&hello), &message[4..]);
    let kinds: Vec<u16> = hello.extensions().map(|(kind, _)| kind).collect();
    let mut distinct = kinds.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), kinds.len());
    assert_eq!(hello.psk_offered(), kinds.last() == Some(&41));
    assert_eq!(hello.psk_offered(), kinds.contains(&41));
    assert!(hello.key_shares().all(|share| !share.key_exchange.is_empty()));
    assert!(hello.alpn().all(|name| !name.is_empty()));
    assert!(
        hello
            .server_name()
            .is_none_or(|name| !name.is_empty() && name.is_ascii())
    );
    let (plain, stable) = fingerprints(&hello);
    assert_eq!(
        (plain, stable),
        (ja4(&hello, Transport::Tcp), ja4_stable(&hello, Transport::Tcp))
    );
    assert!(plain.as_str().len() == 36 && stable.as_str().len() == 36);
    assert_eq!(
        plain == stable,
        !kinds.iter().any(|kind| [21, 41, 42, 44].contains(kind))
    );
}

/// The body of the message, put together again from what the accessors say.
fn written(hello: &ClientHello<'_>) -> Vec<u8> {
    let counted = |bytes: Vec<u8>| [&(bytes.len() as u16).to_be_bytes()[..], &bytes].concat();
    let suites = hello
        .cipher_suites()
        .flat_map(|suite| suite.0.to_be_bytes())
        .collect();
    let extension =
        |(kind, body): (u16, &[u8])| [kind.to_be_bytes().to_vec(), counted(body.to_vec())].concat();
    let extensions: Vec<u8> = hello.extensions().flat_map(extension).collect();
    let mut body = hello.legacy_version().0.to_be_bytes().to_vec();
    body.extend_from_slice(hello.random());
    body.push(hello.session_id().len() as u8);
    body.extend_from_slice(hello.session_id());
    body.extend(counted(suites));
    body.push(hello.compression_methods().len() as u8);
    body.extend_from_slice(hello.compression_methods());
    if body.len() + 4 < hello.message().len() {
        body.extend(counted(extensions));
    }
    body
}
