//! The service behind the edge in most cases: HTTP/1.1 that tells what reached it.
//!
//! `GET /bytes/N` answers N bytes of a known pattern, `GET /status/N` that status, anything else the head
//! of the request as text; a body is read and answered with its length and checksum. One for the whole
//! run; a thread for each connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use anyhow::Context as _;

/// The port where the service answers, as long as the process lives.
///
/// # Errors
/// No port can be had.
pub(super) fn serve() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is the case's to judge, from what it saw.
            std::thread::spawn(move || answer_all(&stream).ok());
        }
    });
    Ok(port)
}

fn answer_all(stream: &TcpStream) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(head) = read_head(&mut reader)? {
        let body = read_body(&mut reader, &head)?;
        let (status, answer) = answer(&head, &body);
        let length = answer.len();
        let lines =
            format!("HTTP/1.1 {status} Told\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
        writer.write_all(lines.as_bytes())?;
        writer.write_all(&answer)?;
        if field(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            break;
        }
    }
    Ok(())
}

fn read_head(reader: &mut BufReader<&TcpStream>) -> anyhow::Result<Option<String>> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim().is_empty() {
            return Ok(Some(head));
        }
        head.push_str(&line);
    }
}

fn read_body(reader: &mut BufReader<&TcpStream>, head: &str) -> anyhow::Result<Vec<u8>> {
    if field(head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return read_chunks(reader);
    }
    let length = field(head, "content-length").map_or(Ok(0), str::parse)?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(reader: &mut BufReader<&TcpStream>) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).with_context(|| format!("chunk size {line:?}"))?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Status and body for a request.
fn answer(head: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let path = head.split(' ').nth(1).unwrap_or("/");
    let number = |prefix| {
        path.strip_prefix(prefix)
            .and_then(|rest: &str| rest.parse::<usize>().ok())
    };
    if !body.is_empty() {
        return (
            200,
            format!("received {} {:016x}\n", body.len(), checksum(body)).into_bytes(),
        );
    }
    if let Some(count) = number("/bytes/") {
        return (200, pattern(count));
    }
    let status = number("/status/").and_then(|status| u16::try_from(status).ok());
    (status.unwrap_or(200), head.as_bytes().to_vec())
}

/// The value of a field of a message's head.
pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &&str| {
        line.split_once(':')
            .is_some_and(|(before, _)| before.trim().eq_ignore_ascii_case(name))
    };
    let line = head.lines().find(named)?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// Bytes in which a swapped, lost or doubled piece shows.
pub(super) fn pattern(count: usize) -> Vec<u8> {
    (0..count)
        .map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[4])
        .collect()
}

/// FNV-1a: enough to see that bytes were changed by accident.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop::http;

    #[test]
    fn tells_the_request_that_reached_it() {
        let port = serve().unwrap();
        let head = http::get(port, "/here").unwrap();
        assert!(head.starts_with("GET /here HTTP/1.1"));
        assert_eq!(field(&head, "HOST"), Some("localhost"));
        assert_eq!(field(&head, "x-none"), None);
    }

    #[test]
    fn tells_length_and_checksum_of_a_body() {
        let port = serve().unwrap();
        let told = http::post(port, "/", "hello").unwrap();
        assert_eq!(told, format!("received 5 {:016x}\n", checksum(b"hello")));
        assert_eq!(checksum(b""), 0xcbf2_9ce4_8422_2325);
    }

    #[test]
    fn a_lost_byte_changes_the_pattern() {
        let whole = pattern(1000);
        assert_ne!(whole[1..], whole[..999]);
        assert_ne!(checksum(&whole[1..]), checksum(&whole[..999]));
    }
}
