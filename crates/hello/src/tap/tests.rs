//! What passes a tap, and that the pieces it passes in make no difference.
//! The connections are described in `vectors/transcripts/SOURCE.md`.

use super::*;
use crate::records::records;
use crate::version::ProtocolVersion;

/// The events as one line: `client_hello 1552, ccs, 23:69, …`; where bytes are equal, so are lines.
fn events(bytes: &[u8], piece: usize) -> String {
    let mut tap = RecordTap::new();
    let mut line = Vec::new();
    for piece in bytes.chunks(piece) {
        tap.push(piece, |event| line.push(show(event)));
    }
    line.join(", ")
}

fn show(event: TapEvent<'_>) -> String {
    match event {
        TapEvent::Handshake {
            kind,
            message,
            length,
        } if message.len() == length => format!("{kind} {length}"),
        TapEvent::Handshake {
            kind,
            message,
            length,
        } => format!("{kind} {}/{length}", message.len()),
        TapEvent::Alert { level, description } => format!("alert {level} {description}"),
        TapEvent::Encrypted { content_type, length } => format!("{content_type}:{length}"),
        TapEvent::ChangeCipherSpec => "ccs".to_owned(),
        TapEvent::NotTls => "not tls".to_owned(),
    }
}

fn check(bytes: &[u8], expect: &str) {
    for piece in [bytes.len().max(1), 1, 2, 3, 5, 7, 536, 1460] {
        assert_eq!(events(bytes, piece), expect, "in pieces of {piece}");
    }
}

#[test]
fn watches_a_tls_1_3_handshake() {
    check(
        include_bytes!("../../vectors/transcripts/tls13.client.bin"),
        "client_hello 1552, ccs, 23:69, 23:19",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls13.server.bin"),
        "server_hello 1210, ccs, 23:23, 23:428, 23:95, 23:69, 23:250, 23:250, 23:19",
    );
}

#[test]
fn reads_the_second_hello_after_a_retry_although_the_ciphers_have_changed() {
    check(
        include_bytes!("../../vectors/transcripts/tls13-retry.client.bin"),
        "client_hello 320, ccs, client_hello 1504, 23:69, 23:19",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls13-retry.server.bin"),
        "server_hello 88, ccs, server_hello 1210, 23:23, 23:428, 23:97, 23:69, 23:250, 23:250, 23:19",
    );
}

#[test]
fn watches_resumption_in_tls_1_3() {
    check(
        include_bytes!("../../vectors/transcripts/tls13-resumed.client.bin"),
        "client_hello 1823, ccs, 23:69, 23:19",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls13-resumed.server.bin"),
        "server_hello 1216, ccs, 23:23, 23:69, 23:250, 23:19",
    );
}

#[test]
fn watches_a_tls_1_2_handshake_up_to_where_it_is_encrypted() {
    check(
        include_bytes!("../../vectors/transcripts/tls12.client.bin"),
        "client_hello 1552, client_key_exchange 37, ccs, 22:40, 21:26",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls12.server.bin"),
        "server_hello 65, certificate 408, server_key_exchange 115, server_hello_done 4, \
         new_session_ticket 186, ccs, 22:40, 21:26",
    );
}

#[test]
fn takes_no_encrypted_finished_for_a_second_hello() {
    check(
        include_bytes!("../../vectors/transcripts/tls12-resumed.client.bin"),
        "client_hello 1728, ccs, 22:40, 21:26",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls12-resumed.server.bin"),
        "server_hello 85, ccs, 22:40, 21:26",
    );
}

#[test]
fn reads_alerts_while_they_are_plaintext() {
    check(
        include_bytes!("../../vectors/transcripts/tls13-refused.server.bin"),
        "alert 2 protocol_version",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls12-unknown-ca.client.bin"),
        "client_hello 1552, alert 2 unknown_ca",
    );
    check(
        include_bytes!("../../vectors/transcripts/tls13-unknown-ca.client.bin"),
        "client_hello 1552, alert 2 unknown_ca",
    );
}

fn handshake(kind: u8, length: usize) -> Vec<u8> {
    let [.., a, b, c] = length.to_be_bytes();
    [vec![kind, a, b, c], vec![7; length]].concat()
}

#[test]
fn joins_fragments_and_splits_records() {
    let first = handshake(2, 100);
    let second = handshake(11, 0);
    let stream = [first, second, handshake(14, 3)].concat();
    for fragment in [1, 2, 3, 4, 5, 50, 104, 105, 200] {
        let bytes = records(&stream, fragment, ProtocolVersion::TLS_1_2);
        check(&bytes, "server_hello 104, certificate 4, server_hello_done 7");
    }
}

#[test]
fn keeps_only_the_beginning_of_a_long_message_and_finds_the_next() {
    let stream = [handshake(11, 70_000), handshake(14, 0)].concat();
    for fragment in [1000, 16_384] {
        let bytes = records(&stream, fragment, ProtocolVersion::TLS_1_2);
        check(&bytes, "certificate 16384/70004, server_hello_done 4");
    }
    let mut tap = RecordTap::new();
    tap.push(&records(&stream, 16_384, ProtocolVersion::TLS_1_2), |event| {
        if let TapEvent::Handshake { message, .. } = event {
            assert!(message.starts_with(&[11, 1]) || message == [14, 0, 0, 0]);
        }
    });
}

#[test]
fn abandons_a_message_that_another_kind_of_record_cuts_off() {
    let half = records(&handshake(11, 100)[..50], 16_384, ProtocolVersion::TLS_1_2);
    let bytes = [
        half,
        vec![21, 3, 3, 0, 2, 2, 80],
        records(&handshake(14, 0), 9, ProtocolVersion::TLS_1_2),
    ]
    .concat();
    check(&bytes, "alert 2 internal_error, server_hello_done 4");
}

#[test]
fn says_once_that_it_sees_no_tls() {
    let check = |bytes: &[u8], expect| {
        check(bytes, expect);
        let mut tap = RecordTap::new();
        tap.push(bytes, |_| {});
        assert!(tap.finished());
    };
    check(b"GET / HTTP/1.1\r\n\r\n", "not tls");
    check(b"\x80\x2e\x01\x00\x02", "not tls");
    check(&[22, 2], "not tls");
    check(&[22, 3, 1, 0xff, 0xff, 0], "not tls");
    check(&[22, 3, 1, 0, 0, 22], "not tls");
    check(&[21, 3, 1, 0, 0], "not tls");
    check(&[20, 3, 3, 0, 2, 1, 1], "not tls");
    check(&[20, 3, 3, 0, 1, 2], "not tls");
    check(&[23, 3, 3, 0, 0, 25], "23:0, not tls");
}

#[test]
fn counts_records_and_ignores_bytes_once_stopped() {
    let mut tap = RecordTap::new();
    tap.push(
        include_bytes!("../../vectors/transcripts/tls13.client.bin"),
        |_| {},
    );
    assert_eq!((tap.records(), tap.finished()), (4, false));
    tap.stop();
    tap.push(b"GET / HTTP/1.1\r\n\r\n", |event| panic!("{event:?}"));
    assert_eq!((tap.records(), tap.finished()), (4, true));
}

#[test]
fn takes_no_memory_while_messages_come_whole() {
    let mut tap = RecordTap::new();
    tap.push(
        include_bytes!("../../vectors/transcripts/tls12.server.bin"),
        |_| {},
    );
    assert_eq!(tap.assembly.reserved(), 0);
}
