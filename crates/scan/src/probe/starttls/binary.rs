//! Protocols of binary packets: PostgreSQL, MySQL, LDAP.
//!
//! Each is one request of fixed bytes and one answer; lengths from the peer are bounded before they are used.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Stream, declined};
use crate::probe::Failure;

const PACKET_LEN_MAX: usize = 4096;

/// `SSLRequest`: length 8, code 80877103.
const POSTGRES_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The server answers with one byte, `S` or `N`.
pub(super) async fn postgres(stream: &mut impl Stream) -> Result<(), Failure> {
    stream.write_all(&POSTGRES_REQUEST).await?;
    match stream.read_u8().await? {
        b'S' => Ok(()),
        b'N' => Err(Failure::Declined {
            reply: "the server answers N: TLS is off".to_owned(),
        }),
        other => Err(declined(&[other])),
    }
}

const MYSQL_CLIENT_SSL: u16 = 0x0800;

/// `SSLRequest` of protocol 4.1: 32 bytes with sequence number 1. Capabilities: PROTOCOL_41, SSL,
/// SECURE_CONNECTION, PLUGIN_AUTH; packets up to 16 MiB; character set utf8mb4.
const MYSQL_REQUEST: [u8; 36] = {
    let mut packet = [0; 36];
    [packet[0], packet[3]] = [32, 1];
    [packet[4], packet[5], packet[6], packet[7]] = [0x00, 0x8a, 0x08, 0x00];
    [packet[8], packet[9], packet[10], packet[11]] = [0x00, 0x00, 0x00, 0x01];
    packet[12] = 45;
    packet
};

/// The server greets first and says in its capabilities whether it can do TLS.
pub(super) async fn mysql(stream: &mut impl Stream) -> Result<(), Failure> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let greeting = body(stream, usize_le(&header[..3])).await?;
    match greeting.first() {
        Some(10) => {}
        Some(0xff) => return Err(declined(greeting.get(3..).unwrap_or_default())),
        _ => return Err(Failure::nonsense("not a MySQL greeting of protocol version 10")),
    }
    if mysql_capabilities(&greeting)? & MYSQL_CLIENT_SSL == 0 {
        return Err(Failure::Declined {
            reply: "the greeting offers no SSL".to_owned(),
        });
    }
    stream.write_all(&MYSQL_REQUEST).await?;
    Ok(())
}

/// The lower half of the capabilities: after the version, its NUL, thread id (4), salt (8), filler (1).
fn mysql_capabilities(greeting: &[u8]) -> Result<u16, Failure> {
    let version_end = greeting.iter().position(|byte| *byte == 0);
    let flags = version_end
        .and_then(|end| greeting.get(end + 14..))
        .and_then(<[u8]>::first_chunk);
    flags
        .map(|pair| u16::from_le_bytes(*pair))
        .ok_or_else(|| Failure::nonsense("a MySQL greeting cut short"))
}

/// `ExtendedRequest` with message id 1 and the name 1.3.6.1.4.1.1466.20037 (RFC 4511 §4.14.1).
const LDAP_REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// The server answers with an `ExtendedResponse`; result code 0 is consent.
pub(super) async fn ldap(stream: &mut impl Stream) -> Result<(), Failure> {
    stream.write_all(LDAP_REQUEST).await?;
    if stream.read_u8().await? != 0x30 {
        return Err(Failure::nonsense("not an LDAP message"));
    }
    let length = ber_length(stream).await?;
    let message = body(stream, length).await?;
    match ldap_result(&message) {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::Declined {
            reply: format!("LDAP result code {code}"),
        }),
        None => Err(Failure::nonsense("not an LDAP ExtendedResponse")),
    }
}

/// A definite length, short or long form (X.690 §8.1.3).
async fn ber_length(stream: &mut impl Stream) -> Result<usize, Failure> {
    let first = usize::from(stream.read_u8().await?);
    if first < 0x80 {
        return Ok(first);
    }
    let mut length: usize = 0;
    for _ in 0..(first & 0x7f).min(8) {
        length = length
            .saturating_mul(256)
            .saturating_add(usize::from(stream.read_u8().await?));
    }
    Ok(length)
}

/// Message id 1, `[APPLICATION 24]` in either length form, then the result code.
fn ldap_result(message: &[u8]) -> Option<u8> {
    let response = message.strip_prefix(b"\x02\x01\x01\x78")?;
    let (first, rest) = response.split_first()?;
    let long_form = if *first < 0x80 {
        0
    } else {
        usize::from(first & 0x7f)
    };
    match rest.get(long_form..)? {
        [0x0a, 1, code, ..] => Some(*code),
        _ => None,
    }
}

async fn body(stream: &mut impl Stream, length: usize) -> Result<Vec<u8>, Failure> {
    if length > PACKET_LEN_MAX {
        return Err(Failure::TooLong {
            limit: PACKET_LEN_MAX,
        });
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn usize_le(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}
