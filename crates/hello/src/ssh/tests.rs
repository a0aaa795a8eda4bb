//! The opening of an SSH connection, read and written; the captures are described in
//! `vectors/ssh/SOURCE.md`.

use super::*;
use crate::writer::BuildError;

/// The identification and the packets of one direction.
fn read(direction: &[u8]) -> (Identification<'_>, Vec<&[u8]>) {
    let located = locate_identification(direction).expect("real").expect("whole");
    let mut rest = &direction[located.consumed..];
    let mut payloads = Vec::new();
    while let Some(packet) = locate_packet(rest).expect("real") {
        payloads.push(packet.payload);
        rest = &rest[packet.consumed..];
    }
    assert!(rest.is_empty());
    (located.identification, payloads)
}

#[test]
fn reads_a_real_connection_up_to_newkeys() {
    let check = |direction: &[u8], software: &str, first: &str, numbers: &[u8]| {
        let (identification, payloads) = read(direction);
        assert_eq!(identification.software(), software);
        assert!(identification.speaks_version_2());
        assert!(
            payloads
                .iter()
                .map(|payload| payload[0])
                .eq(numbers.iter().copied())
        );
        let kexinit = KexInit::parse(payloads[0]).expect("a real KEXINIT");
        assert_eq!(kexinit.kex_algorithms.iter().next(), Some(first));
        assert!(!kexinit.first_kex_packet_follows);
        assert_eq!(kexinit.to_payload(), payloads[0]);
    };
    let (hybrid, older) = ("mlkem768x25519-sha256", "sntrup761x25519-sha512");
    check(
        include_bytes!("../../vectors/ssh/openssh-10.0.client.bin"),
        "OpenSSH_10.0p2",
        hybrid,
        &[20, 30, 21],
    );
    check(
        include_bytes!("../../vectors/ssh/openssh-10.0.server.bin"),
        "OpenSSH_10.0p2",
        hybrid,
        &[20, 31, 21],
    );
    check(
        include_bytes!("../../vectors/ssh/openssh-9.2.client.bin"),
        "OpenSSH_9.2p1",
        older,
        &[20, 30, 21],
    );
}

#[test]
fn reads_the_fields_of_the_hybrid_exchange() {
    let (_, client) = read(include_bytes!("../../vectors/ssh/openssh-10.0.client.bin"));
    let (_, server) = read(include_bytes!("../../vectors/ssh/openssh-10.0.server.bin"));
    let init = KexHybridInit::parse(client[1]).expect("a real KEX_HYBRID_INIT");
    let reply = KexHybridReply::parse(server[1]).expect("a real KEX_HYBRID_REPLY");
    assert_eq!(init.client_init.len(), 1184 + 32);
    assert_eq!(reply.server_reply.len(), 1088 + 32);
    assert!(reply.host_key.starts_with(b"\0\0\0\x0bssh-ed25519"));
    assert!(reply.signature.starts_with(b"\0\0\0\x0bssh-ed25519"));
    assert_eq!(init.to_payload(), client[1]);
    assert_eq!(reply.to_payload(), server[1]);
    assert!(KexHybridInit::parse(server[1]).is_err());
    assert!(KexHybridInit::parse(&[client[1], &[0]].concat()).is_err());
    assert!(KexHybridReply::parse(&server[1][..1300.min(server[1].len() - 1)]).is_err());
}

#[test]
fn settles_on_what_real_peers_settled_on() {
    let (_, client) = read(include_bytes!("../../vectors/ssh/openssh-9.2.client.bin"));
    let (_, server) = read(include_bytes!("../../vectors/ssh/openssh-9.2.server.bin"));
    let client = KexInit::parse(client[0]).expect("a real KEXINIT");
    let server = KexInit::parse(server[0]).expect("a real KEXINIT");
    let method = client.kex_algorithms.settle(&server.kex_algorithms);
    assert_eq!(method, Some("sntrup761x25519-sha512"));
    assert_eq!(server.languages_client_to_server.iter().count(), 0);
}

#[test]
fn reads_identification_strings() {
    let check = |raw: &[u8], expect: Option<(&str, &str, Option<&str>, usize)>| {
        let located = locate_identification(raw).expect("well formed");
        let found = located.map(|located| {
            let id = located.identification;
            (id.protocol(), id.software(), id.comments(), located.consumed)
        });
        assert_eq!(found, expect, "{:?}", String::from_utf8_lossy(raw));
    };
    check(b"", None);
    check(b"SSH-2.0-x", None);
    check(b"SSH-2.0-x\r\n", Some(("2.0", "x", None, 11)));
    check(b"SSH-2.0-x\n", Some(("2.0", "x", None, 10)));
    check(
        b"SSH-1.99-Cisco-1.25\r\nrest",
        Some(("1.99", "Cisco-1.25", None, 21)),
    );
    check(b"SSH-2.0-a b c\r\n", Some(("2.0", "a", Some("b c"), 15)));
    check(b"Welcome\r\nto\nSSH-2.0-x\r\n", Some(("2.0", "x", None, 23)));
    check(b"Welcome\r\n", None);
}

