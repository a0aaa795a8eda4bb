//! The little HTTP that the harness needs itself: one request to an API on this machine, one answer.
//!
//! HTTP/1.1 with `Connection: close`; bodies by length, chunked (RFC 9112 §7.1) or until the end. Not a
//! client for anything else: what is tested is asked by real clients.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// Longer than the API takes for a probe at its slowest.
const LIMIT: Duration = Duration::from_secs(70);

/// The body of a successful `GET` from a port of this machine.
///
/// # Errors
/// No connection, no HTTP, or a status other than 200.
pub(super) fn get(port: u16, path: &str) -> anyhow::Result<String> {
    exchange(
        port,
        path,
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    )
}

/// The body of a successful `POST` of JSON to a port of this machine.
///
/// # Errors
/// As `get`.
pub(super) fn post(port: u16, path: &str, json: &str) -> anyhow::Result<String> {
    let length = json.len();
    exchange(
        port,
        path,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{json}"
        ),
    )
}

fn exchange(port: u16, path: &str, request: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let (status, body) = split(&answer).with_context(|| format!("{path} answered no HTTP"))?;
    ensure!(status == 200, "{path} answered {status}: {}", body.trim());
    Ok(body)
}

fn split(answer: &[u8]) -> Option<(u16, String)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &answer[end + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Some((status, String::from_utf8(body).ok()?))
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let chunk = rest.get(line + 2..line + 2 + size)?;
        body.extend_from_slice(chunk);
        rest = rest.get(line + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expect: Option<(u16, &str)>) {
        let found = split(answer.as_bytes());
        assert_eq!(
            found,
            expect.map(|(status, body)| (status, body.to_owned())),
            "{answer:?}"
        );
    }

    #[test]
    fn reads_bodies_with_and_without_chunks() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            Some((200, "hi")),
        );
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(
            &format!("{chunked}2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n"),
            Some((200, "hi!")),
        );
        check(&format!("{chunked}2\r\nhi\r\n"), None);
        check("HTTP/1.1 404 Not Found\r\n\r\n", Some((404, "")));
        check("SSH-2.0-OpenSSH_10.0\r\n", None);
    }
}
