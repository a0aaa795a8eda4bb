//! Conversations as real servers hold them, replayed byte by byte, and servers that decline.
//!
//! The client's bytes must be exactly those expected, so a change in what we say is seen here.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{StartTls, upgrade};
use crate::probe::Failure;

/// One turn of the server: what the client must have said before, and what the server says.
type Turn<'a> = (&'a [u8], &'a [u8]);

async fn play(mut stream: DuplexStream, turns: &[Turn<'_>]) {
    for (heard, said) in turns {
        let mut bytes = vec![0; heard.len()];
        stream
            .read_exact(&mut bytes)
            .await
            .expect("the client says its part");
        assert_eq!(bytes, *heard, "{}", String::from_utf8_lossy(&bytes));
        stream.write_all(said).await.expect("the client listens");
    }
}

async fn outcome(protocol: StartTls, turns: &[Turn<'_>]) -> Result<(), Failure> {
    let (mut client, server) = duplex(65_536);
    let (result, ()) = tokio::join!(
        upgrade(protocol, &mut client, "mail.example"),
        play(server, turns)
    );
    result
}

async fn consents(protocol: StartTls, turns: &[Turn<'_>]) {
    assert_eq!(outcome(protocol, turns).await, Ok(()), "{protocol}");
}

async fn declines(protocol: StartTls, turns: &[Turn<'_>], words: &str) {
    match outcome(protocol, turns).await {
        Err(Failure::Declined { reply }) => assert!(reply.contains(words), "{protocol}: {reply}"),
        other => assert!(
            other.is_err_and(|e| e.to_string().contains(words)),
            "{protocol}: {words}"
        ),
    }
}

const EHLO: &[u8] = b"EHLO hybridge.invalid\r\n";

#[tokio::test]
async fn smtp_asks_after_a_greeting_and_a_list_of_several_lines() {
    let greeting: &[u8] = b"220-mail.example ESMTP\r\n220 no spam please\r\n";
    let features: &[u8] = b"250-mail.example\r\n250-SIZE 1000\r\n250-starttls\r\n250 CHUNKING\r\n";
    let consent: &[u8] = b"220 2.0.0 Ready to start TLS\r\n";
    consents(
        StartTls::Smtp,
        &[(b"", greeting), (EHLO, features), (b"STARTTLS\r\n", consent)],
    )
    .await;
}

#[tokio::test]
async fn smtp_tells_a_missing_feature_from_a_refusal() {
    let greeting: Turn<'_> = (b"", b"220 mail.example\r\n");
    declines(
        StartTls::Smtp,
        &[greeting, (EHLO, b"250-mail.example\r\n250 HELP\r\n")],
        "no STARTTLS",
    )
    .await;
    let refusal: Turn<'_> = (b"STARTTLS\r\n", b"454 4.7.0 TLS not available\r\n");
    declines(
        StartTls::Smtp,
        &[greeting, (EHLO, b"250 STARTTLS\r\n"), refusal],
        "TLS not available",
    )
    .await;
    declines(StartTls::Smtp, &[(b"", b"554 no service\r\n")], "no service").await;
}

#[tokio::test]
async fn imap_passes_over_untagged_lines() {
    let greeting: &[u8] = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n";
    let consent: &[u8] = b"* CAPABILITY IMAP4rev1\r\na1 OK Begin TLS negotiation now.\r\n";
    consents(StartTls::Imap, &[(b"", greeting), (b"a1 STARTTLS\r\n", consent)]).await;
    let refusal: &[u8] = b"a1 BAD unknown command\r\n";
    declines(
        StartTls::Imap,
        &[(b"", greeting), (b"a1 STARTTLS\r\n", refusal)],
        "unknown command",
    )
    .await;
    declines(StartTls::Imap, &[(b"", b"* BYE overloaded\r\n")], "overloaded").await;
}

#[tokio::test]
async fn pop3_and_ftp_ask_once() {
    let stls: Turn<'_> = (b"STLS\r\n", b"+OK Begin TLS negotiation now.\r\n");
    consents(StartTls::Pop3, &[(b"", b"+OK Dovecot ready.\r\n"), stls]).await;
    let refused: Turn<'_> = (b"STLS\r\n", b"-ERR unsupported\r\n");
    declines(StartTls::Pop3, &[(b"", b"+OK ready\r\n"), refused], "unsupported").await;
    let auth: Turn<'_> = (b"AUTH TLS\r\n", b"234 Proceed with negotiation.\r\n");
    consents(
        StartTls::Ftp,
        &[(b"", b"220-Welcome\r\n  to this\r\n220 server\r\n"), auth],
    )
    .await;
    let refused: Turn<'_> = (b"AUTH TLS\r\n", b"530 Please login with USER and PASS.\r\n");
    declines(
        StartTls::Ftp,
        &[(b"", b"220 (vsFTPd 3.0.5)\r\n"), refused],
        "Please login",
    )
    .await;
}

#[tokio::test]
async fn postgres_reads_one_byte() {
    let request: &[u8] = b"\x00\x00\x00\x08\x04\xd2\x16\x2f";
    consents(StartTls::Postgres, &[(request, b"S")]).await;
    declines(StartTls::Postgres, &[(request, b"N")], "TLS is off").await;
    declines(StartTls::Postgres, &[(request, b"E")], "E").await;
}

/// The greeting of MariaDB 11.8: protocol 10, version, thread id, salt, filler, capabilities 0xfffe.
const MYSQL_GREETING: &[u8] =
    b"\x5d\0\0\0\x0a5.5.5-11.8.3-MariaDB\0\x1f\0\0\0abcdefgh\0\xfe\xff\x2d\x02\0\xff\x81\
    \x15\0\0\0\0\0\0\x1d\0\0\0ijklmnopqrst\0mysql_native_password\0";

#[tokio::test]
async fn mysql_looks_for_the_capability_before_it_asks() {
    let length = u8::try_from(MYSQL_GREETING.len() - 4).expect("a short greeting");
    let mut greeting = MYSQL_GREETING.to_vec();
    greeting[0] = length;
    let mut request = vec![0; 36];
    request[..14].copy_from_slice(&[32, 0, 0, 1, 0x00, 0x8a, 0x08, 0x00, 0, 0, 0, 1, 45, 0]);
    consents(StartTls::Mysql, &[(b"", &greeting), (&request, b"")]).await;

    let flags = greeting
        .windows(2)
        .position(|pair| pair == [0xfe, 0xff])
        .expect("capabilities");
    greeting[flags + 1] = 0xf7;
    declines(StartTls::Mysql, &[(b"", &greeting)], "offers no SSL").await;
    let refusal = b"\x16\0\0\0\xff\x6a\x04Host is not allowed";
    declines(StartTls::Mysql, &[(b"", refusal)], "not allowed").await;
    declines(StartTls::Mysql, &[(b"", b"\x03\0\0\0\x0a8\0")], "cut short").await;
    declines(StartTls::Mysql, &[(b"", b"\xff\xff\xff\0")], "longer than").await;
}

const LDAP_REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

#[tokio::test]
async fn ldap_reads_both_forms_of_length() {
    let openldap: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
    consents(StartTls::Ldap, &[(LDAP_REQUEST, openldap)]).await;
    let active_directory: &[u8] =
        b"\x30\x84\0\0\0\x28\x02\x01\x01\x78\x84\0\0\0\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x16\
        1.3.6.1.4.1.1466.20037";
    consents(StartTls::Ldap, &[(LDAP_REQUEST, active_directory)]).await;
    let refusal: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00";
    declines(StartTls::Ldap, &[(LDAP_REQUEST, refusal)], "result code 2").await;
    declines(
        StartTls::Ldap,
        &[(LDAP_REQUEST, b"HTTP/1.1 400")],
        "not an LDAP message",
    )
    .await;
    declines(
        StartTls::Ldap,
        &[(LDAP_REQUEST, b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff")],
        "longer than",
    )
    .await;
}

const XMPP_OPENING: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='mail.example'>";

#[tokio::test]
async fn xmpp_finds_the_feature_and_is_told_to_proceed() {
    let features: &[u8] = b"<?xml version='1.0'?><stream:stream id='1' version='1.0' xmlns='jabber:client'>\
        <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
        </stream:features>";
    let ask: &[u8] = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let proceed: &[u8] = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    consents(StartTls::Xmpp, &[(XMPP_OPENING, features), (ask, proceed)]).await;
    let failure: &[u8] = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    declines(
        StartTls::Xmpp,
        &[(XMPP_OPENING, features), (ask, failure)],
        "failure",
    )
    .await;
    let bare: &[u8] = b"<stream:features><auth/></stream:features>";
    declines(StartTls::Xmpp, &[(XMPP_OPENING, bare)], "no feature starttls").await;
}

#[tokio::test]
async fn endless_replies_are_cut_off() {
    let endless = b"220-more\r\n".repeat(200);
    declines(StartTls::Smtp, &[(b"", &endless)], "longer than").await;
    let long_line = b"a".repeat(5000);
    declines(StartTls::Pop3, &[(b"", &long_line)], "longer than").await;
    let long_stream = b"<".repeat(20_000);
    declines(StartTls::Xmpp, &[(XMPP_OPENING, &long_stream)], "longer than").await;
}

/// What follows the consent belongs to TLS, whoever sent it.
#[tokio::test]
async fn nothing_is_read_beyond_the_consent() {
    let (mut client, server) = duplex(65_536);
    let turns: [Turn<'_>; 2] = [(b"", b"+OK\r\n"), (b"STLS\r\n", b"+OK go\r\ninjected")];
    let (result, ()) = tokio::join!(
        upgrade(StartTls::Pop3, &mut client, "mail.example"),
        play(server, &turns)
    );
    assert_eq!(result, Ok(()));
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.expect("the rest");
    assert_eq!(rest, b"injected");
}

#[test]
fn every_protocol_has_a_word_and_reads_it() {
    for protocol in StartTls::ALL {
        assert_eq!(protocol.as_str().parse(), Ok(protocol));
    }
    assert!("gopher".parse::<StartTls>().is_err());
}