#[test]
fn refuses_identification_strings_that_break_the_rules() {
    let check = |raw: &[u8], expect: &str| {
        let error = locate_identification(raw).map_err(|malformed| malformed.to_string());
        assert_eq!(error, Err(expect.to_owned()));
    };
    check(
        b"SSH-2.0\r\n",
        "identification at byte 4 claims more bytes than there are",
    );
    check(b"SSH-2.0-\r\n", "identification at byte 4 is empty");
    check(b"SSH--x\r\n", "identification at byte 4 is empty");
    check(
        b"hi\nSSH-2.0-\0\r\n",
        "identification at byte 11 has a value that is not allowed",
    );
    check(
        b"SSH-2.0-\xff\r\n",
        "identification at byte 8 has a value that is not allowed",
    );
    check(
        &[b"SSH-2.0-".as_slice(), &[b'x'; 248]].concat(),
        "identification at byte 0 is too long",
    );
    check(&[b'x'; MAX_PREAMBLE + 1], "identification at byte 0 is too long");
    check(&b"line\n".repeat(2000), "identification at byte 8190 is too long");
}

#[test]
fn builds_identification_strings() {
    let check = |software: &str, comments, expect: Result<&str, BuildError>| {
        let built = build_identification(software, comments);
        assert_eq!(built.as_deref(), expect.as_ref().map(|line| line.as_bytes()));
    };
    check("Hybridge_0.1", None, Ok("SSH-2.0-Hybridge_0.1\r\n"));
    check("x", Some("a b"), Ok("SSH-2.0-x a b\r\n"));
    check("", None, Err(BuildError::Empty("software")));
    check("a b", None, Err(BuildError::BadCharacter("software")));
    check("x", Some("a\r\nb"), Err(BuildError::BadCharacter("comments")));
    check(&"x".repeat(246), None, Err(BuildError::TooLong("identification")));
}

#[test]
fn frames_packets() {
    for length in [1, 2, 3, 4, 7, 8, 100, 1200, MAX_PACKET - 9] {
        let payload = vec![7; length];
        let raw = build_packet(&payload).expect("it fits");
        assert_eq!(raw.len() % 8, 0);
        let packet = locate_packet(&raw).expect("well formed").expect("whole");
        assert_eq!((packet.payload, packet.consumed), (&payload[..], raw.len()));
        assert_eq!(packet.number(), 7);
        for cut in 0..raw.len().min(40) {
            assert_eq!(locate_packet(&raw[..cut]), Ok(None));
        }
    }
    assert_eq!(build_packet(&[]), Err(BuildError::Empty("payload")));
    assert_eq!(
        build_packet(&vec![7; MAX_PACKET]),
        Err(BuildError::TooLong("payload"))
    );
}

#[test]
fn refuses_packets_that_break_the_rules() {
    let check = |raw: &[u8], expect: &str| {
        let error = locate_packet(raw).map_err(|malformed| malformed.to_string());
        assert_eq!(error, Err(expect.to_owned()), "{raw:?}");
    };
    check(
        &[0, 0, 0, 0],
        "packet_length at byte 0 has a length that is not allowed",
    );
    check(
        &[0, 0, 0, 4],
        "packet_length at byte 0 has a length that is not allowed",
    );
    check(
        &[0, 0, 0, 13],
        "packet_length at byte 0 has a length that is not allowed",
    );
    check(&[0, 0, 0x88, 0xb8], "packet_length at byte 0 is too long");
    check(&[0xff, 0xff, 0xff, 0xff], "packet_length at byte 0 is too long");
    check(b"SSH-", "packet_length at byte 0 is too long");
    check(
        &[0, 0, 0, 12, 3],
        "padding_length at byte 4 has a length that is not allowed",
    );
    check(
        &[0, 0, 0, 12, 11],
        "padding_length at byte 4 has a length that is not allowed",
    );
    check(
        &[0, 0, 0, 12, 255],
        "padding_length at byte 4 has a length that is not allowed",
    );
}

