//! What holds for any bytes: nothing panics, a verdict once given stands, what is built reads back, and
//! how a stream is cut changes nothing.

use hybridge_hello::{
    CipherSuite, ClientHello, ClientHelloBuilder, Located, Locator, NamedGroup, Progress, ProtocolVersion,
    RecordTap, ServerHello, SignatureScheme, TapEvent, fingerprints, locate_client_hello, records, ssh,
};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

fn builder() -> impl Strategy<Value = ClientHelloBuilder> {
    let lists = (
        vec(any::<u16>(), 1..40),
        vec(any::<u16>(), 0..20),
        vec(any::<u16>(), 0..20),
    );
    let shares = vec((any::<u16>(), vec(any::<u8>(), 1..80)), 0..4);
    let names = (
        proptest::option::of("[a-z]{1,20}\\.example"),
        vec("[a-z/0-9.]{1,12}", 0..4),
    );
    (any::<[u8; 32]>(), vec(any::<u8>(), 0..33), lists, shares, names).prop_map(
        |(random, session_id, (suites, groups, schemes), shares, (name, alpn))| {
            let alpn: Vec<&[u8]> = alpn.iter().map(String::as_bytes).collect();
            let start = ClientHelloBuilder::new(random)
                .session_id(&session_id)
                .cipher_suites(&suites.into_iter().map(CipherSuite).collect::<Vec<_>>())
                .groups(&groups.into_iter().map(NamedGroup).collect::<Vec<_>>())
                .signature_schemes(&schemes.into_iter().map(SignatureScheme).collect::<Vec<_>>())
                .alpn(&alpn);
            let start = name.iter().fold(start, |builder, name| builder.server_name(name));
            shares.iter().fold(start, |builder, (group, share)| {
                builder.key_share(NamedGroup(*group), share)
            })
        },
    )
}

/// Bytes that are nearly a hello: a real one with a few of its bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let flight = include_bytes!("../vectors/clients/chromium-156.bin");
    vec((0..flight.len(), any::<u8>()), 0..6).prop_map(move |changes| {
        let mut bytes = flight.to_vec();
        changes.into_iter().for_each(|(at, value)| bytes[at] = value);
        bytes
    })
}

fn message(raw: &[u8]) -> Option<Vec<u8>> {
    match locate_client_hello(raw, &mut Vec::new()) {
        Progress::Complete(Located { message, .. }) => Some(message.to_vec()),
        _ => None,
    }
}

/// Events as text, so that those of two taps can be compared.
fn events(pieces: &[&[u8]]) -> Vec<String> {
    let mut tap = RecordTap::new();
    let mut seen = Vec::new();
    pieces
        .iter()
        .for_each(|piece| tap.push(piece, |event: TapEvent<'_>| seen.push(format!("{event:?}"))));
    seen
}

fn cut<'a>(bytes: &'a [u8], cuts: &[proptest::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.sort_unstable();
    let ends = at.iter().copied().chain([bytes.len()]);
    [0].into_iter()
        .chain(at.iter().copied())
        .zip(ends)
        .map(|(start, end)| &bytes[start..end])
        .collect()
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _ = locate_client_hello(&bytes, &mut Vec::new());
        let _ = ClientHello::parse(&bytes).map(|hello| fingerprints(&hello));
        let _ = ServerHello::parse(&bytes);
        let _ = ssh::locate_identification(&bytes);
        let _ = ssh::locate_packet(&bytes);
        let _ = ssh::KexInit::parse(&bytes);
        events(&[&bytes]);
    }

    #[test]
    fn a_damaged_hello_is_read_or_refused(bytes in damaged()) {
        if let Some(message) = message(&bytes) && let Ok(hello) = ClientHello::parse(&message) {
            let (plain, stable) = fingerprints(&hello);
            prop_assert_eq!(plain.as_str().len(), 36);
            prop_assert_eq!(stable.as_str().len(), 36);
            prop_assert!(hello.key_shares().all(|share| !share.key_exchange.is_empty()));
        }
    }

    #[test]
    fn a_verdict_once_given_stands(bytes in damaged(), cut in any::<proptest::sample::Index>()) {
        let length = cut.index(bytes.len() + 1);
        let mut scratch = (Vec::new(), Vec::new());
        let early = locate_client_hello(&bytes[..length], &mut scratch.0);
        let whole = locate_client_hello(&bytes, &mut scratch.1);
        if early != Progress::Incomplete {
            prop_assert_eq!(early, whole);
        }
    }

    #[test]
    fn what_is_built_reads_back(builder in builder()) {
        let message = builder.build().expect("small lists fit");
        let hello = ClientHello::parse(&message).expect("it keeps the grammar");
        prop_assert!(hello.offers_tls13());
        prop_assert_eq!(hello.message(), &message[..]);
        let extensions = hello.extensions().map(|(_, body)| body.len() + 4).sum::<usize>();
        let suites = 2 * hello.cipher_suites().len();
        prop_assert_eq!(message.len(), 4 + 2 + 32 + 1 + hello.session_id().len() + 2 + suites + 2 + 2 + extensions);
    }

    #[test]
    fn fragments_join_to_the_same_message(
        builder in builder(),
        fragment in 1_usize..2000,
        segment in 1_usize..700,
    ) {
        let message = builder.build().expect("small lists fit");
        let raw = records(&message, fragment, ProtocolVersion::TLS_1_0);
        let mut locator = Locator::default();
        let ends = (segment..raw.len()).step_by(segment).chain([raw.len()]);
        for end in ends {
            let mut scratch = Vec::new();
            match locator.advance(&raw[..end], &mut scratch) {
                Progress::Incomplete => prop_assert!(end < raw.len()),
                Progress::Complete(located) => {
                    prop_assert_eq!(located.message, &message[..]);
                    prop_assert_eq!(usize::from(located.records), message.len().div_ceil(fragment));
                    prop_assert_eq!(located.consumed, raw.len());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn how_a_stream_is_cut_changes_no_event(
        bytes in damaged(),
        tail in vec(any::<u8>(), 0..100),
        cuts in vec(any::<proptest::sample::Index>(), 0..12),
    ) {
        let stream = [&bytes[..], include_bytes!("../vectors/transcripts/tls12.client.bin"), &tail].concat();
        prop_assert_eq!(events(&cut(&stream, &cuts)), events(&[&stream]));
    }

    #[test]
    fn an_ssh_packet_reads_back(payload in vec(any::<u8>(), 1..2000)) {
        let raw = ssh::build_packet(&payload).expect("it fits");
        let packet = ssh::locate_packet(&raw).expect("well formed").expect("whole");
        prop_assert_eq!(packet.payload, &payload[..]);
    }
}