#[test]
fn checks_name_lists() {
    let check = |list: &[u8], expect: Result<usize, &str>| {
        let names = NameList::parse(list).map(|names| names.iter().count());
        assert_eq!(
            names.map_err(|malformed| malformed.to_string()),
            expect.map_err(str::to_owned)
        );
    };
    check(b"", Ok(0));
    check(b"a", Ok(1));
    check(b"a,b,c@d", Ok(3));
    check(b"a,,b", Err("name-list at byte 0 is empty"));
    check(b",", Err("name-list at byte 0 is empty"));
    check(b"a,", Err("name-list at byte 0 is empty"));
    check(b"a b", Err("name-list at byte 1 has a value that is not allowed"));
    check(
        b"ab\xff",
        Err("name-list at byte 2 has a value that is not allowed"),
    );
}

#[test]
fn refuses_a_kexinit_that_breaks_the_rules() {
    let good = KexInit {
        kex_algorithms: NameList::parse(b"a,b").expect("valid"),
        ..KexInit::default()
    };
    let payload = good.to_payload();
    assert_eq!(KexInit::parse(&payload), Ok(good));
    for length in 0..payload.len() {
        assert!(KexInit::parse(&payload[..length]).is_err(), "{length} bytes");
    }
    assert!(KexInit::parse(&[&payload[..], &[0]].concat()).is_err());
    let mut bad = payload.clone();
    bad[22] = b' ';
    let error = KexInit::parse(&bad).map_err(|malformed| malformed.to_string());
    assert_eq!(
        error,
        Err("kex_algorithms at byte 22 has a value that is not allowed".to_owned())
    );
}

#[test]
fn tells_which_methods_resist_a_quantum_computer() {
    let check = |name, kind| {
        assert_eq!(KexMethod(name).kind(), kind, "{name}");
        assert_eq!(
            KexMethod(name).is_post_quantum(),
            kind == KexKind::Hybrid,
            "{name}"
        );
    };
    check("mlkem768x25519-sha256", KexKind::Hybrid);
    check("mlkem768nistp256-sha256", KexKind::Hybrid);
    check("mlkem1024nistp384-sha384", KexKind::Hybrid);
    check("sntrup761x25519-sha512", KexKind::Hybrid);
    check("sntrup761x25519-sha512@openssh.com", KexKind::Hybrid);
    check("sntrup4591761x25519-sha512@tinyssh.org", KexKind::Obsolete);
    check(
        "ecdh-nistp256-kyber-512r3-sha256-d00@openquantumsafe.org",
        KexKind::Obsolete,
    );
    check("curve25519-sha256", KexKind::Classical);
    check("curve25519-sha256@libssh.org", KexKind::Classical);
    check("diffie-hellman-group14-sha256", KexKind::Classical);
    check("diffie-hellman-group-exchange-sha256", KexKind::Classical);
    check("ecdh-sha2-nistp256", KexKind::Classical);
    check("ext-info-c", KexKind::Signal);
    check("kex-strict-s-v00@openssh.com", KexKind::Signal);
    check("mlkem768x25519-sha256@example.com", KexKind::Unknown);
}

#[test]
fn every_method_of_a_real_server_is_in_the_table() {
    let (_, server) = read(include_bytes!("../../vectors/ssh/openssh-10.0.server.bin"));
    let kexinit = KexInit::parse(server[0]).expect("a real KEXINIT");
    for name in kexinit.kex_algorithms.iter() {
        assert_ne!(KexMethod(name).kind(), KexKind::Unknown, "{name}");
    }
}

#[test]
fn writes_numbers_as_rfc_4251_shows_them() {
    let check = |magnitude: &[u8], expect: &[u8]| {
        let mut written = Vec::new();
        put_mpint(&mut written, magnitude);
        assert_eq!(written, expect);
    };
    check(&[], &[0, 0, 0, 0]);
    check(&[0, 0], &[0, 0, 0, 0]);
    check(&[0x09, 0xa3, 0x78, 0xf9], &[0, 0, 0, 4, 0x09, 0xa3, 0x78, 0xf9]);
    check(&[0x80], &[0, 0, 0, 2, 0, 0x80]);
    check(&[0, 0, 0x7f], &[0, 0, 0, 1, 0x7f]);
}

#[test]
fn reads_why_a_peer_hangs_up() {
    let payload = [&[1, 0, 0, 0, 3, 0, 0, 0, 2][..], b"no", &[0, 0, 0, 0]].concat();
    assert_eq!(
        Disconnect::parse(&payload),
        Ok(Disconnect {
            reason: 3,
            description: b"no"
        })
    );
    assert!(Disconnect::parse(&payload[..8]).is_err());
}
